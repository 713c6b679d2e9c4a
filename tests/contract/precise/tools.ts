import * as fs from "fs";
import * as path from "path";
import * as yaml from "yaml";
import { awkMistakes } from "./awk";
import { sedMistakes } from "./sed";
import { type Command, type Mistake, read, SOMETHING } from "./shell";

/** A tool as tests/data/precise/tools.yaml has it. */
interface Listed {
    style?: "words" | "words with one dash" | "builtin";
    options?: string;
    /** Separated by bars; `*` is any word. */
    words?: string;
    commands?: Record<string, string>;
    /** Words with what they may be, separated by commas. */
    operands?: string;
    /** What the option -o takes. */
    settings?: string;
}
interface Package {
    package: string;
    commands: Record<string, string | Listed>;
}
interface Tool extends Listed {
    package: string;
}

const file = path.join(__dirname, "../../data/precise/tools.yaml");
const packages = yaml.parse(fs.readFileSync(file, "utf8")) as Package[];
const tools = new Map(
    packages.flatMap(p =>
        Object.entries(p.commands).map(([name, listed]): [string, Tool] => [
            name,
            { package: p.package, ...(typeof listed === "string" ? { options: listed } : listed) },
        ]),
    ),
);

type Takes = "" | "=" | "=?";
const understood = new Map<string, ReadonlyMap<string, Takes>>();
/** A list of the table, understood once. */
function optionsOf(list = ""): ReadonlyMap<string, Takes> {
    const known = understood.get(list) ?? entriesOf(list);
    understood.set(list, known);
    return known;
}
const entriesOf = (list: string): Map<string, Takes> =>
    new Map(
        list
            .split(" ")
            .filter(Boolean)
            .map(entry => {
                const [, name, takes] = /^(.*?)(=\??|)$/.exec(entry)!;
                return [name!, takes as Takes];
            }),
    );

/** Programs whose options end with the first other word: what follows is another program's. */
const FIRST_WORD_ENDS = new Set(["ssh", "awk", "perl", "xargs", "env", "nice", "nohup", "timeout", "rabbitmqctl"]);

interface Split {
    unknown: string[];
    values: Map<string, string[]>;
    rest: string[];
}

/** One word that begins with a dash. @returns whether the next word is its value */
function option(text: string, known: ReadonlyMap<string, Takes>, split: Split): string | undefined {
    if (text.startsWith("--")) {
        const [name = "", ...value] = text.split("="),
            takes = known.get(name) ?? known.get(name.replace(/_/g, "-"));
        if (name.includes(SOMETHING)) return undefined;
        if (takes === undefined || (takes === "" && value.length > 0)) split.unknown.push(text);
        return takes === "=" && value.length === 0 ? name : undefined;
    }
    for (let i = 1; i < text.length && text[i] !== SOMETHING; i++) {
        const name = `-${text[i]}`,
            takes = known.get(name);
        if (takes === undefined) split.unknown.push(i === 1 ? text : `${name} in ${text}`);
        if (takes !== "") return takes === "=" && i === text.length - 1 ? name : undefined;
    }
    return undefined;
}

/** Options of a command line as getopt takes it apart. */
function getopt(words: readonly string[], known: ReadonlyMap<string, Takes>, firstEnds: boolean): Split {
    const split: Split = { unknown: [], values: new Map(), rest: [] };
    for (let i = 0; i < words.length; i++) {
        const text = words[i]!;
        if (text === "--" || (firstEnds && !/^-./.test(text))) {
            split.rest.push(...words.slice(text === "--" ? i + 1 : i));
            break;
        }
        if (!/^-./.test(text)) split.rest.push(text);
        else {
            const name = option(text, known, split);
            if (name !== undefined) split.values.set(name, [...(split.values.get(name) ?? []), words[++i] ?? ""]);
        }
    }
    return split;
}

/** find's options without what it has run by -exec, which is a command of its own. */
const notRun = (words: readonly string[]): string[] => {
    let inside = false;
    return words.filter(w => {
        const before = inside;
        inside = inside ? w !== ";" && w !== "+" : /^-(exec|execdir|ok|okdir)$/.test(w);
        return !before;
    });
};

/** find's, ip's and tc's options: whole words, of ip and tc their beginnings too. */
function wholeWords(words: readonly string[], known: ReadonlyMap<string, Takes>, beginnings: boolean): Split {
    const dashed = notRun(words).filter(w => /^-[A-Za-z]/.test(w)),
        is = (w: string) => known.has(w) || (beginnings && [...known.keys()].some(k => k.startsWith(w)));
    return { unknown: dashed.filter(w => !is(w)), values: new Map(), rest: words.filter(w => !w.startsWith("-")) };
}

/** Names that dash's `set -o` has. */
const SET =
    /^(allexport|errexit|noglob|ignoreeof|interactive|monitor|noexec|stdin|xtrace|verbose|vi|emacs|noclobber|notify|nounset|nolog|debug)$/;

/** dash's own commands: letters, of set and echo only as far as they look like it. */
function builtin({ name, words }: Command, known: ReadonlyMap<string, Takes>): Split {
    if (name === "test" || name === "[") return { unknown: words.filter(w => w === "=="), values: new Map(), rest: [] };
    if (name === "set") {
        const named = words.filter((_, i) => /^[-+]o$/.test(words[i - 1] ?? "") && !SET.test(words[i]!));
        return { unknown: named.map(w => `-o ${w}`), values: new Map(), rest: [] };
    }
    if (name === "kill" && /^-([A-Z]+|\d+)$/.test(words[0] ?? "")) return getopt(words.slice(1), known, true);
    return getopt(words, known, true);
}

function splitBy(command: Command, tool: Tool): Split {
    const known = optionsOf(tool.options);
    if (tool.style === "builtin") return builtin(command, known);
    // What pkill takes for a signal is none of its options, as with kill.
    if (command.name === "pkill" && /^-([A-Z]{2,}|\d+)$/.test(command.words[0] ?? ""))
        return getopt(command.words.slice(1), known, false);
    if (tool.style) return wholeWords(command.words, known, tool.style === "words");
    if (!tool.commands) return getopt(command.words, known, FIRST_WORD_ENDS.has(command.name));
    return ofSubcommand(command, tool, known);
}

/** Programs that have commands of their own, each with its options. */
function ofSubcommand({ words }: Command, tool: Tool, known: ReadonlyMap<string, Takes>): Split {
    const split = getopt(words, known, true),
        name = Object.keys(tool.commands!).find(c => split.rest.slice(0, c.split(" ").length).join(" ") === c);
    if (name === undefined) return { ...split, unknown: [...split.unknown, split.rest[0] ?? "nothing"] };
    // argparse takes a number below zero for no option.
    const given = split.rest.slice(name.split(" ").length).filter(w => !/^-\d+$/.test(w)),
        own = getopt(given, optionsOf(tool.commands![name]), false);
    return { ...own, unknown: [...split.unknown, ...own.unknown.map(o => `${o} of ${name}`)] };
}

/** Whether the first words are some that a tool has: of ip's and tc's the beginnings do. */
function knowsWords(rest: readonly string[], words: string): boolean {
    return words.split(" | ").some(entry =>
        entry.split(" ").every((wanted, i) => {
            const given = rest[i];
            return given === undefined ? i > 0 : given === SOMETHING || wanted === "*" || wanted.startsWith(given);
        }),
    );
}

/** A kind of key that OpenSSH 5.9 makes. */
const KEYS = /^(rsa|dsa|ecdsa|rsa1)$/;

/** What dd has not: a word, or a part of one that has a list. */
function operands(given: readonly string[], list = ""): string[] {
    const known = new Map(list.split(" ").map(entry => entry.split("=") as [string, string]));
    return given.filter(word => {
        const [name = "", value = ""] = word.split("="),
            allowed = known.get(name);
        return (
            allowed === undefined || (allowed !== "" && !value.split(",").every(v => allowed.split(",").includes(v)))
        );
    });
}

/** What `ssh -o` has not. */
const settings = (given: readonly string[], list = ""): string[] =>
    given
        .map(setting => setting.split(/[= ]/)[0]!)
        .filter(name => !list.split(" ").includes(name.toLowerCase()))
        .map(name => `-o ${name}`);

/** What is in a command line beside its options: programs of awk and sed, settings, and kinds of keys. */
function withinWords(command: Command, tool: Tool, split: Split): string[] {
    const { name } = command;
    if (name === "awk") return awkMistakes(split.rest[0] ?? "");
    if (name === "sed") {
        const scripts = split.values.get("-e") ?? split.rest.slice(0, 1);
        return scripts.flatMap(sedMistakes);
    }
    if (tool.operands !== undefined) return operands(split.rest, tool.operands);
    if (tool.settings !== undefined) return settings(split.values.get("-o") ?? [], tool.settings);
    if (name === "ssh-keygen") return (split.values.get("-t") ?? []).filter(t => !KEYS.test(t)).map(t => `-t ${t}`);
    return [];
}

/** What Ubuntu 12.04 does not know of a command: option, word or more, and the package that lacks it. */
function unknownIn(command: Command): string[] {
    const { name } = command,
        tool = tools.get(name);
    if (name === SOMETHING) return [];
    if (!tool) return [`no list of what Ubuntu 12.04 has names ${name}`];
    const split = splitBy(command, tool),
        bad = [...split.unknown, ...withinWords(command, tool, split)];
    if (tool.words && split.rest.length > 0 && !knowsWords(split.rest, tool.words)) bad.push(split.rest.join(" "));
    return bad.map(what => `${name} of ${tool.package} has no ${what.replaceAll(SOMETHING, "…")}`);
}

/** What Ubuntu 12.04 does not know in a script. */
export async function unknown(script: string): Promise<Mistake[]> {
    const { commands, wrong } = await read(script);
    return [...wrong, ...commands.flatMap(c => unknownIn(c).map(what => ({ line: c.line, what })))];
}
