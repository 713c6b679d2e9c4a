import * as fs from "fs";
import { LangVariant, parse } from "sh-syntax";
import { Language, type Node, Parser } from "web-tree-sitter";
import { answerShell } from "../../../clients/answer";
import { initShell, listeningShell, runningShell } from "../../../providers/guest/init";

/** Stands in a word for what the shell puts there when it runs. */
export const SOMETHING = "\0";

/** One command of a script, with its words as the shell would give them. */
export interface Command {
    name: string;
    words: string[];
    /** Of the script, from 1 on. */
    line: number;
}

/** What Ubuntu 12.04 does not take, and in which line of a script. */
export interface Mistake {
    line: number;
    what: string;
}

/** What a script runs, and what in it dash does not have. */
interface Read {
    commands: Command[];
    wrong: Mistake[];
}

let parser: Parser | undefined;
async function grammar(): Promise<Parser> {
    if (parser) return parser;
    await Parser.init();
    const file = require.resolve("tree-sitter-bash/tree-sitter-bash.wasm");
    parser = new Parser();
    parser.setLanguage(await Language.load(fs.readFileSync(file)));
    return parser;
}

const computed = new Set([
    "simple_expansion",
    "expansion",
    "command_substitution",
    "arithmetic_expansion",
    "process_substitution",
]);

/** A word as the shell hands it over. */
function word(node: Node): string {
    if (computed.has(node.type)) return SOMETHING;
    if (node.type === "raw_string") return node.text.slice(1, -1);
    if (node.type !== "string" && node.type !== "concatenation") return node.text.replace(/\\([^\n])|\\\n/g, "$1");
    const parts: string[] = [],
        quoted = node.type === "string";
    const plain = (from: number, to: number) =>
        node.text.slice(from - node.startIndex, to - node.startIndex).replace(/\\(["\\$`])|\\\n/g, "$1");
    let at = node.startIndex + (quoted ? 1 : 0);
    for (const child of node.namedChildren) {
        if (!child || child.type === "string_content") continue;
        parts.push(plain(at, child.startIndex), word(child));
        at = child.endIndex;
    }
    return [...parts, plain(at, node.endIndex - (quoted ? 1 : 0))].join("");
}

/** What dash's test asks of one word. */
const DASH_TESTS = new Set(
    "-b -c -d -e -f -g -h -k -L -n -O -G -p -r -s -S -t -u -w -x -z -eq -ne -gt -ge -lt -le -nt -ot -ef -a -o".split(
        " ",
    ),
);

/** Constructs of the grammar, which is bash's, that dash does not have, and that the POSIX parser takes for plain words. */
const bashOnly: Readonly<Record<string, (node: Node) => string | undefined>> = {
    ansi_c_string: () => "$'…' is bash's",
    brace_expression: () => "{a..b} is bash's",
    declaration_command: node => (/^(declare|typeset)\b/.test(node.text) ? "declare is bash's" : undefined),
    array: () => "an array is bash's",
    variable_assignment: node => (node.children.some(c => c?.type === "+=") ? "+= is bash's" : undefined),
    test_operator: node => (DASH_TESTS.has(node.text) ? undefined : `test ${node.text} is bash's`),
    test_command: node => (node.children[0]?.type === "[[" ? "[[ … ]] is bash's" : undefined),
    binary_expression: node =>
        node.children
            .map(c => c?.type)
            .find(t => t === "==" || t === "=~")
            ?.concat(" is bash's"),
};

/** What only a machine with systemd comes to. */
const SYSTEMD = "[ -d /run/systemd/system ]";

const elsewhere = (node: Node): boolean =>
    node.type === "if_statement"
        ? node.childForFieldName("condition")?.text === SYSTEMD
        : node.type === "list" &&
          node.namedChildren[0]?.text === SYSTEMD.replace("[", "[ !") &&
          node.children[1]?.type === "||";

/** All below a node that a machine of Ubuntu 12.04 may come to. */
function* within(node: Node): Generator<Node> {
    const other = elsewhere(node);
    for (const child of node.namedChildren) {
        if (!child || (other && child.type !== "else_clause" && child.type !== "elif_clause")) continue;
        yield child;
        yield* within(child);
    }
}

/** The words of a command, without what is put before it and where its output goes. */
function commandOf(node: Node): Command {
    const name = node.childForFieldName("name")!,
        words = node.childrenForFieldName("argument").flatMap(a => (a ? [word(a)] : []));
    return { name: word(name.namedChildren[0] ?? name), words, line: name.startPosition.row + 1 };
}

/** Functions of a script: those that hand all their arguments to one program stand for it. */
function functionsOf(root: Node): Map<string, Command | undefined> {
    const found = new Map<string, Command | undefined>();
    for (const definition of root.descendantsOfType("function_definition")) {
        const command = definition?.descendantsOfType("command").find(c => c && /"\$@"/.test(c.text));
        found.set(definition!.childForFieldName("name")!.text, command ? commandOf(command) : undefined);
    }
    return found;
}

/** What is wrong with a script as dash reads it, by a parser of POSIX's language. */
export async function notPosix(script: string): Promise<Mistake[]> {
    try {
        await parse(script, { variant: LangVariant.LangPOSIX });
        return [];
    } catch (e) {
        const said = (e as Error).message,
            [, line = "1", what = said] = /^(\d+):\d+: (.*)/.exec(said) ?? [];
        return [{ line: Number(line), what }];
    }
}

/** Lines of shell that many scripts have before their own, each a script by itself: read once. */
export const PRELUDES = [answerShell, initShell, runningShell, listeningShell];
let given: Map<string, Command | undefined> | undefined;
async function preludes(): Promise<Map<string, Command | undefined>> {
    return (given ??= functionsOf((await grammar()).parse(PRELUDES.join("\n"))!.rootNode));
}
/** A script with empty lines in place of what many have; of one of these, all. */
const own = (script: string): string =>
    PRELUDES.includes(script)
        ? script
        : PRELUDES.reduce((text, prelude) => text.replace(prelude, prelude.replace(/[^\n]/g, "")), script);

/** Programs whose last words are a command of its own, or one in quotes. */
const inQuotes: Readonly<Record<string, (words: readonly string[]) => string | undefined>> = {
    sh: words => words[words.indexOf("-c") + 1],
    su: words => words[words.indexOf("-c") + 1],
    trap: words => words[0],
    eval: words => words.join(" "),
};

/**
 * The commands of a script, and what in it dash does not have as far as {@link notPosix} does not find it.
 * What it has from {@link PRELUDES} is left out, for these are scripts by themselves.
 */
export async function read(script: string): Promise<Read> {
    // An empty list of words is dash's as well as bash's; the grammar wants one.
    const tree = (await grammar()).parse(own(script).replace(/\bin ;/g, "in :;"))!,
        found: Read = { commands: [], wrong: [] },
        functions = new Map([...(await preludes()), ...functionsOf(tree.rootNode)]);
    for (const node of within(tree.rootNode)) {
        const line = node.startPosition.row + 1,
            what = node.type === "ERROR" ? `not understood: ${node.text}` : bashOnly[node.type]?.(node);
        if (what !== undefined) found.wrong.push({ line, what });
        if (node.type === "command" && node.childForFieldName("name")) await take(commandOf(node), functions, found);
    }
    tree.delete();
    return found;
}

/** Adds a command, and those that it runs in its turn. */
async function take(command: Command, functions: ReadonlyMap<string, Command | undefined>, found: Read): Promise<void> {
    const other = functions.get(command.name);
    if (other) {
        const words = other.words.flatMap(w => (w === SOMETHING ? command.words : [w]));
        await take({ name: other.name, words, line: command.line }, functions, found);
    }
    if (functions.has(command.name)) return;
    found.commands.push(command);
    const inner = innerOf(command);
    if (inner) await take({ ...inner, line: command.line }, functions, found);
    const quoted = inQuotes[command.name]?.(command.words);
    if (quoted === undefined || quoted.includes(SOMETHING)) return;
    const { commands, wrong } = await read(quoted);
    found.commands.push(...commands.map(c => ({ ...c, line: command.line })));
    found.wrong.push(...wrong.map(w => ({ ...w, line: command.line })));
}

/** Programs that run another, and which words of theirs come before it: options, and values of some. */
const runners: Readonly<Record<string, RegExp>> = {
    exec: /^-/,
    command: /^-/,
    nohup: /^-/,
    setsid: /^-/,
    xargs: /^-|^\d+$/,
    nice: /^-|^\d+$/,
    timeout: /^-|^\d+[smhd]?$|^[A-Z]+$/,
    env: /^-|^\w+=/,
};

/** The command that another runs, whose words are its own. */
function innerOf({ name, words }: Command): Omit<Command, "line"> | undefined {
    const at =
        name === "find"
            ? words.findIndex((_, i) => /^-(exec|execdir|ok|okdir)$/.test(words[i - 1] ?? ""))
            : words.findIndex(w => !(runners[name]?.test(w) ?? true));
    return at < 0 ? undefined : { name: words[at]!, words: words.slice(at + 1) };
}
