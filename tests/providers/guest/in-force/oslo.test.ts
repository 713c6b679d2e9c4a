import * as fc from "fast-check";
import * as path from "path";
import { oslo } from "../../../../providers/guest/in-force/oslo";
import { mended } from "../../../../providers/guest/in-force/mending";
import { type Reader, simple, Understood } from "../../../../providers/guest/in-force/reader";
import { FILES, ifThere, python2, python3, SEED } from "./real";

const section = fc.constantFrom("DEFAULT", "default", "database", "Database", "sql", " sql", "a]b");
const key = fc.constantFrom("a", "b", "A", "a b", "$a", "sql_connection", "connection");
const value = fc.constantFrom(
    "",
    "1",
    "10.0.0.3",
    "'1'",
    '"1"',
    '"1',
    "'",
    "x = y",
    "mysql://u:p@h/d",
    "# 1",
    "1 ; 2",
    "é",
    "$a",
);
const blanks = fc.constantFrom("", "", " ", "\t", "  ", "\v", "\f");
const line = fc.oneof(
    {
        weight: 4,
        arbitrary: fc
            .tuple(key, blanks, fc.constantFrom("=", ":", " = ", " : "), blanks, value, blanks)
            .map(p => p.join("")),
    },
    { weight: 2, arbitrary: section.map(s => `[${s}]`) },
    fc.tuple(fc.constantFrom(" ", "\t", "   "), value).map(p => p.join("")),
    fc.constantFrom(
        "",
        "  ",
        "# a = 2",
        ";a=3",
        "  # a = 4",
        "\ta = 5",
        "[x",
        "[]",
        "[DEFAULT] # x",
        "nothing",
        "= 1",
        ": 1",
        " [sql]",
        "\v",
        "a\r= 1",
    ),
);
const file = fc
    .tuple(
        fc.constantFrom("", "", "", "", "\ufeff"),
        fc.array(line, { maxLength: 12 }),
        fc.constantFrom("\n", "\n", "\r\n"),
        fc.boolean(),
        fc.boolean(),
    )
    .map(
        ([mark, lines, end, isWhole, hasBegin]) =>
            mark + [...(hasBegin ? ["[DEFAULT]"] : []), ...lines].join(end) + (isWhole ? end : ""),
    );

/** Every value by section and name, or that the file is refused. */
type Found = Record<string, Record<string, string[]>> | "refused";
const ours = (text: string): Found => {
    const { settings, headers, refused } = oslo.read(text),
        found: Exclude<Found, string> = {};
    if (refused.length > 0) return "refused";
    for (const h of headers) found[oslo.section(h.section)] ??= {};
    for (const s of settings) ((found[oslo.section(s.section)] ??= {})[s.key] ??= []).push(s.value);
    return found;
};

const byParser = `
import io, json, sys
sys.path.insert(0, sys.argv[1] if len(sys.argv) > 1 else ${JSON.stringify(path.join(__dirname, "../../../data/oslo"))})
import iniparser
class Parser(iniparser.BaseParser):
    def __init__(self):
        self.section, self.found = None, {}
    def new_section(self, section):
        self.section = section if section == 'DEFAULT' else section.lower()
        self.found.setdefault(self.section, {})
    def assignment(self, key, value):
        if self.section is None:
            raise self.parse_exc('no section', self.lineno, '')
        self.found[self.section].setdefault(key, []).append('\\n'.join(value))
def read(text):
    parser = Parser()
    try:
        parser.parse(io.StringIO(text, newline='\\n'))
    except iniparser.ParseError:
        return 'refused'
    return parser.found
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`;
const byService = `
import json, os, sys, tempfile
from oslo_config import cfg
folder = tempfile.mkdtemp()
def read(files):
    conf = cfg.ConfigOpts()
    space = cfg._Namespace(conf)
    try:
        for i, text in enumerate(files):
            name = os.path.join(folder, str(i))
            with open(name, 'wb') as out:
                out.write(text.encode('utf-8'))
            cfg.ConfigParser._parse_file(name, space)
    except cfg.ConfigFileParseError:
        return 'refused'
    def value(names, multi):
        try:
            return space._get_value([tuple(name) for name in names], multi=multi)
        except KeyError:
            return None
    return [value(names, multi) for names, multi in wanted]
wanted, cases = json.load(sys.stdin)
out = [read(files) for files in cases]
import shutil; shutil.rmtree(folder)
json.dump(out, sys.stdout)
`;

ifThere(python3(), "no python3 on this machine")(
    "generated files are read as oslo.config's own parser reads them",
    () => {
        const texts = fc.sample(file, { seed: SEED, numRuns: FILES }),
            real = python3()!<Found[]>(byParser, texts);
        texts.forEach((text, i) => expect([text, ours(text)]).toEqual([text, real[i]]));
        expect(real.filter(r => r === "refused").length).toBeLessThan(FILES * 0.9);
    },
);

/** An option with one name, one with names of other ages, one that keeps all. */
const names: [name: [string, string][], multi: boolean][] = [
    [[["DEFAULT", "a"]], false],
    [
        [
            ["database", "connection"],
            ["DEFAULT", "sql_connection"],
            ["sql", "connection"],
        ],
        false,
    ],
    [[["DEFAULT", "b"]], true],
];
const reader: Reader = {
    ...simple,
    grammar: oslo,
    names: (_section, k) => names.find(([n]) => n.some(([, other]) => other === k))![0].map(n => [n]),
    multi: (_section, k) => k === "b",
};
const sources = (files: readonly string[]) =>
    files.map((text, i) => ({ path: String(i), text, stands: i === 0 ? ("itself" as const) : ("after" as const) }));
const inForce = (files: readonly string[]) => {
    const understood = new Understood(reader, sources(files));
    if (understood.refused()) return "refused";
    return names.map(([[n]]) => understood.find(...n!)?.value);
};
const shown = (real: (string | string[] | null)[] | "refused") =>
    real === "refused"
        ? real
        : real.map(v => (v === null ? undefined : Array.isArray(v) ? [...new Set(v)].join(", ") : v));
const cleanFile = file.filter(text => oslo.read(text).refused.length === 0);

ifThere(python2(), "no golden root in the cache, whose oslo.config is asked")(
    "of several files, older and newer names, and single and multiple options the value in force is the real oslo.config's",
    () => {
        const cases = fc.sample(
            fc.array(fc.oneof({ weight: 9, arbitrary: cleanFile }, file), { minLength: 1, maxLength: 3 }),
            { seed: SEED, numRuns: FILES },
        );
        const real = python2()!<((string | string[] | null)[] | "refused")[]>(byService, [names, cases]);
        cases.forEach((files, i) => expect([files, inForce(files)]).toEqual([files, shown(real[i]!)]));
    },
);

ifThere(python2(), "no golden root in the cache, whose oslo.config is asked")(
    "what was mended gives the wanted values to the real oslo.config, and nothing else of it has changed",
    () => {
        const wanted = { DEFAULT: { a: "10.0.0.3" }, sql: { connection: "mysql://u:p@h/d" } };
        const cases = fc.sample(fc.array(file, { minLength: 1, maxLength: 3 }), {
            seed: SEED + 1,
            numRuns: Math.ceil(FILES / 3),
        });
        const after = cases.map(files => mended(sources(files), wanted, reader).map(f => f.text));
        const others = [
            [[["DEFAULT", "A"]], false],
            [[["default", "b"]], false],
            [[["DEFAULT", "b"]], false],
        ] as const;
        const asked = [...names.slice(0, 2), ...others];
        const was = python2()!<((string | null)[] | "refused")[]>(byService, [asked, cases]),
            is = python2()!<((string | null)[] | "refused")[]>(byService, [asked, after]);
        is.forEach((found, i) => {
            expect([after[i], found.slice(0, 2)]).toEqual([after[i], ["10.0.0.3", "mysql://u:p@h/d"]]);
            if (was[i] !== "refused") expect([cases[i], found.slice(2)]).toEqual([cases[i], was[i].slice(2)]);
        });
    },
);

test.each<[string, string, string[]]>([
    [
        "sections of one name are one, and the last value counts",
        "[DEFAULT]\na = 1\n[x]\n[DEFAULT]\na = 2\n",
        ["1", "2"],
    ],
    ["a colon is an equals sign", "[DEFAULT]\na: 1\nb = 2\n", ["1"]],
    ["the first of both divides", "[DEFAULT]\na:b=1\n", ["b=1"]],
    ["an indented line goes on, a comment too", "[DEFAULT]\na = 1\n  b = 2\n\t# c\n", ["1\nb = 2\n# c"]],
    ["an empty line ends it", "[DEFAULT]\na = 1\n\nb = 2\n", ["1"]],
    ["carriage returns are blanks", "[DEFAULT]\r\na = 1\r\n", ["1"]],
    ["quotes around a value are off, one alone is nothing", "[DEFAULT]\na = '1'\na = \"\n", ["1", ""]],
    ["[default] is another section", "[default]\na = 1\n", []],
    ["a value may be empty", "[DEFAULT]\na =\n", [""]],
])("%s", (_title, text, values) => {
    expect(
        oslo
            .read(text)
            .settings.filter(s => s.section === "DEFAULT" && s.key === "a")
            .map(s => s.value),
    ).toEqual(values);
});

test.each<[string, string, number]>([
    ["\ufeff[DEFAULT]\na = 1\n", "it begins with a byte order mark", 0],
    ["[DEFAULT]\n# x\n  a = 1\n", "it is indented, and there is no value to go on with", 2],
    ["[DEFAULT]\nx\n", "there is neither : nor = in it", 1],
    ["[DEFAULT]\n= 1\n", "an option has a name", 1],
    ["a = 1\n", "an option stands in a section", 0],
    ["[DEFAULT] # x\n", "a section's name ends with ]", 0],
    ["[]\n", "a section has a name", 0],
])("%j is refused: %s", (text, reason, line) => {
    expect(oslo.read(text).refused.map(r => [r.reason, r.line])).toEqual([[reason, line]]);
});
