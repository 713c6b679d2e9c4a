import { randomBytes } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { pathToFileURL } from "url";
import { UserError } from "../system/errors";
import { createFile, replaceFile } from "../system/files";
import { lockHolder, withLock } from "../system/lock";
import { stateDir } from "../system/paths";
import { removeHalfWritten } from "./half-written";
import { breakDeadLocks, holderOf } from "./locks";
import { PROJECT } from "./stack-file";
import { type PastOperation, type RecordedResource, type RecordedState, stateOf } from "./state";

/** Documents of one kind that are kept of a stack, by name. */
export interface Documents {
    all(): unknown[];
    put(name: string, document: unknown): void;
    /** Removes one, or all; one that is not there is success. */
    remove(name?: string): void;
}

/**
 * All that is kept of stacks on the operator's side: the engine's state with its history and locks, and beside it backups, notes and
 * restore points. The engine's file backend is behind it; nothing else of the program knows where it lies.
 */
export interface StackStore {
    /**
     * Environment by which the engine, and a plain `pulumi`, find the states and decrypt them. @throws UserError where
     * the passphrase is lost
     */
    environment(): Record<string, string>;
    /** Whether a stack of this project has a state. */
    hasStates(): boolean;
    /** Whether a stack has a state, be it an empty one. */
    has(stack: string): boolean;
    /** The state of a stack; undefined for one that was never used. Secrets in it are encrypted. */
    state(stack: string): RecordedState | undefined;
    /** The resources of that state; none where there is no state. */
    resources(stack: string): RecordedResource[];
    /** The state as the engine keeps it, for {@link putBack}; undefined where there is none. */
    whole(stack: string): unknown;
    /** Puts such a state in the place of the present one. */
    putBack(stack: string, whole: unknown): void;
    /** Keeps the state as it is now. The oldest of more than ten goes. */
    backUp(stack: string): void;
    /** The last operation that was finished, or the last of a kind (`up`, `refresh`), whether it went well or not. */
    lastOperation(stack: string, kind?: string): PastOperation | undefined;
    /** Breaks the locks that dead processes of this machine left on a stack. @returns a line for each */
    breakDeadLocks(stack: string): string[];
    /**
     * That nobody works on a stack; the lock of a run that has died is broken, which `note` is told.
     * @throws UserError when another run works on the stack, because its pending operations must not be taken for a dead run's
     */
    checkFree(stack: string, note: (line: string) => void): void;
    /** Does work while a stack is held against everybody else: machines and state belong together then. */
    whileHeld<T>(stack: string, work: () => Promise<T>): Promise<T>;
    /** Removes the half-written files of a killed engine, of a stack without a run. */
    removeHalfWritten(stack: string): void;
    /** A text that is kept of a stack as long as its cloud is there; undefined where there is none of that name. */
    note(stack: string, name: string): string | undefined;
    /** Keeps such a text, readable by the operator alone. @returns the path of its file */
    putNote(stack: string, name: string, text: string): string;
    /** Removes the texts of a cloud that is no more; none is success. */
    removeNotes(stack: string): void;
    /** The restore points of a stack. @param above folder that they are kept below: a lab's go with the lab */
    restorePoints(stack: string, above?: string): Documents;
}

/** How many states are kept from before the last operations. */
const KEPT = 10;

/** The folder of the engine's file backend. */
const backend = (): string => path.join(stateDir(), "stacks");
const statesDir = (): string => path.join(backend(), ".pulumi/stacks", PROJECT);
/** The file in which the file backend keeps a stack. */
export const stateFile = (stack: string): string => path.join(statesDir(), `${stack}.json`);
const notesDir = (stack: string): string => path.join(backend(), stack);
/** Held by a snapshot or a restore of a stack while it works. */
const restoreLock = (stack: string): string => path.join(stateDir(), `restore-${stack}.lock`);

const parsed = (file: string): unknown =>
    fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as unknown) : undefined;

/** Behind it is the engine's file backend, in the state folder. */
export const stackStore: StackStore = {
    environment() {
        fs.mkdirSync(backend(), { recursive: true, mode: 0o700 });
        return { PULUMI_BACKEND_URL: pathToFileURL(backend()).href, PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() };
    },
    hasStates: () => fs.existsSync(statesDir()) && fs.readdirSync(statesDir()).some(name => name.endsWith(".json")),
    has: stack => fs.existsSync(stateFile(stack)),
    state(stack) {
        const whole = parsed(stateFile(stack));
        return whole === undefined ? undefined : stateOf(whole);
    },
    resources: stack => stackStore.state(stack)?.resources ?? [],
    whole: stack => parsed(stateFile(stack)),
    putBack: (stack, whole) => replaceFile(stateFile(stack), JSON.stringify(whole, undefined, 4), 0o600),
    backUp(stack) {
        const dir = path.join(stateDir(), "backups", stack);
        fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
        // The file itself, because the Automation API's export has the secrets in plain text.
        if (!fs.existsSync(stateFile(stack))) return;
        const copy = path.join(dir, `${new Date().toISOString().replace(/[:.]/g, "-")}.json`);
        fs.copyFileSync(stateFile(stack), copy);
        fs.chmodSync(copy, 0o600);
        for (const old of fs.readdirSync(dir).sort().slice(0, -KEPT)) fs.rmSync(path.join(dir, old));
    },
    lastOperation(stack, kind) {
        const dir = path.join(backend(), ".pulumi/history", PROJECT, stack);
        const names = fs.existsSync(dir) ? fs.readdirSync(dir).filter(name => name.endsWith(".history.json")) : [];
        for (const name of names.sort().reverse()) {
            const past = pastOperation(parsed(path.join(dir, name)) as History);
            if (kind === undefined || past.operation === kind) return past;
        }
        return undefined;
    },
    breakDeadLocks: stack => breakDeadLocks(backend(), PROJECT, stack),
    checkFree(stack, note) {
        stackStore.breakDeadLocks(stack).forEach(note);
        const other = lockHolder(restoreLock(stack));
        const busy =
            holderOf(backend(), PROJECT, stack) ??
            (other === undefined || other === process.pid ? undefined : `a snapshot or restore (process ${other})`);
        if (busy)
            throw new UserError(
                `stack ${stack} is being worked on by ${busy}; nothing was changed. Wait until that has ended`,
            );
    },
    whileHeld: (stack, work) => withLock(restoreLock(stack), work),
    removeHalfWritten(stack) {
        if (holderOf(backend(), PROJECT, stack) === undefined) removeHalfWritten(backend(), PROJECT, stack);
    },
    note(stack, name) {
        const file = path.join(notesDir(stack), name);
        return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
    },
    putNote(stack, name, text) {
        const file = path.join(notesDir(stack), name);
        fs.mkdirSync(notesDir(stack), { recursive: true, mode: 0o700 });
        replaceFile(file, text, 0o600);
        return file;
    },
    removeNotes: stack => fs.rmSync(notesDir(stack), { recursive: true, force: true }),
    restorePoints: (stack, above = stateDir()) => documentsIn(path.join(above, "restore-points", stack)),
};

/** Documents as files of a folder. */
const documentsIn = (dir: string): Documents => ({
    all: () =>
        fs.existsSync(dir)
            ? fs
                  .readdirSync(dir)
                  .filter(name => name.endsWith(".json"))
                  .map(name => parsed(path.join(dir, name)))
            : [],
    put(name, document) {
        fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
        replaceFile(path.join(dir, `${name}.json`), JSON.stringify(document), 0o600);
    },
    remove: name =>
        fs.rmSync(name === undefined ? dir : path.join(dir, `${name}.json`), { recursive: true, force: true }),
});

/** An entry of the engine's history, with times in seconds. */
interface History {
    kind: string;
    result: string;
    startTime: number;
    endTime: number;
}

const pastOperation = ({ kind, result, startTime, endTime }: History): PastOperation => ({
    operation: kind === "update" ? "up" : kind,
    result,
    started: new Date(startTime * 1000).toISOString(),
    seconds: endTime - startTime,
});

/**
 * The passphrase that encrypts the stacks' secrets: made once, 0600. Lost, the secrets in every state are lost.
 * @throws UserError when there are states but no passphrase: a new one would not open them
 */
export function passphraseFile(): string {
    const file = path.join(stateDir(), "passphrase");
    if (!fs.existsSync(file) && stackStore.hasStates()) {
        throw new UserError(
            `the passphrase of the stacks' secrets is missing (${file}), so their states in ${backend()} cannot be opened; nothing was changed. ` +
                "Put it back from your backup (without one: docs/state.md)",
        );
    }
    createFile(file, randomBytes(24).toString("base64url") + "\n", 0o600);
    if (fs.readFileSync(file, "utf8").trim() === "")
        throw new UserError(
            `the passphrase of the stacks' secrets is empty (${file}); nothing was changed. Put it back from your backup, or remove the file where there is no state yet`,
        );
    return file;
}
