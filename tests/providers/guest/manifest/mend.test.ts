import type { Connection } from "../../../../clients/connection";
import type { Difference } from "../../../../providers/guest/manifest/compare";
import type { FileFacts } from "../../../../providers/guest/manifest/reading";
import { localHost } from "../../machine/local-host";
import { Mending, mendingOf, readersOf } from "../../../../providers/guest/manifest/mend";

test("a file belongs to the services of its path's words", () => {
    const services = ["nova-api", "nova-scheduler", "mysql", "rabbitmq-server"];
    expect(readersOf("/etc/nova/api-paste.ini", services)).toEqual(["nova-api", "nova-scheduler"]);
    expect(readersOf("/etc/systemd/system/rabbitmq-server.service.d/x.conf", services)).toEqual(["rabbitmq-server"]);
    for (const folder of ["/etc", "/run"])
        expect(readersOf(`${folder}/systemd/system.control/nova-api.service.d/50-CPUQuota.conf`, services)).toContain(
            "nova-api",
        );
    expect(readersOf("/etc/default/mysql", services)).toEqual(["mysql"]);
    expect(readersOf("/etc/systemd/system/mariadb.service.d/x.conf", services)).toEqual(["mysql"]);
    expect(readersOf("/etc/systemd/system/service.d/x.conf", services)).toEqual(services);
    expect(readersOf("/etc/innovation.conf", services)).toEqual([]);
});

test("a card gets its MTU back before it is up again; for a full disk nothing can be done", () => {
    expect(
        mendingOf({
            kind: "links",
            name: "eth1",
            how: "changed",
            now: "down with MTU 900",
            before: "up with MTU 1500",
            words: "",
        }),
    ).toBe("ip link set 'eth1' mtu '1500'; ip link set 'eth1' up");
    expect(mendingOf({ kind: "full", line: "/ disk", how: "added", words: "" })).toBeUndefined();
});

/** The commands that a node is sent for differences, in their order. */
const sent = (...differences: Difference[]): Promise<string[]> => sentWith({}, ...differences);
async function sentWith(files: Record<string, FileFacts>, ...differences: Difference[]): Promise<string[]> {
    const lines: string[] = [];
    const mending = new Mending(
        async (_on, _script, options) => {
            lines.push(...[...String(options?.input).matchAll(/^\( (.*?)\n\) >/gms)].map(([, line]) => line!));
            return { code: 0, stdout: "", stderr: "" };
        },
        { name: "db-node" } as Connection,
        { contents: async () => new Map() } as never,
        { reading: { files, lines: {} }, packs: {} },
    );
    await mending.mend(differences, { services: [], ready: {} });
    return lines;
}
test("a folder of state that was given away with all that is in it comes back so, and no link in it is followed", async () => {
    const host = localHost({
            stat: 'case "$*" in *%U*) echo root ;; *%u*) echo 0 ;; *) echo mysql ;; esac',
            chown: 'echo "chown $*" >> "$LOG"',
            chmod: ":",
        }),
        facts: FileFacts = { type: "d", mode: "700", owner: "mysql", group: "mysql" };
    const lines = await sentWith(
        { "/var/lib/mysql": facts, "/etc/mysql": facts },
        { words: "", file: "/var/lib/mysql", aspect: "access", within: [] },
        { words: "", file: "/etc/mysql", aspect: "access", within: [] },
    );
    for (const line of lines) await host.run({ name: "db-node" } as Connection, line);
    const said = host.said();
    host.remove();
    expect(said.replaceAll(host.dir, "")).toBe(
        "chown -R -h --from=0 mysql /var/lib/mysql\nchown mysql:mysql /var/lib/mysql\nchown mysql:mysql /etc/mysql\n",
    );
});

const added = (file: string): Difference => ({ words: "", file, aspect: "added", within: [] });

test("mounts and immutable bits come first: they keep all else from being mended", async () => {
    const lines = await sent(
        { words: "", kind: "resolver", line: "nameserver 1.2.3.4", how: "added" },
        added("/etc/x"),
        { words: "", file: "/etc/resolv.conf", aspect: "immutable", within: [] },
        { words: "", kind: "mounts", line: "/etc/nova tmpfs:writable", how: "added" },
    );
    expect(lines.map(line => /umount|chattr -i|grep -vxF|mv /.exec(line)?.[0])).toEqual([
        "umount",
        "chattr -i",
        "grep -vxF",
        "mv ",
    ]);
});

const address = (how: "added" | "gone", line: string): Difference => ({ words: "", kind: "addresses", line, how });

test("addresses come back before routes, a card's at once; its other addresses and the routes that went with one come back too", async () => {
    const lines = await sent(
        { words: "", kind: "routes", line: "10.9.0.0/16 via 10.0.0.1 dev eth1", how: "gone" },
        { words: "", kind: "routes", line: "10.0.0.0/24 dev eth1 scope link", how: "gone" },
        address("gone", "eth1 10.0.0.7/24"),
        address("added", "eth1 10.0.0.7/25"),
        address("gone", "eth2 10.1.0.7/24"),
    );
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(
        /ip -4 route show.*ip addr del '10.0.0.7\/25' dev 'eth1'.*ip addr add '10.0.0.7\/24' brd \+ dev 'eth1'.*ip route add/s,
    );
    expect(lines[1]).toContain("ip addr add '10.1.0.7/24' brd + dev 'eth2'");
    expect(lines.slice(2)).toEqual([
        "ip route add '10.0.0.0/24' 'dev' 'eth1' 'scope' 'link'",
        "ip route add '10.9.0.0/16' 'via' '10.0.0.1' 'dev' 'eth1'",
    ]);
});

test("where a package was installed or upgraded no file is touched: files are the package's then", async () => {
    const upgraded: Difference = {
        words: "",
        kind: "packages",
        name: "nova-api",
        how: "changed",
        now: "2",
        before: "1",
    };
    expect(await sent(upgraded, added("/etc/x"))).toEqual([]);
});

test("an added tree goes aside as one piece; in a folder with too much in it nothing is done", async () => {
    expect(
        await sent({ ...added("/etc/linux"), within: ["/etc/linux/README", "/etc/linux/fs"] } as Difference),
    ).toEqual([
        `chattr -R -i -a '/etc/linux' 2> /dev/null; umask 077; mkdir -p "$a"'/etc'; mv '/etc/linux' "$a"'/etc/linux'`,
    ]);
    expect(await sent({ words: "", file: "/etc", aspect: "many", within: [] })).toEqual([]);
});

test("a file with another content is copied before its own comes back", async () => {
    expect(await sent({ words: "", file: "/etc/nova/policy.json", aspect: "content", within: [] })).toEqual([
        `umask 077; mkdir -p "$a"'/etc/nova'; cp -a '/etc/nova/policy.json' "$a"'/etc/nova/policy.json'`,
    ]);
});
