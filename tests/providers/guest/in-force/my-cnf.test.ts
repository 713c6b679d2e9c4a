import { spawnSync } from "child_process";
import * as fc from "fast-check";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { mended } from "../../../../providers/guest/in-force/mending";
import { myCnf } from "../../../../providers/guest/in-force/my-cnf";
import { type Source, Understood } from "../../../../providers/guest/in-force/reader";
import { readerOf } from "../../../../providers/guest/in-force/readers";
import { FILES, ifThere, printDefaults, SEED } from "./real";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-my-cnf-")),
    command = printDefaults(dir);
afterAll(() => fs.rmSync(dir, { recursive: true }));

const key = fc.constantFrom("bind-address", "bind_address", "bind-addres", "max_connections", "skip-networking"),
    value = fc.constantFrom(
        "",
        "1",
        "10.0.0.3",
        "'1'",
        '"1"',
        "'1",
        '"',
        "a # b",
        "'a # b'",
        "a\\sb",
        "a\\qb",
        "x=y",
        "a ; b",
        "é",
    );
const blanks = fc.constantFrom("", "", " ", "\t", "\v");
const include = fc.constantFrom(
    `!includedir ${dir}/conf.d`,
    `! includedir ${dir}/conf.d/`,
    `!include ${dir}/one.cnf`,
    "!other x",
);
const line = fc.oneof(
    {
        weight: 5,
        arbitrary: fc
            .tuple(blanks, key, blanks, fc.constantFrom("=", " = ", "="), blanks, value, blanks)
            .map(p => p.join("")),
    },
    {
        weight: 3,
        arbitrary: fc.constantFrom(
            "[mysqld]",
            "[server]",
            " [mysqld] x",
            "[mysqld ]",
            "[MySQLd]",
            "[mysql]",
            "[mariadb]",
            "[mysqld_safe]",
            "[ mysqld]",
        ),
    },
    key,
    include,
    fc.constantFrom("", "  ", "# a = 2", ";a=3", "  # a", "[mysqld", "[]", "= 1", "bind-address: 1"),
);
const file = fc
    .tuple(fc.array(line, { maxLength: 9 }), fc.constantFrom("\n", "\n", "\r\n"), fc.boolean())
    .map(([lines, end, hasBegin]) => [...(hasBegin ? ["[mysqld]"] : []), ...lines, ""].join(end));
/** What a file has read: no more of the kind. */
const leaf = file.map(text => text.replace(/^!.*$/gm, ""));

interface Files {
    main: string;
    folder: string[];
    one: string;
}
const cases = fc.sample(fc.record({ main: file, folder: fc.array(leaf, { maxLength: 2 }), one: leaf }), {
    seed: SEED,
    numRuns: Math.ceil(FILES / 5),
});
const names = (files: Files): Record<string, string> => ({
    "my.cnf": files.main,
    "one.cnf": files.one,
    ...Object.fromEntries(files.folder.map((text, i) => [`conf.d/${i}.cnf`, text])),
    "conf.d/x.txt": "[mysqld]\nbind-address = 9\n",
});
const reader = readerOf("/etc/mysql/my.cnf"),
    main = path.join(dir, "my.cnf");

/** The last value that the server is given for each of two options, or that it refuses its files. */
function real(files: Record<string, string>): (string | undefined)[] | "refused" {
    fs.rmSync(path.join(dir, "conf.d"), { recursive: true, force: true });
    fs.mkdirSync(path.join(dir, "conf.d"));
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text);
    const groups = ["mysqld", "server", "mariadb"];
    const [first, ...rest] = [...command!, `--defaults-file=${main}`, ...groups];
    const { status, stdout } = spawnSync(first!, rest, { encoding: "utf8" });
    if (status !== 0) return "refused";
    return ["bind-address", "max-connections"].map(option =>
        stdout
            .split("\n")
            .map(l => /^--([^=]*)=?([^]*)$/.exec(l))
            .filter(found => found && found[1]!.replace(/_/g, "-") === option)
            .map(found => found![2])
            .pop(),
    );
}
const sourcesOf = (files: Record<string, string>): Source[] =>
    Object.entries(files).map(([name, text]) => ({
        path: path.join(dir, name),
        text,
        stands: name === "my.cnf" ? "itself" : "within",
    }));
const matching = (files: Record<string, string>) =>
    new Map([
        [
            `${dir}/conf.d/*.cnf`,
            Object.keys(files)
                .filter(n => /^conf\.d\/.*cnf$/.test(n))
                .sort()
                .map(n => path.join(dir, n)),
        ],
        [`${dir}/one.cnf`, [`${dir}/one.cnf`]],
    ]);

ifThere(command, "neither my_print_defaults nor its package is on this machine")(
    "generated files, with what they have read, are read as MySQL reads them",
    () => {
        let refused = 0;
        for (const each of cases) {
            const files = names(each),
                understood = new Understood(reader, sourcesOf(files), matching(files)),
                theirs = real(files);
            if (theirs === "refused") refused++;
            const ours = understood.refused()
                ? "refused"
                : ["bind-address", "max_connections"].map(k => understood.find("mysqld", k)?.value);
            expect([files, ours]).toEqual([files, theirs]);
        }
        expect(refused).toBeLessThan(cases.length * 0.9);
    },
);

ifThere(command, "neither my_print_defaults nor its package is on this machine")(
    "what was mended gives MySQL the wanted values, wherever what shadowed them was",
    () => {
        const wanted = { mysqld: { "bind-address": "10.0.0.3", max_connections: "500" } };
        for (const each of cases.slice(0, cases.length / 2)) {
            const files = names(each),
                after = mended(sourcesOf(files), wanted, reader, matching(files)),
                texts = Object.fromEntries(after.map(f => [path.relative(dir, f.path), f.text]));
            expect([texts, real(texts)]).toEqual([texts, ["10.0.0.3", "500"]]);
            expect(texts["conf.d/x.txt"]).toBe(files["conf.d/x.txt"]);
        }
    },
);

const find = (text: string) =>
    new Understood(reader, [{ path: main, text, stands: "itself" }]).find("mysqld", "bind-address");
test.each<[string, string, string | undefined]>([
    ["an underscore is a dash", "bind-address = 1\nbind_address = 2\n", "2"],
    ["blanks before an option do not count", "bind-address = 1\n  bind-address = 2\n", "2"],
    [
        "a later group of the server's counts",
        "bind-address = 1\n[mariadb]\nbind-address = 2\n[mysql]\nbind-address=3\n",
        "2",
    ],
    ["a comment behind a value is none of it", "bind-address = 1 # 2\n", "1"],
    ["quotes are off", "bind-address = '1'\n", "1"],
    ["a colon divides nothing", "bind-address: 1\n", undefined],
    ["an option that may be unknown", "bind-address = 1\nloose-bind_address = 2\n", "2"],
])("%s", (_title, text, value) => expect(find(`[mysqld]\n${text}`)?.value).toBe(value));

test("a file that is read at its place counts before what comes after it, and after what came before", () => {
    const text = "[mysqld]\nbind-address = 1\n!includedir /etc/mysql/conf.d/\nmax_connections = 2\n",
        sources: Source[] = [
            { path: "/etc/mysql/my.cnf", text, stands: "itself" },
            {
                path: "/etc/mysql/conf.d/a.cnf",
                text: "[mysqld]\nbind_address = 3\nmax_connections = 4\n",
                stands: "within",
            },
        ];
    const understood = new Understood(
        reader,
        sources,
        new Map([["/etc/mysql/conf.d/*.cnf", ["/etc/mysql/conf.d/a.cnf"]]]),
    );
    expect(understood.find("mysqld", "bind-address")).toMatchObject({
        value: "3",
        path: "/etc/mysql/conf.d/a.cnf",
        line: 2,
    });
    expect(understood.find("mysqld", "max_connections")).toMatchObject({ value: "2", line: 4 });
});

test("a file that has itself read ends", () => {
    const text = "[mysqld]\n!include /a\nbind-address = 1\n";
    const understood = new Understood(reader, [{ path: "/a", text, stands: "itself" }], new Map([["/a", ["/a"]]]));
    expect(understood.find("mysqld", "bind-address")?.value).toBe("1");
});

test.each([
    ["bind-address = 1\n", "an option stands in a group"],
    ["[mysqld\n", "a group's name ends with ]"],
])("%j is refused: %s", (text, reason) => expect(myCnf.read(text).refused).toEqual([{ line: 0, reason }]));
