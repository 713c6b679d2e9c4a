import type { Client, ClientChannel } from "ssh2";
import { Unreachable } from "./connection";
import { type Cut, type Frame } from "./frame";
import { operatorClock } from "./operator-clock";

/** The output of a script on a machine, and its exit code. */
export interface ExecResult {
    stdout: string;
    stderr: string;
    code: number;
}

/** The end of a machine's output, for a message. */
export const lastOf = (said: string): string => said.slice(-4096).trim();

export interface CommandLimits {
    /** From the command's start. Default 300. The channel is closed after that and the call fails. */
    timeoutSeconds?: number;
    /** How long the machine may take to start it. Default 10. */
    openSeconds?: number;
}

/** A command that took longer than it may. The machine answers, so that it is not taken for dead. */
class TimedOut extends Error {
    override readonly name = "TimedOut";
}

const OPEN_SECONDS = 10;
/** OpenSSH allows ten sessions a connection (MaxSessions). */
const CHANNELS = 7;
/** The most that is read of both streams together. More output ends the command. */
const ANSWER_MIB = 8;
/** How long the machine may take to close a channel of which everything has been heard. */
const CLOSE_SECONDS = 1;

/** One connection to one machine, with its channels counted. */
export class Session {
    private free = CHANNELS;
    private running = 0;
    private readonly waiting: { begin: () => void; fail: (why: Error) => void }[] = [];
    closed = false;
    /** Channels to other machines that somebody has over it. */
    readonly carried = new Set<object>();
    /** Its result. */
    private end = "the connection was lost while a command ran";

    constructor(readonly client: Client) {
        client.once("close", () => {
            this.closed = true;
            for (const { fail } of this.waiting.splice(0)) fail(new Unreachable(this.end));
        });
    }

    /** Whether a command or a channel of somebody's goes over it. */
    get isUsed(): boolean {
        return this.free < CHANNELS || this.carried.size > 0;
    }

    /**
     * Runs a command, when it is its turn.
     * @param machine its name, for messages
     * @throws Unreachable where it cannot be run, or its answer is not whole; TimedOut
     */
    async run(machine: string, frame: Frame, limits: CommandLimits): Promise<ExecResult> {
        try {
            return await this.turn(
                () =>
                    new Promise<ExecResult>((resolve, reject) => {
                        const lost = () => reject(new Unreachable(this.end));
                        this.client.once("close", lost);
                        this.ask(frame, limits)
                            .then(resolve, reject)
                            .finally(() => this.client.removeListener("close", lost));
                    }),
            );
        } catch (e) {
            (e as Error).message = `${machine}: ${(e as Error).message}`;
            throw e;
        }
    }

    private async turn<T>(use: () => Promise<T>): Promise<T> {
        if (this.free > 0) this.free--;
        else await new Promise<void>((begin, fail) => this.waiting.push({ begin, fail }));
        try {
            if (this.closed) throw new Unreachable(this.end);
            return await use();
        } finally {
            const next = this.waiting.shift();
            if (next) next.begin();
            else this.free++;
        }
    }

    /**
     * Starts a command and hears it out. A machine that is busy counts sessions that have ended for a while and then refuses
     * another, of which nothing was begun: it is asked again.
     */
    private async ask(
        frame: Frame,
        { timeoutSeconds = 300, openSeconds = OPEN_SECONDS }: CommandLimits,
    ): Promise<ExecResult> {
        const deadline = operatorClock.elapsed() + openSeconds;
        for (;;) {
            const outcome = await this.begin(frame, timeoutSeconds, deadline, openSeconds);
            if (!(outcome instanceof Error)) return outcome;
            if (!("reason" in outcome) || operatorClock.elapsed() > deadline) throw new Unreachable(outcome.message);
            await new Promise(resolve => setTimeout(resolve, 250));
        }
    }

    /** @returns an Error where the machine refuses to start it */
    private begin(
        frame: Frame,
        timeoutSeconds: number,
        deadline: number,
        openSeconds: number,
    ): Promise<ExecResult | Error> {
        return new Promise((resolve, reject) => {
            let late = false;
            const expire = () => {
                late = true;
                const reason = `accepts the login, but starts no command within ${openSeconds} s`;
                reject(new Unreachable(reason));
                this.giveUp(reason);
            };
            const timer = setTimeout(expire, Math.max(0, deadline - operatorClock.elapsed()) * 1000);
            const begun = (error: Error | undefined, channel?: ClientChannel) => {
                clearTimeout(timer);
                if (late) channel?.close();
                else if (error) resolve(error);
                // Heard from here on: a short one has ended by the next turn.
                else resolve(this.hear(channel!, frame, timeoutSeconds));
            };
            try {
                this.client.exec(frame.command, begun);
            } catch (e) {
                begun(e as Error); // the connection is about to be closed
            }
        });
    }

    private async hear(channel: ClientChannel, frame: Frame, timeoutSeconds: number): Promise<ExecResult> {
        this.running++;
        try {
            return await new Hearing(channel, frame, timeoutSeconds).done;
        } finally {
            this.running--;
        }
    }

    /**
     * A channel was not opened in time. Where no other one is open either, all that wait for theirs are told at once.
     */
    private giveUp(reason: string): void {
        if (this.running > 0) return;
        this.end = reason;
        this.closed = true;
        this.client.destroy();
    }
}

/** One stream of a command, as far as it has been heard. */
interface Heard {
    parts: Buffer[];
    /** The end of it, in which the first half of a mark may be. */
    tail: Buffer;
    ended: boolean;
}

/** One command that is heard out, as far as it may take its time and its room. */
class Hearing {
    readonly done: Promise<ExecResult>;
    private streams: Heard[];
    private bytes = 0;
    private signal = "";

    constructor(
        channel: ClientChannel,
        private readonly frame: Frame,
        timeoutSeconds: number,
    ) {
        const sources = [channel, channel.stderr];
        this.streams = sources.map(() => ({ parts: [], tail: Buffer.alloc(0), ended: false }));
        let late: NodeJS.Timeout | undefined, closing: NodeJS.Timeout | undefined;
        this.done = new Promise<ExecResult>((resolve, reject) => {
            const whole = () => this.settle(resolve, reject);
            late = setTimeout(
                () => reject(new TimedOut(`a command did not end within ${timeoutSeconds} s`)),
                timeoutSeconds * 1000,
            );
            sources.forEach((source, i) =>
                source.on("data", (part: Buffer) => {
                    const stream = this.streams[i];
                    if (!stream) return; // it is over
                    if ((this.bytes += part.length) > ANSWER_MIB << 20) reject(tooMuch());
                    else this.keep(stream, part);
                    if (closing || !this.streams.every(s => s.ended)) return;
                    // A process that the login left running may hold the channel open for ever.
                    channel.close();
                    closing = setTimeout(whole, CLOSE_SECONDS * 1000);
                }),
            );
            channel.on("exit", (_code: number | null, name?: string) => {
                this.signal = name ?? "";
            });
            channel.on("close", whole);
            channel.on("error", () => undefined); // a script may end before it has read its input
            channel.end(frame.input);
        }).finally(() => {
            clearTimeout(late);
            clearTimeout(closing);
            this.streams = [];
            channel.close();
        });
    }

    private settle(resolve: (heard: ExecResult) => void, reject: (error: Error) => void): void {
        if (this.streams.length === 0) return; // it is over
        const heard = this.result();
        if (heard instanceof Error) reject(heard);
        else resolve(heard);
    }

    private keep(stream: Heard, part: Buffer): void {
        const { longest } = this.frame,
            between = Buffer.concat([stream.tail, part.subarray(0, longest)]);
        stream.parts.push(part);
        stream.ended ||= this.frame.endsIn(between) || this.frame.endsIn(part);
        stream.tail = (part.length < longest ? between : part).subarray(-longest);
    }

    /** @returns an Error where the answer is not whole: nothing in it can be relied on */
    private result(): ExecResult | Error {
        const [stdout, stderr] = this.streams.map(s => Buffer.concat(s.parts));
        const cut = this.frame.cut(stdout!, stderr!);
        if (typeof cut.end === "number") return { stdout: cut.stdout, stderr: cut.stderr, code: cut.end };
        return new Unreachable(notWhole(cut, this.signal));
    }
}

const tooMuch = (): Error =>
    new Unreachable(`a command's answer has more than ${ANSWER_MIB} MiB, so it was not listened to any longer`);

function notWhole({ begun, end, noise, stderr }: Cut, signal: string): string {
    const last = (text: string) => (text === "" ? "" : `; it said last: ${text}`);
    if (end === "lost")
        return "the input of a command did not arrive whole, so it was not begun; does something in root's .bashrc, .profile or ~/.ssh/rc read standard input?";
    if (end === "joined") return "root's login joins standard error to standard output, so that no answer can be read";
    if (!begun) return `root's login ended before the command began${last(noise)}`;
    return `a command was cut off before its end${signal && ` (signal ${signal})`}, so that its answer is not whole${last(lastOf(stderr).split("\n").pop()!)}`;
}
