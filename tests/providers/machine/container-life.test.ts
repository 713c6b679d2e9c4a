import * as fs from "fs";
import * as path from "path";
import { type Connection, Unreachable } from "../../../clients/connection";
import { containerHandler } from "../../../providers/machine/container";
import { domainXml, parseDomainXml } from "../../../providers/machine/container-xml";
import { FakeClock } from "../../clients/fake-clock";
import { localHost } from "./local-host";

/** A host with libvirt's LXC driver for one container: what it is told goes into the log, what it was defined with into `xml`. */
const host = localHost({
    virsh: `[ "$1 $2 $3" = "-q -c lxc:///system" ] || exit 9
shift 3
[ "$1" = dumpxml ] || [ "$1" = domstate ] || [ "$1" = dominfo ] || echo "$1 $([ "$1" = define ] || echo "$2")" >> "$LOG"
case "$1" in
define) cat "$2" > "$ROOT/xml"; [ -e "$ROOT/state" ] || echo "shut off" > "$ROOT/state" ;;
dumpxml) [ ! -e "$ROOT/mute" ] || { echo " error: no connection" >&2; exit 1; }
    [ "$2 $3" = "--inactive db-node" ] && [ -e "$ROOT/xml" ] || { echo "error: failed to get domain 'db-node'" >&2; exit 1; }
    grep -q "<uuid>" "$ROOT/xml" || sed -i "s|<memory|<uuid>45f1</uuid><memory|" "$ROOT/xml"; cat "$ROOT/xml" ;;
domstate) cat "$ROOT/state" ;;
dominfo) [ -e "$ROOT/xml" ] ;;
start) echo running > "$ROOT/state" ;;
shutdown) [ -e "$ROOT/stubborn" ] || echo "shut off" > "$ROOT/state" ;;
destroy) echo "shut off" > "$ROOT/state" ;;
undefine) [ ! -e "$ROOT/kept" ] || exit 1; rm "$ROOT/xml" "$ROOT/state"; [ ! -e "$ROOT/twice" ] || exit 1 ;;
esac`,
    mountpoint: 'case "$2" in */clone/root) [ -s "$ROOT/cloned" ] ;; *) [ -e "$ROOT/mounted" ] ;; esac',
    umount: 'echo "umount $*" >> "$LOG"; [ "$1" = -l ] || [ ! -e "$ROOT/busy" ] || exit 1; rm "$ROOT/mounted"',
});
afterAll(() => host.remove());
const rid = (...files: string[]) => {
    for (const file of files) fs.rmSync(path.join(host.dir, file), { recursive: true, force: true });
};
beforeEach(() => {
    rid("xml", "state", "mute", "stubborn", "mounted", "cloned", "busy", "var");
    waited.length = 0;
    host.said();
});

const waited: unknown[] = [],
    guest = { name: "db-node", host: "10.0.0.3" } as Connection;
const clock = new FakeClock();
const handler = containerHandler(
    host.run,
    async (to, seconds) => {
        waited.push([to, seconds]);
    },
    clock,
);
const card = { network: "nat & more", device: "eth0", mac: "52:54:00:00:00:01" };
const inputs = {
    connection: { name: "host a" } as Connection,
    name: "db-node",
    memoryMiB: 512,
    cpus: 2,
    interfaces: [card],
    devices: ["/dev/net/tun"],
    lower: ["/srv/b", "/srv/a"],
    files: [{ path: "/etc/host name", content: "db-node\n", mode: "0644" }],
    secretFiles: [{ path: "/etc/ssh/key", content: "ü|x\n", mode: "0600" }],
    power: "on" as const,
    guest,
};
const root = "var/lib/libvirt/roots/db-node",
    at = (file: string) => path.join(host.dir, root, file);

test("what libvirt is told is what it is asked for, in its own units, too", () => {
    const xml = domainXml(inputs),
        { name: _name, ...told } = {
            name: inputs.name,
            memoryMiB: 512,
            cpus: 2,
            interfaces: [{ ...card, network: "nat &#38; more" }],
            devices: ["/dev/net/tun"],
        };
    expect(parseDomainXml(xml)).toEqual({ uuid: "", ...told });
    expect(xml).toMatch(
        /^<domain type='lxc'>\n {2}<name>db-node<\/name>\n[^]*<init>\/sbin\/lab-init<\/init>[^]*<on_poweroff>destroy<\/on_poweroff><on_reboot>restart<\/on_reboot>/,
    );
    expect(xml).toContain("<source dir='/var/lib/libvirt/roots/db-node/root'/><target dir='/'/>");
    expect(xml).toContain("</interface>\n    <hostdev ");
    expect(
        [
            ["KiB", 524288],
            ["MiB", 512],
            ["GiB", 2],
        ].map(([unit, n]) => parseDomainXml(`<memory unit='${unit}'>${n}</memory>`).memoryMiB),
    ).toEqual([512, 512, 2048]);
    expect(parseDomainXml("<memory>1048576</memory><vcpu placement='static'>4</vcpu>")).toEqual({
        uuid: "",
        memoryMiB: 1024,
        cpus: 4,
        interfaces: [],
        devices: [],
    });
    expect(parseDomainXml("<interface type='network'></interface>")).toMatchObject({
        memoryMiB: 0,
        interfaces: [{ network: "", device: "", mac: "" }],
    });
    expect(domainXml({ ...inputs, name: `<>&'"` })).toContain("<name>&#60;&#62;&#38;&#39;&#34;</name>");
});

const range = (uid: string, gid: string) => `<idmap>\n    <uid ${uid}/>\n    <gid ${gid}/>\n  </idmap>`,
    from = (first: number, count = 65536, start = 0) => `start='${start}' target='${first}' count='${count}'`;

test("a range of ids is told for users and groups alike, and is known again as libvirt writes it", () => {
    const xml = domainXml({ ...inputs, idmap: 2013265920 });
    expect(xml).toContain(
        `<vcpu>2</vcpu>\n  <idmap><uid ${from(2013265920)}/><gid ${from(2013265920)}/></idmap>\n  <os>`,
    );
    expect(parseDomainXml(xml).idmap).toBe(2013265920);
    expect(parseDomainXml(range(from(2013265920), from(2013265920))).idmap).toBe(2013265920);
    expect(domainXml(inputs)).not.toContain("idmap");
});

test.each([
    ["groups of another range", range(from(2013265920), from(2013331456))],
    ["fewer ids", range(from(2013265920, 1000), from(2013265920, 1000))],
    ["ids that do not begin with root's", range(from(2013265920, 65536, 1), from(2013265920, 65536, 1))],
    ["root mapped onto root", range(from(0), from(0))],
    [
        "a second range",
        range(from(2013265920), from(2013265920)).replace("</idmap>", `<uid ${from(7, 1, 65536)}/></idmap>`),
    ],
    ["users alone", `<idmap><uid ${from(2013265920)}/></idmap>`],
])("%s are not the range that was asked for", (_what, xml) => {
    expect(parseDomainXml(xml).idmap).toBeUndefined();
});

test.each([0, 1000, 524287, 2147352576 - 65535, 2 ** 32, 2013265920.5])("%d is no container's first id", idmap => {
    expect(handler.check!({ idmap })).toEqual([
        { property: "idmap", reason: `${idmap} is not a whole number from 524288 to 2147287040` },
    ]);
});
test("none, and one of those that labs and teams have, are", () => {
    expect([handler.check!({}), handler.check!({ idmap: 524288 }), handler.check!({ idmap: 2147287040 })]).toEqual([
        [],
        [],
        [],
    ]);
});

test.each([
    ["runs", true],
    ["is off", false],
])("a folder without a domain under the root of a machine that %s: kept: %s", async (_power, runs) => {
    const clone = path.join(host.dir, "var/lib/libvirt/roots/clone");
    fs.mkdirSync(at("upper/etc"), { recursive: true });
    fs.mkdirSync(path.join(clone, "root"), { recursive: true });
    fs.writeFileSync(path.join(clone, "lower"), `${at("upper")}:/srv/a`);
    const folder = () => fs.statSync(at("upper/etc")).ino,
        before = folder();
    host.put("cloned", runs ? "yes" : "");
    await handler.create({ ...inputs, power: "off" });
    expect(folder() === before).toBe(runs);
    expect(host.there(`${root}/upper/etc/host name`)).toBe("db-node\n");
});

test("made of its golden clone with its own files, started and waited for; found, gone", async () => {
    const plain = { ...inputs, interfaces: [{ ...card, network: "nat" }] };
    expect(await handler.read("db-node#45f1", plain)).toBeUndefined();
    fs.mkdirSync(at("upper"), { recursive: true });
    fs.writeFileSync(at("upper/left"), "of an interrupted create");
    host.put("mounted", "");
    expect(await handler.create(plain)).toEqual({ id: "db-node#45f1", outputs: {} });
    expect(host.said()).toBe(`umount -l ${at("root")}\ndefine \nstart db-node\n`);
    expect(waited).toEqual([[guest, 180]]);
    expect(fs.readdirSync(at(".")).sort()).toEqual(["lower", "root", "upper", "work"]);
    expect(host.there(`${root}/lower`)).toBe("/srv/b:/srv/a");
    expect(fs.readdirSync(at("upper"))).toEqual(["etc"]);
    for (const { path: file, content, mode } of [...inputs.files, ...inputs.secretFiles]) {
        expect(host.there(`${root}/upper${file}`)).toBe(content);
        expect(fs.statSync(at(`upper${file}`)).mode & 0o7777).toBe(parseInt(mode, 8));
    }
    expect(fs.statSync(at("upper/etc")).mode & 0o777).toBe(0o755);
    expect(host.there("xml")).toContain("<source network='nat'/>");
    expect(await handler.read("db-node#45f1", plain)).toEqual(plain);
    host.put("state", "shut off\n");
    expect(await handler.read("db-node#45f1", plain)).toEqual({ ...plain, power: "off" });
    expect(await handler.read("db-node#other", plain)).toBeUndefined();
    host.put("mute", "");
    await expect(handler.read("db-node#45f1", plain)).rejects.toThrow(
        new Unreachable("host a: the container db-node cannot be asked: error: no connection"),
    );
    rid("mute");
    host.put("mounted", "");
    await handler.delete("", plain);
    expect(host.said()).toBe(`destroy db-node\nundefine db-node\numount ${at("root")}\n`);
    expect(fs.existsSync(at("."))).toBe(false);
    await handler.delete("", plain);
    expect(host.said()).toBe("destroy db-node\n");
});

test.each([
    ["that somebody else removes at the same moment is no failure", "twice", "fulfilled"],
    ["that libvirt keeps is one", "kept", "rejected"],
])("a domain %s", async (_what, how, status) => {
    await handler.create(inputs);
    host.put(how, "");
    const settled = await Promise.allSettled([handler.delete("", inputs)]);
    rid(how);
    expect(settled).toMatchObject([{ status }]);
});

test("a root that something holds is let go", async () => {
    host.put("mounted", "");
    host.put("busy", "");
    const before = clock.passed;
    await handler.delete("", inputs);
    expect(host.said()).toMatch(new RegExp(`^destroy db-node\n(umount ${at("root")}\n)+umount -l ${at("root")}\n$`));
    expect(clock.passed - before).toBeCloseTo(5);
});

describe("one that runs", () => {
    const plain = {
        ...inputs,
        interfaces: [{ ...card, network: "nat" }],
        secretFiles: undefined,
        idmap: 2013200384 as number | undefined,
    };
    beforeEach(async () => {
        await handler.create(plain);
        waited.length = 0;
        host.said();
    });

    test.each<[what: string, change: object, told: string, waits: number]>([
        ["nothing", {}, "", 0],
        ["its power", { power: "off" }, "shutdown db-node\n", 0],
        ["its memory", { memoryMiB: 1024 }, "define \nshutdown db-node\nstart db-node\n", 1],
        ["its cores, off", { cpus: 1, power: "off" }, "define \nshutdown db-node\n", 0],
        ["its cards", { interfaces: [] }, "define \nshutdown db-node\nstart db-node\n", 1],
        ["its devices", { devices: [] }, "define \nshutdown db-node\nstart db-node\n", 1],
        ["its ids", { idmap: 2013265920 }, "define \nshutdown db-node\nstart db-node\n", 1],
    ])("is given another of %s, its identity kept", async (_what, change, told, waits) => {
        expect(await handler.update("", plain, { ...plain, ...change })).toEqual({});
        expect(host.said()).toBe(told);
        expect(waited).toHaveLength(waits);
        expect(await handler.read("db-node#45f1", plain)).toEqual({ ...plain, ...change });
        expect(host.there("xml")!.match(/<uuid>/g)).toHaveLength(1);
    });

    test("has lost its range of ids, which is not the same as never to have had one", async () => {
        host.put("xml", host.there("xml")!.replace(/<idmap>.*<\/idmap>/, ""));
        expect(await handler.read("db-node#45f1", plain)).toEqual({ ...plain, idmap: 0 });
        expect(await handler.read("db-node#45f1", { ...plain, idmap: undefined })).toHaveProperty("idmap", undefined);
    });

    test("is ended where it does not end by itself", async () => {
        host.put("stubborn", "");
        const before = clock.passed;
        await handler.update("", plain, { ...plain, power: "off" });
        expect(clock.passed - before).toBeCloseTo(10);
        expect(host.said()).toBe("shutdown db-node\ndestroy db-node\n");
    });

    test("and that is gone cannot be changed", async () => {
        await handler.delete("", plain);
        await expect(handler.update("", plain, plain)).rejects.toThrow(
            "host a: the container db-node is gone; refresh the stack and run up again",
        );
    });

    test("is off, and is changed without being started; is started without anybody to wait for", async () => {
        host.put("state", "shut off\n");
        await handler.update("", plain, { ...plain, memoryMiB: 600, power: "off" });
        expect(host.said()).toBe("define \n");
        await handler.update("", plain, { ...plain, memoryMiB: 600, guest: undefined });
        expect(host.said()).toBe("start db-node\n");
        expect(waited).toEqual([]);
    });
});
