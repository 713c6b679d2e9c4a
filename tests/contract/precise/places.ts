import * as fs from "fs";
import * as path from "path";
import * as ts from "typescript";
import { projectDir } from "../../../system/paths";
import { places } from "./node-double";

/** Files and folders whose scripts are all for physical hosts, which have the tools of their own time. */
const toHosts = [
    "cli/hosts/",
    "cli/operate/unrecorded.ts",
    "cli/rebuild/machines.ts",
    "components/new-volume.ts",
    "providers/machine/container.ts",
    "providers/machine/hindrance.ts",
    "providers/machine/host-state.ts",
    "providers/machine/image-file.ts",
    "providers/machine/network-state.ts",
    "providers/machine/seed-disk.ts",
    "providers/machine/uplink.ts",
];
/** Files that send what another makes, and that one: the test records what it makes. */
const passedOn: Readonly<Record<string, string>> = {
    "cli/check/check.ts": "cli/check/checks.ts",
    "cli/orphans/orphans.ts": "cli/orphans/orphans.ts",
    "cli/restore/hosts.ts": "cli/restore/scripts.ts",
    "cli/sabotage/sabotage.ts": "cli/sabotage/render.ts",
};
/** What the test has doubles of. */
const doubles = ["clients/answer.ts", "clients/ssh.ts"];
/** Names of a machine in the sources where it is a physical host. */
const HOST = /^((this\.)?host|hostConnection\(.*)$/;
const named: Readonly<Record<string, RegExp>> = { "providers/machine/domain-power.ts": /^connection$/ };

/** Functions that send a script, and which of their arguments is the machine. */
const senders: Readonly<Record<string, number>> = {
    run: 0,
    exec: 0,
    onApiNode: -1,
    ask: 1,
    askUntil: 1,
    waitUntil: 1,
    readFile: 1,
    writeFile: 1,
};

interface Place {
    /** `providers/guest/packages.ts:33` */
    at: string;
    file: string;
    /** What is called: `run`, of `this.run` too. */
    name: string;
    /** The machine, as the sources say it. */
    to: string;
    line: string;
}

const sources = (folder: string): string[] =>
    fs
        .readdirSync(path.join(projectDir(), folder), { recursive: true, encoding: "utf8" })
        .map(name => path.join(folder, name))
        .filter(name => name.endsWith(".ts"));

/** What in a file makes scripts known to it. */
const KNOWS = /\b(RunScript|onApiNode)\b|^import .*\b(exec|ask|askUntil|waitUntil|readFile|writeFile)\b.* from "\./m;

function placesOf(file: string): Place[] {
    const text = fs.readFileSync(path.join(projectDir(), file), "utf8"),
        found: Place[] = [];
    if (!KNOWS.test(text)) return found;
    const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022),
        lines = text.split("\n");
    const look = (node: ts.Node): void => {
        ts.forEachChild(node, look);
        if (!ts.isCallExpression(node)) return;
        const { expression } = node,
            callee = ts.isPropertyAccessExpression(expression) ? expression.name : expression,
            name = callee.getText(tree),
            machine = senders[name];
        const isOther =
            ts.isPropertyAccessExpression(expression) &&
            !/^(this|means|(this\.)?cloud)\.\w+$/.test(expression.getText(tree));
        if (machine === undefined || isOther || node.arguments.length <= Math.max(machine, 0)) return;
        const row = tree.getLineAndCharacterOfPosition(callee.getStart(tree)).line;
        const to = machine < 0 ? "api-node" : node.arguments[machine]!.getText(tree);
        found.push({ at: `${file}:${row + 1}`, file, name, to, line: lines[row]!.trim() });
    };
    look(tree);
    return found;
}

/** All places in the sources that send a script to a node, but for those that pass on what others make. */
const all = ["cli", "clients", "components", "providers", "releases"]
    .flatMap(sources)
    .filter(file => ![...toHosts, ...doubles].some(other => file.startsWith(other)))
    .flatMap(placesOf)
    .filter(({ file, to }) => !HOST.test(to) && !named[file]?.test(to));

const seen = ({ at, file }: Place): boolean =>
    places.has(at) || [...places].some(p => passedOn[file] !== undefined && p.startsWith(passedOn[file]));

/** Places that have not sent one in this test, of all files or of one: `providers/guest/packages.ts:33: await run(`. */
export const unseen = (file?: string): string[] =>
    all.filter(p => (file === undefined || p.file === file) && !seen(p)).map(({ at, line }) => `${at}: ${line}`);
