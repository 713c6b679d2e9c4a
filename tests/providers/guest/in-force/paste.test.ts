import * as fc from "fast-check";
import { mended } from "../../../../providers/guest/in-force/mending";
import { paste } from "../../../../providers/guest/in-force/paste";
import { type Source, Understood } from "../../../../providers/guest/in-force/reader";
import { readerOf } from "../../../../providers/guest/in-force/readers";
import { FILES, ifThere, python2, SEED } from "./real";

const FILTER = "filter:authtoken";
const key = fc.constantFrom("auth_host", "Auth_Host", "admin_user", "get auth_host", "auth_port"),
    value = fc.constantFrom("", "1", "x", '""', "a ; b", "a;b", "; b", ";b ", "'1'", "x = y", "x: y", "# 1", "é");
const blanks = fc.constantFrom("", "", " ", "\t", "\v");
const line = fc.oneof(
    {
        weight: 5,
        arbitrary: fc.tuple(key, blanks, fc.constantFrom("=", ":", " = "), blanks, value, blanks).map(p => p.join("")),
    },
    { weight: 2, arbitrary: fc.constantFrom(`[${FILTER}]`, "[DEFAULT]", "[app:x]", `[${FILTER}] x`, ` [${FILTER}]`) },
    fc.tuple(fc.constantFrom(" ", "\t", "   "), value).map(p => p.join("")),
    fc.constantFrom(
        "",
        "  ",
        "# a = 2",
        ";a=3",
        "  # a",
        "rem x = 1",
        "Rem",
        "remx = 1",
        "[x",
        "[]",
        "nothing",
        "= 1",
        ": 1",
    ),
);
const file = fc
    .tuple(
        fc.constantFrom("", "", "", "", "", "\ufeff"),
        fc.array(line, { maxLength: 12 }),
        fc.constantFrom("\n", "\n", "\r\n"),
        fc.boolean(),
    )
    .map(([mark, lines, end, hasBegin]) => mark + [...(hasBegin ? [`[${FILTER}]`] : []), ...lines, ""].join(end));

type Found = Record<string, Record<string, string>> | "refused";
const ours = (text: string): Found => {
    const { settings, headers, refused } = paste.read(text),
        found: Exclude<Found, string> = { DEFAULT: {} };
    if (refused.length > 0) return "refused";
    for (const h of headers) found[h.section] ??= {};
    for (const s of settings) found[s.section]![s.key] = s.value;
    return found;
};
const byParser = `
import ConfigParser, io, json, sys
class Lines:
    def __init__(self, text):
        self.lines = io.BytesIO(text.encode('utf-8'))
    def readline(self):
        return self.lines.readline()
def read(text):
    parser = ConfigParser.RawConfigParser()
    parser.optionxform = str
    try:
        parser.readfp(Lines(text))
    except ConfigParser.Error:
        return 'refused'
    found = dict((s, dict((k, v) for k, v in parser._sections[s].items() if k != '__name__')) for s in parser.sections())
    found['DEFAULT'] = parser.defaults()
    return found
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`;
/** What a filter is made with, by Paste itself. */
const byPaste = `
import json, os, site, sys, tempfile
site.addsitedir([p for p in sys.path if p.endswith('site-packages')][0])
from paste.deploy import loadwsgi
class Filter(loadwsgi._Filter):
    pass
folder = tempfile.mkdtemp()
name = os.path.join(folder, 'paste.ini')
def read(text):
    with open(name, 'wb') as out:
        out.write(text.encode('utf-8'))
    try:
        context = loadwsgi.ConfigLoader(name).get_context(loadwsgi.FILTER, 'authtoken', global_conf={})
    except Exception as e:
        return 'refused'
    conf = context.global_conf.copy()
    conf.update(context.local_conf)
    return [conf.get('auth_host'), conf.get('auth_port')]
out = [read(text) for text in json.load(sys.stdin)]
import shutil; shutil.rmtree(folder)
json.dump(out, sys.stdout)
`;
const there = python2(),
    lacks = "no golden root in the cache, whose Python 2.7 is asked";

ifThere(there, lacks)("generated files are read as Python 2.7's ConfigParser reads them", () => {
    const texts = fc.sample(file, { seed: SEED, numRuns: FILES }),
        real = there!<Found[]>(byParser, texts);
    texts.forEach((text, i) => expect([text, ours(text)]).toEqual([text, real[i]]));
    expect(real.filter(r => r === "refused").length).toBeLessThan(FILES * 0.9);
});

const factory = "paste.filter_factory = os.path:join";
const reader = readerOf("/etc/nova/api-paste.ini");
const sources = (text: string): Source[] => [{ path: "/etc/nova/api-paste.ini", text, stands: "itself" }];
/** Files that Paste makes the filter of: with what it is made by, and with every name that is got in it. */
const filters = file
    .map(text => `[DEFAULT]\n1 = one\nx = ex\n[${FILTER}]\n${factory}\n${text.replace("\ufeff", "")}`)
    .filter(text => paste.read(text).refused.length === 0);
const got: Record<string, string> = { "1": "one", x: "ex" };

ifThere(there, lacks)(
    "what counts of [DEFAULT], of the filter's section and of what it gets is what Paste makes it with",
    () => {
        const texts = fc.sample(filters, { seed: SEED, numRuns: FILES }),
            real = there!<((string | null)[] | "refused")[]>(byPaste, texts);
        const asked = texts.filter((_text, i) => real[i] !== "refused");
        expect(asked.length).toBeGreaterThan(FILES / 4);
        texts.forEach((text, i) => {
            if (real[i] === "refused") return;
            const understood = new Understood(reader, sources(text));
            const mine = ["auth_host", "auth_port"].map(k => {
                const found = understood.find(FILTER, k);
                return found === undefined
                    ? null
                    : found.name[1].startsWith("get ")
                      ? (got[found.value] ?? found.value)
                      : found.value;
            });
            expect([text, mine]).toEqual([text, real[i]]);
        });
    },
);

ifThere(there, lacks)("what was mended gives the wanted values to Paste", () => {
    const wanted = { [FILTER]: { auth_host: "10.0.0.4", auth_port: "35357" } };
    const texts = fc
        .sample(filters, { seed: SEED + 1, numRuns: FILES / 3 })
        .map(text => mended(sources(text), wanted, reader)[0]!.text);
    const real = there!<((string | null)[] | "refused")[]>(byPaste, texts);
    texts.forEach((text, i) =>
        expect([text, real[i] === "refused" ? "refused" : real[i]]).toEqual([
            text,
            real[i] === "refused" ? "refused" : ["10.0.0.4", "35357"],
        ]),
    );
    expect(real.filter(r => r !== "refused").length).toBeGreaterThan(FILES / 12);
});

test.each<[string, string, string | undefined]>([
    ["the last counts", "auth_host = 1\nauth_host: 2\n", "2"],
    ["an indented line goes on, over a comment too", "auth_host = 1\n# x\n\n  2\n", "1\n2"],
    ["a second section of that name", "auth_host = 1\n[app:x]\n[filter:authtoken]\nauth_host = 2\n", "2"],
    ["[DEFAULT] counts before the section", "auth_host = 1\n[DEFAULT]\nauth_host = 2\n", "2"],
    ["names keep their capitals", "Auth_Host = 1\n", undefined],
    ["a comment behind a value", "auth_host = 1 ; 2\n", "1"],
])("%s", (_title, text, value) => {
    expect(new Understood(reader, sources(`[${FILTER}]\n${text}`)).find(FILTER, "auth_host")?.value).toBe(value);
});
