import * as fs from "fs";
import * as path from "path";
import { compare } from "../../../../providers/guest/manifest/compare";
import { optionKinds } from "../../../../providers/guest/manifest/option-kinds";
import type { Reading } from "../../../../providers/guest/manifest/reading";
import { localHost } from "../../machine/local-host";

const { options } = optionKinds,
    node = { name: "node" } as never,
    nova = "/etc/nova/nova.conf",
    mysql = "/etc/mysql/my.cnf";
const host = localHost({});
afterAll(() => host.remove());
beforeEach(() => fs.rmSync(path.join(host.dir, "etc"), { recursive: true, force: true }));

/** The options of the host's files, as they are read. */
async function read(): Promise<string[]> {
    const { stdout } = await host.run(node, options.ask);
    return options.lines(stdout.split(`${host.dir}/etc`).join("/etc").split("\n").filter(Boolean));
}
const mend = async (script: string): Promise<string> => {
    await host.run(node, script);
    return fs.readFileSync(path.join(host.dir, nova), "utf8");
};

test("options are read with their sections; comments are none, an indented line goes on, one that stands twice counts twice", async () => {
    host.put(
        nova,
        "# a comment\nfirst = 1\n[DEFAULT]\ndebug: true\r\nlist = a\n  b\n\n  c\n;x = 1\ndebug=false\n[filter:auth token]\nempty =\n",
    );
    host.put(mysql, "[mysqld]\n  bind-address = 10.0.0.3\nskip-name-resolve\n");
    expect(await read()).toEqual([
        `${nova}[]first 1`,
        `${nova}[DEFAULT]debug true`,
        `${nova}[DEFAULT]list a b`,
        `${nova}[DEFAULT]debug#2 false`,
        `${nova}[filter:auth_token]empty `,
        `${mysql}[mysqld]bind-address 10.0.0.3`,
        `${mysql}[mysqld]skip-name-resolve `,
    ]);
});

test("without such files there is nothing", async () => expect(await read()).toEqual([]));

test.each(["x\ny 1", "/etc/passwd 1", "/etc/nova/x[a]b;c 1", "/etc/nova/../x y"])(
    "a node that prints what it likes (%j) has no such option",
    printed => expect(options.lines([printed])).toEqual([]),
);

const file = "[DEFAULT]\ndebug = true\nlist = a\n  b\nother = 1\n[sql]\ndebug = false\n";

test("one that was added is taken out of its section, with the lines that go on", async () => {
    host.put(nova, file);
    expect(await mend(options.mend.added(`${nova}[DEFAULT]list a b`))).toBe(file.replace("list = a\n  b\n", ""));
});

test("of one that stands twice the second is taken out", async () => {
    host.put(nova, "[DEFAULT]\ndebug = 1\na = 2\ndebug = 2\n");
    expect(await mend(options.mend.added(`${nova}[DEFAULT]debug#2 2`))).toBe("[DEFAULT]\ndebug = 1\na = 2\n");
});

test("of one that stands twice the lines that go on with the first stay", async () => {
    host.put(nova, "[DEFAULT]\nlist = 1\n  more\nlist = 2\n  less\n");
    expect(await mend(options.mend.added(`${nova}[DEFAULT]list#2 2 less`))).toBe("[DEFAULT]\nlist = 1\n  more\n");
});

test.each([
    ["its section", "sql", "[sql]\nmax = it's 100%\\n\ndebug"],
    ["a section of its own", "new", "[new]\nmax = it's 100%\\n\n"],
])("one that is gone comes back in %s", async (_what, section, expected) => {
    host.put(nova, file);
    expect(await mend(options.mend.gone(`${nova}[${section}]max it's 100%\\n`))).toContain(expected);
});

test("one that is another gets its value back", async () => {
    host.put(nova, file);
    const script = options.mend.changed(`${nova}[sql]debug`, "false", "no");
    expect(await mend(script)).toBe(file.replace("debug = false", "debug = no"));
});

test("access stays as it was", async () => {
    host.put(nova, file);
    fs.chmodSync(path.join(host.dir, nova), 0o640);
    await mend(options.mend.added(`${nova}[sql]debug false`));
    expect(fs.statSync(path.join(host.dir, nova)).mode & 0o777).toBe(0o640);
});

describe("compared with the record", () => {
    const of = (...lines: string[]): Reading => ({ files: {}, lines: { options: lines } }),
        managed = {
            paths: [nova],
            lines: [`options ${nova}[DEFAULT]rabbit_host`],
        };
    const words = (before: Reading, now: Reading) => compare(before, now, managed).map(d => d.words);

    test("what somebody added, changed or removed is named without its value", () =>
        expect(
            words(
                of(`${nova}[DEFAULT]debug true`, `${nova}[sql]idle 1`),
                of(`${nova}[DEFAULT]debug false`, `${nova}[token]expiration 15`),
            ),
        ).toEqual([
            `${nova} has lost its [sql] idle`,
            `${nova} has another [DEFAULT] debug`,
            `${nova} has [token] expiration, which was added`,
        ]));

    test("what the program sets, and files that it does not manage, are others' findings", () =>
        expect(
            words(
                of(`${nova}[DEFAULT]rabbit_host a`),
                of(
                    `${nova}[DEFAULT]rabbit_host b`,
                    `${nova}[DEFAULT]rabbit_host#2 b`,
                    "/etc/nova/x.conf[a]b c",
                    `${nova}[DEFAULT]rabbit_hosts d`,
                ),
            ),
        ).toEqual([`${nova} has [DEFAULT] rabbit_hosts, which was added`]));
});
