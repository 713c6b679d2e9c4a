import { compare } from "../../../../providers/guest/manifest/compare";
import { installedKinds } from "../../../../providers/guest/manifest/installed-kinds";
import { linesOf } from "../../../../providers/guest/manifest/kinds";
import { mendingOf } from "../../../../providers/guest/manifest/mend";
import type { Reading } from "../../../../providers/guest/manifest/reading";
import { localHost } from "../../machine/local-host";

const { executables, libraries } = installedKinds;
const programs = (...lines: string[]): Reading => ({ files: {}, lines: { executables: lines } }),
    managed = { paths: [], lines: [] };

test("programs are told by size and time, and nothing that a node makes up", () =>
    expect(
        executables.lines([
            "/usr/sbin/dnsmasq 450000-1700000000.1234",
            "/bin/[ 5-1",
            "/usr/bin/x y 5-1",
            "/etc/passwd 5-1",
            "/usr/bin/$(id) 5-1",
        ]),
    ).toEqual(["/usr/sbin/dnsmasq 450000-1700000000", "/bin/[ 5-1"]));

test("a program that was replaced or removed is named; a new one is not", () =>
    expect(
        compare(
            programs("/usr/sbin/dnsmasq 9-1", "/usr/sbin/tgtd 9-1"),
            programs("/usr/sbin/dnsmasq 5-2", "/usr/sbin/new 9-1"),
            managed,
        ).map(({ words }) => words),
    ).toEqual([
        "the program /usr/sbin/tgtd is gone",
        "the program /usr/sbin/dnsmasq is another one than was recorded",
    ]));

test("its package is installed anew, and the other program goes aside", async () => {
    const host = localHost({
        dpkg: '[ "$2" != /usr/sbin/dnsmasq ] || echo "dnsmasq-base: $2"',
        "apt-get": 'echo "apt-get $*" >> "$LOG"',
    });
    const [difference] = compare(programs("/usr/sbin/dnsmasq 9-1"), programs("/usr/sbin/dnsmasq 5-2"), managed);
    const script = mendingOf(difference as never)!.replace(/\[ ! -e [^\n]*\n/, "");
    await host.run({ name: "node" } as never, script);
    expect(host.said()).toBe("apt-get -y --reinstall -o Dpkg::Options::=--force-confold install dnsmasq-base\n");
    await expect(
        host.run({ name: "node" } as never, script.split("/usr/sbin/dnsmasq").join("/usr/sbin/own")),
    ).rejects.toThrow();
    host.remove();
});

test("a Python module that is gone is named, and one that was added is not", () => {
    const of = (...names: string[]): Reading => ({
        files: {},
        lines: {
            libraries: libraries.lines(
                names.map(name => `/opt/openstack/ocata/lib/python2.7/site-packages/${name} there`),
            ),
        },
    });
    expect(compare(of("paste", "paste/deploy"), of("paste", "own"), managed).map(({ words }) => words)).toEqual([
        "the Python module /opt/openstack/ocata/lib/python2.7/site-packages/paste/deploy is gone",
    ]);
});

test("files of packages that services need are told where they are gone, a folder once, and brought back with their package", async () => {
    const host = localHost({ "apt-get": 'echo "apt-get $*" >> "$LOG"' });
    const list = (...paths: string[]) => `${["/.", ...paths].join("\n")}\n`,
        gone = "/usr/lib/erlang-of-a-test";
    host.put(
        "info/erlang-base.list",
        list("/usr/lib", gone, `${gone}/bin`, `${gone}/bin/beam`, "/usr/share/doc/erlang-of-a-test"),
    );
    host.put("info/mysql-server:amd64.list", list("/usr/share/mysql-of-a-test.sys", "/etc/mysql-of-a-test"));
    host.put("info/vim.list", list("/usr/share/vim-of-a-test"));
    const ask = installedKinds.lostFiles.ask.replace("/var/lib/dpkg/info", `${host.dir}/info`),
        node = { name: "node" } as never;
    const now = linesOf("lostFiles", (await host.run(node, ask)).stdout);
    const found = compare({ files: {}, lines: { lostFiles: [] } }, { files: {}, lines: { lostFiles: now } }, managed);
    expect(found.map(({ words }) => words)).toEqual([
        "/usr/lib/erlang-of-a-test of the package erlang-base is gone",
        "/usr/share/mysql-of-a-test.sys of the package mysql-server:amd64 is gone",
    ]);
    await host.run(node, mendingOf(found[0] as never)!);
    expect(host.said()).toBe("apt-get -y --reinstall -o Dpkg::Options::=--force-confold install erlang-base\n");
    host.remove();
});

test("a module of one file counts too", async () => {
    const host = localHost({}),
        folder = `${host.dir}/dist-packages`;
    for (const file of ["six.py", "_mysql.so", "six.pyc", "kombu/__init__.py"]) host.put(`dist-packages/${file}`, "");
    const ask = libraries.ask.replaceAll(/for d in [^;]*;/g, `for d in ${folder};`),
        { stdout } = await host.run({ name: "node" } as never, ask);
    host.remove();
    expect(stdout.replaceAll(folder, "").trim().split("\n").sort()).toEqual([
        "/_mysql.so there",
        "/kombu there",
        "/six.py there",
    ]);
});
