import * as fc from "fast-check";
import { mended } from "../../../../providers/guest/in-force/mending";
import { pythonSettings } from "../../../../providers/guest/in-force/python-settings";
import { type Reader, simple, Understood } from "../../../../providers/guest/in-force/reader";
import { FILES, ifThere, python3, SEED } from "./real";

const reader: Reader = { ...simple, grammar: pythonSettings };
const name = fc.constantFrom("A", "B", "ALLOWED_HOSTS");
const value = fc.constantFrom(
    "1",
    '"x"',
    "'x'",
    "u'x'",
    "'a=b;c:d#e'",
    "['*']",
    "[\n    'a', # one\n    'b',\n]",
    "\\\n    ['*']",
    "{'a': 1, \"b\": (2,\n 3)}",
    '"""one\nA = 2\n"""',
    "'''it's\n  # no comment'''",
    "'it\\'s'",
    "r'\\d'",
    "1 if 2 == 3 else 4",
    "dict(a=1, b=2)",
    "'%s' % 1",
    "lambda x: x",
    "'a' 'b'",
    "1 <= 2",
    "3 != 4",
);
const simpleStatement = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(name, fc.constantFrom(" = ", "=", " =\t"), value).map(p => p.join("")) },
    fc.tuple(name, name, value).map(([a, b, v]) => `${a} = ${b} = ${v}`),
    fc.constantFrom(
        "A, B = 1, 2",
        "A += 1",
        "(A, B) = (3, 4)",
        "import os as A",
        "from os import path as B",
        "from os import *",
        "pass",
        "x.A = 1",
        "x['A'] = 2",
        "f(A=1)",
        "A == 1",
        "import os, sys as A",
        "import os.path",
    ),
);
const tail = fc.constantFrom("", "", "", "  # A = 9", " ", " ;");
const indented = (text: string) => `    ${text}`;
const statement = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(simpleStatement, tail).map(p => p.join("")) },
    fc.tuple(simpleStatement, simpleStatement).map(p => p.join("; ")),
    fc
        .tuple(
            fc.constantFrom(
                "if True:",
                "try:",
                "for A in [1]:",
                "with x as ALLOWED_HOSTS:",
                "class A:",
                "def B(A=1):",
                "if A == 1:",
            ),
            fc.array(simpleStatement, { minLength: 1, maxLength: 2 }),
        )
        .map(([head, body]) =>
            [head, ...body.map(indented), ...(head === "try:" ? ["except ImportError as A:", "    pass"] : [])].join(
                "\n",
            ),
        ),
    fc.tuple(fc.constantFrom("if True:", "def f():"), simpleStatement).map(p => p.join(" ")),
    fc.constantFrom("", "# A = 1", "    # B = 2", "#B='x'"),
);
const texts = fc
    .tuple(fc.array(statement, { maxLength: 7 }), fc.constantFrom("\n", "\n", "\r\n"), fc.boolean())
    .map(([lines, end, isWhole]) => (lines.join("\n") + (isWhole ? "\n" : "")).replace(/\n/g, end));

/** Each time that a module's name is given a value: by which statement, and which value, where it is one. */
const byPython = `
import ast, json, sys
def names(target):
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, (ast.Tuple, ast.List)):
        return [n for t in target.elts for n in names(t)]
    return []
def walk(body, text):
    for node in body:
        whole = (node.lineno, node.end_lineno)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for n in names(target):
                    try:
                        value = repr(ast.literal_eval(node.value)) if isinstance(target, ast.Name) else None
                    except ValueError:
                        value = None
                    yield [n, whole, value]
        elif isinstance(node, ast.AugAssign):
            for n in names(node.target):
                yield [n, whole, None]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield [alias.asname or alias.name.split('.')[0], whole, None]
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield [node.name, None, None]
        elif isinstance(node, ast.If):
            yield from walk(node.body, text)
        elif isinstance(node, ast.For):
            for n in names(node.target):
                yield [n, None, None]
            yield from walk(node.body, text)
        elif isinstance(node, ast.With):
            for item in node.items:
                for n in names(item.optional_vars):
                    yield [n, None, None]
            yield from walk(node.body, text)
        elif isinstance(node, ast.Try):
            yield from walk(node.body, text)
            for handler in node.handlers:
                if handler.name:
                    yield [handler.name, None, None]
                yield from walk(handler.body, text)
def read(text):
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return 'refused'
    return list(walk(tree.body, text))
def literal(text):
    try:
        return repr(ast.literal_eval(text))
    except Exception:
        return None
cases, values = json.load(sys.stdin)
json.dump([[read(text) for text in cases], [literal(v) for v in values]], sys.stdout)
`;
type Bound = [name: string, lines: [number, number] | null, value: string | null];
const there = python3();
const last = (found: readonly Bound[], n: string) => found.filter(([own]) => own === n).pop();

ifThere(there, "no python3 on this machine")(
    "generated files bind the names that Python's own ast says, last and in the same lines",
    () => {
        const cases = fc.sample(texts, { seed: SEED, numRuns: FILES });
        const mine = cases.map(text => pythonSettings.read(text).settings),
            values = mine.flatMap(all => all.map(s => s.value));
        const [real, literals] = there!<[(Bound[] | "refused")[], (string | null)[]]>(byPython, [cases, values]);
        let at = 0,
            valid = 0;
        cases.forEach((text, i) => {
            const found = real[i]!,
                first = at;
            at += mine[i]!.length;
            if (found === "refused") return;
            valid++;
            for (const n of ["A", "B", "ALLOWED_HOSTS"]) {
                const index = mine[i]!.map(s => s.key).lastIndexOf(n),
                    own = mine[i]![index],
                    theirs = last(found, n);
                expect([text, n, own !== undefined]).toEqual([text, n, theirs !== undefined]);
                if (!own || !theirs) continue;
                const [, lines, value] = theirs;
                // A statement of one line with others has the line's extent.
                if (lines) expect([text, n, own.from + 1 <= lines[0] && lines[1] <= own.to]).toEqual([text, n, true]);
                if (value !== null) expect([text, n, literals[first + index]]).toEqual([text, n, value]);
            }
        });
        expect(valid).toBeGreaterThan(FILES / 2);
    },
);

const byRunning = `
import json, sys
class X:
    A = None
    def __setitem__(self, k, v): pass
    def __enter__(self): return 1
    def __exit__(self, *a): return False
def read(text):
    space = {'x': X(), 'f': lambda **k: None, 'ALLOWED_HOSTS': 0, 'A': 0, 'B': 0}
    try:
        exec(compile(text, 'settings', 'exec'), space)
    except SyntaxError:
        return 'refused'
    except Exception:
        return 'failed'
    return [repr(space.get('ALLOWED_HOSTS')), 'B' in space]
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`;
ifThere(there, "no python3 on this machine")("what was mended is Python still, and gives the name its value", () => {
    const simpleNames = texts.filter(text =>
        pythonSettings.read(text).settings.every(s => s.key !== "ALLOWED_HOSTS" || /^[["'{\\\d1]/.test(s.value)),
    );
    const cases = fc.sample(simpleNames, { seed: SEED + 1, numRuns: FILES });
    const after = cases.map(
        text =>
            mended([{ path: "/a", text, stands: "itself" as const }], { "": { ALLOWED_HOSTS: "'mine'" } }, reader)[0]!
                .text,
    );
    const was = there!<(string[] | string)[]>(byRunning, cases),
        is = there!<(string[] | string)[]>(byRunning, after);
    cases.forEach((text, i) => {
        if (typeof was[i] === "string") return;
        expect([text, after[i], typeof is[i] === "string" ? is[i] : is[i]![0]]).toEqual([text, after[i], "'mine'"]);
    });
    expect(was.filter(w => typeof w !== "string").length).toBeGreaterThan(FILES / 5);
});

const find = (text: string) => new Understood(reader, [{ path: "/a", text, stands: "itself" }]).find("", "A")?.value;
test.each<[string, string, string | undefined]>([
    ["what is assigned twice has its last value", "A = 1\nA = 2\n", "2"],
    ["in a block too", "A = 1\nif True:\n    A = 2\n", "2"],
    ["not in a function", "A = 1\ndef f():\n    A = 2\n", "1"],
    ["a backslash has a line go on", "A = \\\n  2\nB = 1\n", "2"],
    ["a text of several lines is none of its own", 'A = 1\nX = """\nA = 2\n"""\n', "1"],
    ["a comment is none", "A = 1 # A = 2\n", "1"],
    ["a comparison is none", "A = 1\nA == 2\n", "1"],
    ["several of one line", "A = 1; B = 2; A = 3\n", "3"],
    ["a deleted name", "A = 1\ndel A\n", "del A"],
])("%s", (_title, text, value) => expect(find(text)).toBe(value));

test.each<[string, string, string]>([
    ["over lines, as a whole", "A = \\\n    ['*']\nB = 1\n", "A = 9\nB = 1\n"],
    ["a bracket's lines too", "A = [\n  1,\n]\n", "A = 9\n"],
    ["in a block, with a line that keeps it whole", "A = 1\nif x:\n    A = 2\n", "A = 9\nif x:\n    pass\n"],
    ["in one line with others", "A = 1\nB = 2; A = 3\n", "A = 9\nB = 2\n"],
    ["as one of two names", "A = 9\nA = B = 3\n", "A = 9\nB = 3\n"],
    [
        "not behind a comment inside a block",
        "if x:\n    B = 1\n    # A = 1\n    B = 2\n",
        "if x:\n    B = 1\n    # A = 1\n    B = 2\nA = 9\n",
    ],
    ["behind the comment that shows it", "# A = 1\nB = 2\n", "# A = 1\nA = 9\nB = 2\n"],
    ["not into a text", 'B = """\n# A = 1\n"""\n', 'B = """\n# A = 1\n"""\nA = 9\n'],
])("%s", (_title, text, after) => {
    expect(mended([{ path: "/a", text, stands: "itself" as const }], { "": { A: "9" } }, reader)[0]!.text).toBe(after);
});
