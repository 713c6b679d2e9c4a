import * as fs from "fs";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import { aptArchiveHandler } from "../../../providers/guest/apt-archive";
import { sshKeyHandler } from "../../../providers/guest/ssh-key";
import { volumeGroupHandler } from "../../../providers/guest/volume-group";
import { localHost } from "../machine/local-host";

/** `pvs` is a list of disks with their groups; apt says what the test has it say. */
const host = localHost({
    chown: 'echo "$1" > "$ROOT/owner"',
    vgs: 'while read -r d g; do echo "  $g"; done < "$ROOT/pvs"',
    pvs: 'if [ "$1" = --noheadings ]; then sed "s/^/  /" "$ROOT/pvs"; else grep -q "^$1 " "$ROOT/pvs"; fi',
    pvcreate: 'echo "pvcreate $*" >> "$LOG"; echo "$2 " >> "$ROOT/pvs"',
    vgcreate:
        'echo "vgcreate $*" >> "$LOG"; shift; g=$1; shift; for d in "$@"; do sed -i "\\|^$d |d" "$ROOT/pvs"; echo "$d $g" >> "$ROOT/pvs"; done',
    vgextend: 'echo "vgextend $*" >> "$LOG"; shift; g=$1; shift; for d in "$@"; do echo "$d $g" >> "$ROOT/pvs"; done',
    vgreduce: 'echo "vgreduce $*" >> "$LOG"; shift 2; for d in "$@"; do sed -i "\\|^$d |d" "$ROOT/pvs"; done',
    vgremove: 'echo "vgremove $*" >> "$LOG"; sed -i "/ $2\\$/d" "$ROOT/pvs"',
    vgrename: 'echo "vgrename $*" >> "$LOG"; sed -i "s/ $2\$/ $3/" "$ROOT/pvs"',
    pvremove: 'echo "pvremove $*" >> "$LOG"',
    su: 'echo "su $5" >> "$LOG"; [ "$1 $2 $3" = "-s /bin/sh -c" ] && exec sh -c "$4"',
    "apt-get": 'echo "$DEBIAN_FRONTEND: apt-get $*" >> "$LOG"; . "$ROOT/apt"',
});
afterAll(() => host.remove());
beforeAll(() => host.put("tmp/classroom-apt.log", ""));
const connection = { name: "volume-node" } as Connection;

test("a volume group: made, found, its disks exchanged, gone", async () => {
    const handler = volumeGroupHandler(host.run),
        inputs = { connection, group: "cinder-volumes", devices: ["/dev/vdc", "/dev/vdb"] };
    host.put("pvs", "/dev/vda root\n/dev/vdc \n");
    expect(await handler.read("", inputs)).toBeUndefined();
    expect(await handler.create(inputs)).toEqual({ id: "volume-node:cinder-volumes", outputs: {} });
    expect(host.said()).toBe("pvcreate --quiet /dev/vdb\nvgcreate --quiet cinder-volumes /dev/vdc /dev/vdb\n");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, devices: ["/dev/vdb", "/dev/vdc"] });
    await handler.create(inputs);
    expect(await handler.update("", inputs, inputs)).toEqual({});
    expect(host.said()).toBe("");
    await handler.update("", inputs, { ...inputs, devices: ["/dev/vdb", "/dev/vdd"] });
    expect(host.said()).toBe("vgextend --quiet cinder-volumes /dev/vdd\nvgreduce --quiet cinder-volumes /dev/vdc\n");
    await handler.delete("", { ...inputs, devices: ["/dev/vdb", "/dev/vdd"] });
    expect(host.said()).toBe("vgremove --quiet cinder-volumes\npvremove --quiet /dev/vdb /dev/vdd\n");
    await handler.delete("", inputs);
    expect(host.said()).toBe("");
    expect(await handler.read("", inputs)).toBeUndefined();
});

test("a volume group that was renamed is found by its disk and renamed back; nothing of it is made or removed", async () => {
    const handler = volumeGroupHandler(host.run),
        inputs = { connection, group: "cinder-volumes", devices: ["/dev/vdb"] };
    host.put("pvs", "/dev/vda root\n/dev/vdb x\n");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, group: "x" });
    expect(await handler.update("", { ...inputs, group: "x" }, inputs)).toEqual({});
    expect(host.said()).toBe("vgrename --quiet x cinder-volumes\n");
    expect(await handler.read("", inputs)).toEqual(inputs);
    expect(handler.replaceOn).toEqual([]);
});

test.each([
    ["made", "/dev/vda root\n", "create"],
    ["renamed back", "/dev/vda root\n/dev/vdb x\n", "update"],
] as const)("a group that is %s has its services restarted: they had not found it", async (_how, disks, does) => {
    const asked: string[] = [],
        handler = volumeGroupHandler((to, script, options) => {
            asked.push(script);
            return host.run(to, script, options);
        });
    const inputs = { connection, group: "cinder-volumes", devices: ["/dev/vdb"], restarts: ["cinder-volume"] };
    const restarts = () => asked.filter(script => script.includes("for s in 'cinder-volume'; do")).length;
    host.put("pvs", disks);
    const put = () => (does === "create" ? handler.create(inputs) : handler.update("", inputs, inputs));
    await put();
    expect(restarts()).toBe(1);
    await put();
    expect(restarts()).toBe(1);
    host.said();
});

test("a disk that is in another volume group is not taken for a new one", async () => {
    host.put("pvs", "/dev/vdb x\n");
    await expect(
        volumeGroupHandler(host.run).create({ connection, group: "cinder-volumes", devices: ["/dev/vdb"] }),
    ).rejects.toThrow(/nothing was changed\. If it is the one, rename it there: vgrename x cinder-volumes$/);
    expect(host.said()).toBe("");
});

test("a volume group on other disks is refused with both shown", async () => {
    host.put("pvs", "/dev/vdx cinder-volumes\n/dev/vdw cinder-volumes\n");
    await expect(
        volumeGroupHandler(host.run).create({ connection, group: "cinder-volumes", devices: ["/dev/vdb", "/dev/vdc"] }),
    ).rejects.toThrow(
        "volume-node: volume group cinder-volumes exists on /dev/vdw, /dev/vdx, wanted on /dev/vdb, /dev/vdc; nothing was changed",
    );
    expect(host.said()).toBe("");
});

test.each([
    ["ed25519", "ssh-ed25519"],
    ["ecdsa", "ecdsa-sha2-nistp256"],
    ["rsa", "ssh-rsa"],
])("a key of the kind %s: made once, found, made again where it is gone", async (type, word) => {
    const handler = sshKeyHandler(host.run),
        inputs = { connection, path: path.join(host.dir, `keys ${type}/id`), type };
    expect(await handler.read("", { ...inputs, publicKey: "" })).toBeUndefined();
    const { id, outputs } = await handler.create(inputs);
    expect(id).toBe(`volume-node:${inputs.path}`);
    expect(outputs.publicKey).toMatch(new RegExp(`^${word} [A-Za-z0-9+/=]+$`));
    expect(fs.readFileSync(`${inputs.path}.pub`, "utf8")).toBe(`${outputs.publicKey} root@volume-node\n`);
    expect(fs.statSync(path.dirname(inputs.path)).mode & 0o077).toBe(0);
    expect(await handler.read("", { ...inputs, ...outputs, type: "?" })).toEqual({ ...inputs, ...outputs });
    expect((await handler.create(inputs)).outputs).toEqual(outputs);
    fs.writeFileSync(inputs.path, "torn");
    expect((await handler.update("", { ...inputs, ...outputs }, inputs)).publicKey).not.toBe(outputs.publicKey);
    await handler.delete("", { ...inputs, ...outputs });
    expect(fs.readdirSync(path.dirname(inputs.path))).toEqual([]);
    await handler.delete("", { ...inputs, ...outputs });
});

test("a service's key is made, read and removed by its own account", async () => {
    const handler = sshKeyHandler(host.run),
        inputs = { connection, path: path.join(host.dir, "nova keys/id"), type: "rsa", owner: "nova" };
    const { outputs } = await handler.create(inputs);
    expect(fs.readFileSync(`${inputs.path}.pub`, "utf8")).toBe(`${outputs.publicKey} nova@volume-node\n`);
    expect(await handler.read("", { ...inputs, ...outputs })).toEqual({ ...inputs, ...outputs });
    await handler.delete("", { ...inputs, ...outputs });
    expect(fs.readdirSync(path.dirname(inputs.path))).toEqual([]);
    // Asked, made, asked; read; removed: each as nova.
    expect(host.said()).toBe("su nova\n".repeat(5));
});

describe("a package archive", () => {
    const handler = aptArchiveHandler(host.run),
        file = "etc/apt/sources.list.d/cloud.list",
        apt = "noninteractive: apt-get -q -y -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold";
    const inputs = { connection, archive: "cloud", line: "deb http://a precise main" };

    test("is written, read and what is installed upgraded; found drifted, gone", async () => {
        host.put("apt", "echo quiet");
        expect(await handler.create(inputs)).toEqual({ id: "volume-node:cloud", outputs: {} });
        expect(host.there(file)).toBe("deb http://a precise main\n");
        expect(fs.statSync(path.join(host.dir, file)).mode & 0o777).toBe(0o644);
        expect(host.there("owner")).toBe("root:root\n");
        expect(host.said()).toBe(`${apt} update\n${apt} upgrade\n`);
        expect(await handler.read("", inputs)).toEqual(inputs);
        host.put(file, "deb http://b precise main\n");
        expect(await handler.read("", inputs)).toEqual({ ...inputs, line: "deb http://b precise main" });
        expect(await handler.update("", inputs, inputs)).toEqual({});
        expect(host.there(file)).toBe("deb http://a precise main\n");
        await handler.delete("", inputs);
        expect(await handler.read("", inputs)).toBeUndefined();
        host.said();
    });

    test("has its key first, of an index that a new machine has to get", async () => {
        const keyed = { ...inputs, keyringPackage: "ubuntu-cloud-keyring" };
        host.put("apt", "");
        await handler.create(keyed);
        expect(host.said()).toBe(`${apt} install ubuntu-cloud-keyring\n${apt} update\n${apt} upgrade\n`);
        host.put(
            "apt",
            `case "$*" in *install*) [ -e ${host.dir}/tried ] || { : > ${host.dir}/tried; exit 1; };; esac`,
        );
        await handler.create(keyed);
        expect(host.said()).toBe(
            `${apt} install ubuntu-cloud-keyring\n${apt} update\n${apt} install ubuntu-cloud-keyring\n${apt} update\n${apt} upgrade\n`,
        );
    });

    test.each([
        [
            "an index that cannot be had",
            'case "$*" in *update) echo "Get: 1"; echo "W: Failed to fetch http://a";; esac',
            "W: Failed to fetch http://a",
        ],
        ["an update that fails", 'case "$*" in *update) echo "Get: 1"; echo "E: no key"; exit 100;; esac', "E: no key"],
        ["an upgrade that fails", 'case "$*" in *upgrade) seq 9; exit 100;; esac', "5\n6\n7\n8\n9"],
    ])("%s is an error in apt's words", async (_title, says, error) => {
        host.put("apt", says);
        await expect(handler.create(inputs)).rejects.toThrow(new Error(`volume-node: ${error}`));
        host.said();
    });
});
