import type { Connection } from "../../../../clients/connection";
import type { Difference } from "../../../../providers/guest/manifest/compare";
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
async function sent(...differences: Difference[]): Promise<string[]> {
    const lines: string[] = [];
    const mending = new Mending(
        async (_on, _script, options) => {
            lines.push(...[...String(options?.input).matchAll(/^\( (.*)$/gm)].map(([, line]) => line!));
            return { code: 0, stdout: "", stderr: "" };
        },
        { name: "db-node" } as Connection,
        { contents: async () => new Map() } as never,
        { reading: { files: {}, lines: {} }, packs: {} },
    );
    await mending.mend(differences, { services: [], ready: {} });
    return lines;
}
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

test("a file with another content is copied before its own comes back", async () => {
    expect(await sent({ words: "", file: "/etc/nova/policy.json", aspect: "content", within: [] })).toEqual([
        `umask 077; mkdir -p "$a"'/etc/nova'; cp -a '/etc/nova/policy.json' "$a"'/etc/nova/policy.json'`,
    ]);
});
