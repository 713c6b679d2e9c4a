import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { compute } from "../../clients/compute";
import { session } from "../../clients/identity";
import { Dashboard } from "../../clients/dashboard";
import { images } from "../../clients/image";
import { path as pathOf } from "../../clients/path";
import { closeAll, exec, type ExecResult } from "../../clients/ssh";
import { volumes } from "../../clients/volume";
import type { Settings } from "../../config/settings";
import type { Credentials } from "../../config/credentials";
import { openStack } from "../../engine/automation";
import { obtainEngine } from "../../engine/obtain";
import { exported } from "../../engine/state";
import { hostConnection } from "../../components/host-pair";
import { releaseOf } from "../../releases";
import { adminAccess } from "../../releases/tutorial";
import { UserError } from "../../system/errors";
import { withLock } from "../../system/lock";
import { sayJson, sayLines, visible } from "../../system/output";
import { stateDir } from "../../system/paths";
import { within } from "../../system/within";
import { type CheckResult, Checks } from "./checks";
import { type CheckedCloud, NOT_ENDED } from "./cloud";
import { CheckInterrupted } from "./wait";
import { acceptance, type CheckId, chosenOf, listLines } from "./which";
import { addHelp, jsonOption, setWork, stoppable, wordsOf } from "../shell/command";
import { onOperatorSide } from "../shell/operator-side";
import { severalStacks } from "../shell/stacks";
import { encryptedKeys } from "../stack/placeholders";
import { configured, connectionOf, decryptedSettings, labOf, settingsFrom } from "../stack/reach";
import { adminFacts, generatedPasswords } from "../stack/secrets";
import { Terminal } from "../shell/terminal";

interface CheckOptions {
    json?: boolean;
    patience?: number;
    only?: string;
    list?: boolean;
}

/** `check`: the tutorial's acceptance tests against a stack's cloud, without the engine. */
export function addCheckCommand(cli: Command): void {
    const command = cli
        .command("check")
        .argument("[stack]")
        .description(
            `use the cloud as the tutorial does (${acceptance[0].id}–${acceptance.at(-1)!.id}): image, instance, ssh, rule, volume`,
        )
        .option(...jsonOption)
        .option(
            "--patience <seconds>",
            "the longest wait for one step (default: 30 to 120, enough for a slow machine)",
            secondsOf,
        )
        .option("--only <checks>", "only these, such as T5,T9, and the checks that they need")
        .option("--list", "list the checks; needs no stack. The checks that each needs are in brackets");
    severalStacks(command, { shows: "output", json: true });
    // Of its codes 1 says that the cloud is not sound.
    setWork(command, (stack: string | undefined, options: CheckOptions) => start(stack, options, wordsOf(command)), 2);
    command.addHelpText(
        "after",
        "\nIts objects have names that begin with classroom-check-. It removes them at the end. A second check waits for the first.",
    );
    addHelp(
        command,
        ["check lab", "check lab --only T5", "check team01 --json | jq '.checks[] | select(.result == \"fail\")'"],
        {
            0: "all that was checked passed",
            1: "some failed",
            2: "the cloud could not be asked",
            130: "interrupted",
        },
    );
}

function secondsOf(given: string): number {
    if (/^[1-9]\d*$/.test(given)) return Number(given);
    throw new InvalidArgumentError("Wanted: whole seconds, at least 1.");
}

/** Runs the checks here, or on the operator's side of the stack's lab. */
async function start(stack: string | undefined, options: CheckOptions, words: readonly string[]): Promise<number> {
    const { json, only, list } = options;
    if (list) {
        if (json) sayJson({ checks: acceptance });
        else sayLines(listLines());
        return 0;
    }
    if (stack === undefined) throw new UserError("check wants a stack: ./classroom check lab");
    const chosen = chosenOf(only);
    const before = async () => {
        if (needsEngine(stack)) await obtainEngine(new Terminal(undefined, json));
    };
    return await onOperatorSide(labOf(stack), words, () => check(stack, options, chosen), before);
}

async function check(stack: string, { json, patience }: CheckOptions, chosen: readonly CheckId[]): Promise<number> {
    const terminal = new Terminal(undefined, json),
        said = "interrupted: what was made is removed (Ctrl-C again leaves it to the next check)";
    let interrupted: AbortSignal | undefined;
    try {
        return await stoppable(terminal, said, signal => {
            interrupted = signal;
            return checked({ stack, terminal, signal, patience, chosen });
        });
    } catch (e) {
        if (!(e instanceof CheckInterrupted) && !interrupted?.aborted) throw e;
        terminal.result({ stack, error: "interrupted", exitCode: 130 });
        return 130;
    } finally {
        await closeAll();
    }
}

interface Checking {
    stack: string;
    terminal: Terminal;
    signal: AbortSignal;
    patience: number | undefined;
    chosen: readonly CheckId[];
}

/** Tells of each check as it ends. Returns the exit code. */
async function checked({ stack, terminal, signal, patience, chosen }: Checking): Promise<number> {
    const start = Date.now(),
        cloud = await cloudOf(stack, terminal, signal);
    // Two at once would take away each other's things as what an earlier one left.
    const results = await withLock(
        path.join(stateDir(), `check-${stack}.lock`),
        () =>
            new Checks(cloud, line => terminal.note(visible(line)), signal, patience).run(
                result => terminal.line(inWords(result)),
                chosen,
            ),
        other => terminal.note(`another check of ${stack} is under way (process ${other}); this one waits for its end`),
        signal,
    );
    const count = (result: CheckResult["result"]) => results.filter(r => r.result === result).length;
    const [passed, failed, skipped] = [count("pass"), count("fail"), count("skip")],
        seconds = Math.round((Date.now() - start) / 100) / 10;
    const exitCode = failed > 0 ? 1 : 0;
    terminal.line(`${passed} passed, ${failed} failed, ${skipped} skipped in ${seconds.toFixed(1)} s`);
    terminal.result({ stack, checks: results, passed, failed, skipped, seconds, exitCode });
    return exitCode;
}

export const inWords = ({ result, id, title, detail, seconds }: CheckResult): string =>
    visible(`${result}  ${id.padEnd(3)}  ${title}: ${detail}${result === "skip" ? "" : `, ${seconds.toFixed(1)} s`}`);

/**
 * The stack's cloud as its admin sees it.
 * @throws when nothing of it can be asked: no node is recorded, the host or identity does not answer
 */
async function cloudOf(stack: string, terminal: Terminal, signal: AbortSignal): Promise<CheckedCloud> {
    const apiNode = connectionOf(stack, "api-node");
    const { settings, generated } = await settingsOf(stack, terminal);
    const facts = adminFacts(stack, settings, generated);
    terminal.protect([facts.credentials.adminPassword]);
    const access = adminAccess(facts, hostConnection(settings, "central"));
    const { username, password, via } = access,
        host = settings.plan.node("api-node").publicAddress!,
        release = releaseOf(settings.release);
    const admin = session(access);
    await admin.withLogin(async () => undefined);
    return {
        compute: compute(access),
        images: images(access),
        volumes: volumes(access),
        dashboard: new Dashboard({ via, host, username, password }),
        pages: release.pages,
        iscsiByQemu: settings.kindOf("compute-1") === "container",
        ec2: release.ec2 ?? false,
        renameServer: async (id, name) => {
            await admin.request("compute", { method: "PUT", path: pathOf`/servers/${id}`, json: { server: { name } } });
        },
        addSecurityGroup: async (id, name) => {
            await admin.request("compute", {
                method: "POST",
                path: pathOf`/servers/${id}/action`,
                json: { addSecurityGroup: { name } },
            });
        },
        onApiNode: (script, seconds) =>
            atMost(seconds, exec(apiNode, script, { timeoutSeconds: 2 * seconds, allowFailure: true })),
        now: () => Date.now(),
        // An interruption ends the wait of the checks; what is waited for afterwards, while cleaning up, takes its time.
        sleep: async seconds => {
            await sleep(seconds * 1000, undefined, signal.aborted ? {} : { signal }).catch(() => undefined);
        },
    };
}

/** What came of a script, or that it has not ended in time: the operator's, for a node's clock may be wrong. */
const atMost = (seconds: number, work: Promise<ExecResult>): Promise<ExecResult> =>
    within(seconds, work, () => ({ code: NOT_ENDED, stdout: "", stderr: `no answer within ${seconds} s` }));

/** Whether the engine alone can decrypt the passwords, or knows those that are generated. */
function needsEngine(stack: string): boolean {
    const given = configured(stack);
    return encryptedKeys(given).length > 0 || given.secrets === "generated";
}

async function settingsOf(
    stack: string,
    terminal: Terminal,
): Promise<{ settings: Settings; generated: Partial<Credentials> }> {
    if (!needsEngine(stack)) return { settings: settingsFrom(stack, configured(stack)), generated: {} };
    const opened = await openStack(
        stack,
        async () => undefined,
        await obtainEngine(terminal),
        line => terminal.note(line),
    );
    const settings = decryptedSettings(stack, await opened.getAllConfig());
    return {
        settings,
        generated: settings.secrets === "generated" ? generatedPasswords(exported(await opened.exportStack())) : {},
    };
}
