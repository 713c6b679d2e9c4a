import type { ChildProcess } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as path from "path";
import type { Command } from "commander";
import { classOf, classStacks } from "../../engine/class-file";
import { UserError } from "../../system/errors";
import { toItself } from "../../system/handed-over";
import { onInterrupt } from "../../system/interrupt";
import { say, sayLines } from "../../system/output";
import { projectDir } from "../../system/paths";
import { Journal } from "../exercise/journal";
import { Exercises } from "../exercise/operations";
import { loadExercises } from "../sabotage/exercises";
import { addHelp, setWork } from "../shell/command";
import { startAgain } from "../shell/operator-side";
import { Commands, usualJobs } from "../shell/side-by-side";
import { socketFolder } from "../shell/sockets";
import { Audit, Privileged } from "./privileged";
import { EndedCookies, givenCertificate, keyringOf, ownCertificate, type Tokens, tokensFor } from "./secrets";
import type * as server from "./serve";
import type { Message } from "./vocabulary";

interface Options {
    listen?: string;
    certificate?: string;
    key?: string;
    tokens?: boolean;
    newTokens?: boolean;
}

/** `board`: pages for the teacher and each team, live, until Ctrl-C. */
export function addBoardCommand(cli: Command): void {
    const command = cli
        .command("board")
        .description("pages for the teacher and each team: exercise, clock, points, and what is up; until Ctrl-C")
        .option(
            "--listen <address:port>",
            "with TLS, for others than this machine (default: 127.0.0.1:8484, without TLS)",
        )
        .option("--certificate <file>", "with --listen: a certificate (PEM) in place of one of the program's own")
        .option("--key <file>", "with --certificate: its key (PEM)")
        .option("--tokens", "show the tokens of the teacher and the teams; starts nothing")
        .option("--new-tokens", "make all tokens anew: who is logged in has to log in again");
    setWork(command, async (options: Options) => {
        const at = process.env[toItself.sockets];
        if (at === undefined) return await board(options);
        // Loaded when it is needed: no other command has to do with a server of pages.
        const { serve } = require("./serve") as typeof server;
        return await serve(at);
    });
    addHelp(command, ["board", "board --listen 10.1.2.3:8443", "board --tokens"], {
        1: "error",
        130: "ended by Ctrl-C",
    });
}

/** Where it listens. @throws UserError for what is no address with a port */
function listenAt(text: string | undefined): { host: string; port: number } {
    if (text === undefined) return { host: "127.0.0.1", port: 8484 };
    const [, host = "", port = ""] = /^\[?([0-9A-Za-z.:-]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
    if (net.isIP(host) === 0 || Number(port) > 65535)
        throw new UserError(
            `--listen "${text}" is not allowed; wanted: an address of this machine and a port, as 10.1.2.3:8443 or [::1]:8443`,
        );
    return { host, port: Number(port) };
}

async function certificateFor({ listen, certificate, key }: Options, host: string) {
    if ((certificate === undefined) !== (key === undefined)) throw new UserError("--certificate and --key go together");
    if (certificate !== undefined && key !== undefined) return givenCertificate(certificate, key);
    return listen === undefined ? undefined : await ownCertificate(host);
}

const tokenLines = ({ teacher, teams }: Tokens): string[] => [
    `teacher  ${teacher}`,
    ...Object.entries(teams).map(([team, token]) => `${team}  ${token}`),
];

async function board(options: Options): Promise<number> {
    const teams = classStacks(),
        tokens = tokensFor(teams, options.newTokens);
    if (options.tokens) {
        sayLines(tokenLines(tokens));
        return 0;
    }
    const listen = listenAt(options.listen),
        tls = await certificateFor(options, listen.host),
        journal = new Journal(),
        commands = new Commands(undefined, usualJobs()),
        ended = new EndedCookies();
    const sources = { plan: classOf(), teams, journal, exercises: loadExercises() };
    const exercises = new Exercises(journal, commands.run);
    const privileged = new Privileged({ sources, exercises, run: commands.run, audit: new Audit(), ended });
    const hello: Message = {
        say: "hello",
        keyring: keyringOf(tokens),
        ended: ended.cookies(),
        listen,
        ...(tls && { tls }),
        files: pages(),
    };
    try {
        return await withServer(privileged, hello, commands, port => {
            const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
            say(`the board: ${tls ? "https" : "http"}://${host}:${port}/`);
            say("tokens to log in with: ./classroom board --tokens; Ctrl-C ends this");
        });
    } finally {
        journal.close();
    }
}

/** The part that serves pages needs no variable but these. */
const served = ["PATH", "HOME", "TMPDIR", "LC_ALL", "CLASSROOM_DEBUG"];

/** Starts the part that serves pages, and speaks with it until one of both ends. */
async function withServer(
    privileged: Privileged,
    hello: Message,
    commands: Commands,
    ready: (port: number) => void,
): Promise<number> {
    const dir = socketFolder("classroom-board-", ["s"]),
        at = path.join(dir, "s");
    const removed = () => fs.rmSync(dir, { recursive: true, force: true });
    const door = net.createServer(socket => {
        // One alone is expected: nobody else finds a door.
        door.close();
        removed();
        socket.on("error", () => undefined);
        privileged.serve(socket, hello, ready);
    });
    await new Promise<void>((resolve, reject) => door.once("error", reject).listen(at, resolve));
    const environment = Object.fromEntries(served.map(name => [name, process.env[name]]));
    const child = startAgain(undefined, ["board"], { [toItself.sockets]: at }, environment);
    const release = onInterrupt(() => {
        if (running(child) && !commands.interrupted) say("interrupted; what is being done to clouds is ended first");
        commands.interrupt();
        child.kill("SIGKILL");
    });
    try {
        const code = await new Promise<number | null>((resolve, reject) =>
            child.once("error", reject).once("exit", resolve),
        );
        // What runs writes its end into the journal.
        await privileged.done();
        if (commands.interrupted) return 130;
        // It has told why.
        if (code === 1) return 1;
        throw new UserError(`the part of the board that serves pages has ended (${code ?? "killed"}); start it again`);
    } finally {
        release();
        door.close();
        removed();
    }
}

const running = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null;

/** The pages' files. */
export function pages(): Record<string, string> {
    const dir = path.join(projectDir(), "cli/board/public");
    return Object.fromEntries(fs.readdirSync(dir).map(name => [name, fs.readFileSync(path.join(dir, name), "utf8")]));
}
