import * as readline from "readline";
import { Writable } from "stream";
import type { Command } from "commander";
import { passwordProblem, shortestPassword } from "../config/passwords";
import { whyNotRotated } from "../config/settings";
import { credentialNames, type Credentials } from "../config/credentials";
import { setSecret } from "../engine/automation";
import { obtainEngine } from "../engine/obtain";
import { configFile, edited, replaceConfig, textOf } from "../engine/stack-file";
import { UserError } from "../system/errors";
import { ask, complain } from "../system/output";
import { addHelp, setWork } from "./shell/command";
import { configured, configuredIn } from "./stack/reach";
import { Terminal } from "./shell/terminal";

/**
 * `config set-secret`: passwords of the cloud in place of others, encrypted in the stack's own file; `config rotate`:
 * other generated ones.
 */
export function addConfigCommands(cli: Command): void {
    const config = cli.command("config").description("a stack's configuration, Pulumi.<stack>.yaml");
    addSetSecret(config);
    addRotate(config);
}

function addSetSecret(config: Command): void {
    const set = config
        .command("set-secret")
        .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
        .argument("<name...>", credentialNames.join(", "))
        .description(
            "encrypt passwords of the cloud into Pulumi.<stack>.yaml, under credentials;\nthey are read from standard input, a line for each name",
        );
    setWork(set, async (stack: string, names: string[]) => {
        const file = configFile(stack),
            wanted = namesIn(names);
        const passwords = checked(stack, wanted, await (process.stdin.isTTY ? asked(stack, wanted) : lines()));
        const terminal = new Terminal(undefined);
        await setSecret(
            stack,
            Object.fromEntries(wanted.map((name, i) => [`credentials.${name}`, passwords[i]!])),
            await obtainEngine(terminal),
            line => terminal.note(line),
        );
        terminal.line(`set in ${file}: ${wanted.join(", ")}; the cloud has them with the next ./classroom up ${stack}`);
    });
    set.addHelpText("after", "\nThe passphrase that decrypts them is in the state folder, not in the file.");
    addHelp(
        set,
        ["config set-secret lab adminPassword", "config set-secret team01 mysqlRoot novaDatabase < two-lines.txt"],
        { 0: "done", 1: "error", 130: "interrupted" },
    );
}

function addRotate(config: Command): void {
    const rotating = config
        .command("rotate")
        .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
        .argument("<name...>", credentialNames.join(", "))
        .description("replace generated passwords at the next up (rotations of Pulumi.<stack>.yaml)");
    setWork(rotating, (stack: string, names: string[]) => {
        const file = configFile(stack),
            wanted = namesIn(names);
        replaceConfig(stack, rotated(textOf(stack), stack, wanted));
        new Terminal(undefined).line(
            `rotations counted in ${file}: ${wanted.join(", ")}; the cloud has other passwords there with the next ./classroom up ${stack}`,
        );
    });
    addHelp(rotating, [
        "config rotate lab cinderUser",
        "config rotate team01 adminPassword adminToken && ./classroom up team01",
    ]);
}

function namesIn(names: readonly string[]): (keyof Credentials)[] {
    const unknown = names.filter(name => !(credentialNames as string[]).includes(name));
    if (unknown.length > 0)
        throw new UserError(
            `no such password: ${unknown.join(", ")}; there are ${credentialNames.join(", ")}. Nothing was changed`,
        );
    return [...new Set(names)] as (keyof Credentials)[];
}

/**
 * The text of a stack's file with the rotations of some passwords counted one up; all else of it stays as it is.
 * @throws UserError when one of them is not generated
 */
export function rotated(text: string, stack: string, names: readonly (keyof Credentials)[]): string {
    const { secrets, credentials = {} } = configuredIn(text, stack) as { secrets?: unknown; credentials?: object };
    const wrong = names
        .flatMap(name => whyNotRotated(name, secrets, credentials) ?? [])
        .filter((reason, i, all) => all.indexOf(reason) === i);
    if (wrong.length > 0)
        throw new UserError(
            `${names.join(", ")} of stack ${stack} cannot be rotated; nothing was changed\n${wrong.map(reason => `  ${reason}`).join("\n")}`,
        );
    return edited(
        text,
        names.map(name => ({ at: ["rotations", name], next: before => Number(before ?? 0) + 1 })),
    );
}

/** @throws UserError naming the fault, never the password */
export function checked(
    stack: string,
    names: readonly (keyof Credentials)[],
    passwords: readonly string[],
): readonly string[] {
    if (passwords.length !== names.length)
        throw new UserError(
            `standard input has ${passwords.length} lines; wanted is one for each of ${names.join(", ")}. Nothing was changed`,
        );
    const { release = "grizzly" } = configured(stack);
    const wrong = names.flatMap((name, i) => {
        const password = passwords[i]!;
        const problem =
            password.length < shortestPassword
                ? `it must have ${shortestPassword} characters or more: a shorter one cannot be masked in the output`
                : passwordProblem(name, password, String(release));
        return problem ? [`${name}: ${problem}`] : [];
    });
    if (wrong.length > 0)
        throw new UserError(
            `not a password that the cloud can have; nothing was changed\n${wrong.map(l => `  ${l}`).join("\n")}`,
        );
    return passwords;
}

async function lines(): Promise<string[]> {
    let text = "";
    for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk as string;
    return text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** Typed at the terminal, where they are not shown. */
async function asked(stack: string, names: readonly string[]): Promise<string[]> {
    const input = readline.createInterface({
        input: process.stdin,
        output: new Writable({ write: (_chunk, _encoding, done) => done() }),
        terminal: true,
    });
    const passwords: string[] = [];
    try {
        for (const name of names) {
            ask(`${name} of stack ${stack}: `);
            passwords.push(
                await new Promise<string>((resolve, reject) => {
                    input
                        .once("SIGINT", () => reject(new UserError("interrupted; nothing was changed", 130)))
                        .once("close", () => reject(new UserError("no password was given; nothing was changed")));
                    input.question("", resolve);
                }),
            );
            complain("");
        }
    } finally {
        input.close();
    }
    return passwords;
}
