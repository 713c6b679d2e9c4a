import { spawn } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as os from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { kernelArguments } from "../components/virtual-machine";
import { scriptInRoot } from "../lab/golden/in-root";
import { buildHostRoot } from "../lab/hosts/host-root";
import { processesWith } from "../lab/hosts/processes";
import { buildImages } from "../lab/images/images";
import { PlainProgress } from "../system/progress";
import { projectDir } from "../system/paths";

/**
 * Measures the clocks of emulated machines: `node bin/bench/clocks.js [PART…]`. Needs root and the lab's caches; takes
 * half an hour. Each part puts its figures into bench/clocks.json; all of them are printed as tables.
 * - starts: machines with the lab's kernel, initrd and arguments start beside four busy loops of the bench's own, 40 times with each
 *   choice. Each clock is compared with this machine's for a minute.
 * - forced: the same with a wrong frequency given to the kernel, 13.8 times off, as a calibration was on 29 November 2026
 * - cost: the processor time of each choice, one machine at a time; other work does not change it
 */

/** Values of the argument `tsc`. Without it the kernel watches the TSC and leaves it when it differs. */
const choices = ["tsc=reliable", "tsc=unstable", ""] as const;
type Choice = (typeof choices)[number];

const STARTS = 40;
const FORCED = 3;
/** The divisor of a calibrated frequency that makes a clock as fast as the one seen. */
const FORCED_BY = 13.8;
/** Machines that run at once, and busy loops beside them. */
const AT_ONCE = 8;
const LOOPS = 4;
/** How long a clock is watched; and a wrong one again, when its source was switched in place. */
const WATCHED_SECONDS = 60;
const SWITCHED_SECONDS = 10;
/** By how much a clock may be fast or slow and be called right. */
const ALLOWED = 0.01;
/** Starts of each choice of which it is measured what it costs, by turns. */
const SPEEDS = 7;
/** How long a machine may take to boot, or to answer one question. */
const ANSWER_SECONDS = 300;

/** Seconds of this machine's clock that nobody sets. */
const elapsed = (): number => performance.now() / 1000;

/** Answers each line `NUMBER QUESTION ARGUMENT` by `=NUMBER ANSWER=`, which nothing that the kernel says looks like. */
const guestScript = [
    "b=/bin/busybox; $b mkdir -p /proc /sys; $b mount -t proc proc /proc; $b mount -t sysfs sys /sys",
    "s=/sys/devices/system/clocksource/clocksource0/current_clocksource",
    "n() { i=0; while [ $i -lt $1 ]; do i=$((i+1)); done; }",
    "r() { i=0; while [ $i -lt $1 ]; do i=$((i+1)); x=$EPOCHREALTIME; done; }",
    "f() { i=0; while [ $i -lt $1 ]; do i=$((i+1)); $b date > /dev/null; done; }",
    "while read -r k q a; do case $q in up) read -r x y < /proc/uptime;; source) read -r x < $s",
    ";; switch) echo $a > $s; read -r x < $s;; said) x=$($b dmesg | $b grep -E 'tsc: |alibration' | $b grep -v busybox | $b tr '\\n' '|')",
    ";; date) x=$EPOCHREALTIME;; sleep) $b sleep $a; x=;; loop) n $a; x=;; real) r $a;; fork) f $a; x=",
    ";; esac; echo =$k $x=; done",
]
    .join("; ")
    .replaceAll("; ;;", ";;");

interface Parts {
    hostRoot: string;
    images: string;
}

/** An emulated machine, asked over its serial line. */
class Guest {
    private line: net.Socket | undefined;
    private text = "";
    private number = 0;
    private failure: Error | undefined;

    private constructor(private readonly dir: string) {}

    static async start(parts: Parts, choice: string): Promise<Guest> {
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-clock-")),
            guest = new Guest(dir);
        const words = kernelArguments("qemu").filter(word => !/^(root=|rw$|tsc=)/.test(word));
        const append = [...words, choice, `panic=-1 rdinit=/bin/busybox -- sh -c "${guestScript}"`].join(" ");
        const script = `exec qemu-system-x86_64 -accel tcg -machine pc -smp 2 -m 256 -nodefaults -display none -no-reboot \\
    -chardev socket,id=line,path=/line/serial,server=on,wait=on -serial chardev:line -monitor unix:/line/monitor,server=on,wait=off \\
    -kernel /images/vmlinuz -initrd /images/initrd -append "$APPEND" < /dev/null`;
        scriptInRoot(path.join(dir, "root"), script, {
            lower: [parts.hostRoot],
            binds: { "/images": parts.images, "/line": dir },
            env: { APPEND: append, CLOCK_BENCH: dir },
            timeoutSeconds: 3600,
        }).catch((e: unknown) => {
            guest.failure = e as Error;
        });
        guest.line = await guest.connected("serial");
        guest.line.setEncoding("utf8").on("data", (text: string) => {
            guest.text = (guest.text + text).slice(-100_000);
        });
        return guest;
    }

    private async connected(socket: string): Promise<net.Socket> {
        for (const begin = elapsed(); ; await sleep(50)) {
            if (this.failure) throw this.failure;
            const opened = await new Promise<net.Socket | undefined>(resolve => {
                const tried = net.connect(path.join(this.dir, socket), () => resolve(tried));
                tried.on("error", () => resolve(undefined));
            });
            if (opened) return opened;
            if (elapsed() - begin > 60) throw new Error(`QEMU has no ${socket} line after a minute`);
        }
    }

    /** The answer, and the moments between which it was given. What is not answered in five seconds may be lost, and is asked again where it does no harm. */
    async ask(question: string, again = false): Promise<{ text: string; from: number; to: number }> {
        const begin = elapsed();
        for (;;) {
            const number = ++this.number,
                from = elapsed();
            this.line!.write(`${number} ${question}\n`);
            const wait = again ? 5 : ANSWER_SECONDS;
            while (elapsed() - from < wait) {
                if (this.failure) throw this.failure;
                const found = new RegExp(`=${number} (.*)=\\r?\\n`).exec(this.text);
                if (found) return { text: found[1]!.trim(), from, to: elapsed() };
                await new Promise<void>(resolve => {
                    const timer = setTimeout(resolve, 1000);
                    this.line!.once("data", () => {
                        clearTimeout(timer);
                        resolve();
                    });
                });
            }
            if (elapsed() - begin > ANSWER_SECONDS)
                throw new Error(`"${question}" not answered within ${ANSWER_SECONDS} s: ${this.text.slice(-2000)}`);
        }
    }

    /** Uptime by its own clock, when: of some readings the one that took the shortest. */
    async reading(): Promise<{ guest: number; at: number; uncertain: number }> {
        const all: { guest: number; at: number; uncertain: number }[] = [];
        for (let i = 0; i < 5; i++) {
            const { text, from, to } = await this.ask("up", true);
            all.push({ guest: Number(text), at: (from + to) / 2, uncertain: (to - from) / 2 });
        }
        return all.sort((a, b) => a.uncertain - b.uncertain)[0]!;
    }

    /** Seconds of its clock to one of this machine's. */
    async speed(seconds: number): Promise<{ speed: number; uncertain: number }> {
        const first = await this.reading();
        await sleep(seconds * 1000);
        const second = await this.reading(),
            took = second.at - first.at;
        return {
            speed: (second.guest - first.guest) / took,
            uncertain: (first.uncertain + second.uncertain + 0.01) / took,
        };
    }

    /** Processor seconds that QEMU has taken so far. */
    used(): number {
        const ticks = processesWith("CLOCK_BENCH", this.dir).map(pid => {
            const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8"),
                [user, system] = stat
                    .slice(stat.lastIndexOf(")") + 2)
                    .split(" ")
                    .slice(11, 13);
            return Number(user) + Number(system);
        });
        return ticks.reduce((sum, n) => sum + n, 0) / 100;
    }

    async end(): Promise<void> {
        const monitor = await this.connected("monitor").catch(() => undefined);
        monitor?.write("quit\n");
        for (let i = 0; i < 100 && !this.line!.closed; i++) await sleep(100);
        monitor?.destroy();
        this.line!.destroy();
        fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 20 });
    }
}

/** One start beside the loops. */
interface Start {
    choice: Choice;
    bootSeconds: number;
    source: string;
    speed: number;
    uncertain: number;
    /** Seconds that its date is ahead by, after all; it comes from a clock of whole seconds. */
    ahead: number;
    /** How long `sleep 2` takes by this machine's clock. */
    sleep2: number;
    said: string;
    /** Of a wrong clock, when its source was switched to hpet in place. */
    switched?: { source: string; speed: number; sleep2: number };
}

async function started(parts: Parts, choice: Choice, more = ""): Promise<Start> {
    const begin = elapsed(),
        guest = await Guest.start(parts, `${choice}${more}`);
    try {
        await guest.ask("up", true);
        const bootSeconds = elapsed() - begin;
        const { speed, uncertain } = await guest.speed(WATCHED_SECONDS);
        const slept = async () => {
            const { from, to } = await guest.ask("sleep 2");
            return to - from;
        };
        const start: Start = {
            choice,
            bootSeconds,
            source: (await guest.ask("source", true)).text,
            speed,
            uncertain,
            ahead: Number((await guest.ask("date", true)).text) - Date.now() / 1000,
            sleep2: await slept(),
            said: (await guest.ask("said", true)).text,
        };
        if (Math.abs(speed - 1) <= ALLOWED) return start;
        const source = (await guest.ask("switch hpet")).text;
        return {
            ...start,
            switched: { source, speed: (await guest.speed(SWITCHED_SECONDS)).speed, sleep2: await slept() },
        };
    } finally {
        await guest.end();
    }
}

/** Processor seconds that fixed work takes. */
interface Cost {
    choice: Choice;
    /** Until its first process answers. */
    boot: number;
    /** 20000 turns of a loop of the shell's. */
    loop: number;
    /** The same, each turn with a question for the time of day (gettimeofday). */
    real: number;
    /** 100 processes. */
    fork: number;
}

async function costs(parts: Parts, choice: Choice): Promise<Cost> {
    const guest = await Guest.start(parts, choice);
    try {
        await guest.ask("up", true);
        const boot = guest.used();
        const took = async (question: string) => {
            const before = guest.used();
            await guest.ask(question);
            return guest.used() - before;
        };
        if (!/^\d+\.\d+$/.test((await guest.ask("real 1")).text)) throw new Error("the shell has no EPOCHREALTIME");
        return {
            choice,
            boot,
            loop: await took("loop 20000"),
            real: await took("real 20000"),
            fork: await took("fork 100"),
        };
    } finally {
        await guest.end();
    }
}

/** Loops that keep the processor busy while `work` is done; they end with this process, too. */
async function beside<T>(loops: number, work: () => Promise<T>): Promise<T> {
    const all = Array.from({ length: loops }, () =>
        spawn("setpriv", ["--pdeathsig", "KILL", "sh", "-c", "while :; do :; done"], { stdio: "ignore" }),
    );
    try {
        return await work();
    } finally {
        for (const loop of all) loop.kill("SIGKILL");
    }
}

const nameOf = (choice: Choice): string => (choice === "" ? "none" : `\`${choice}\``);

const median = (numbers: readonly number[]): number =>
    [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const table = (rows: readonly (readonly string[])[]): string =>
    rows.map(cells => `| ${cells.join(" | ")} |`).join("\n");

const of = <T extends { choice: Choice }>(all: readonly T[], choice: Choice): T[] =>
    all.filter(a => a.choice === choice);
const isWrong = ({ speed }: Start): boolean => Math.abs(speed - 1) > ALLOWED;

function clockTable(title: string, starts: readonly Start[]): string {
    const row = (choice: Choice) => {
        const all = of(starts, choice),
            speeds = all.map(s => s.speed).sort((a, b) => a - b),
            switched = all.flatMap(s => (s.switched ? [s.switched.speed.toFixed(3)] : []));
        return [
            nameOf(choice),
            [...new Set(all.map(s => s.source))].join(", "),
            `${all.filter(isWrong).length} of ${all.length}`,
            `${speeds[0]!.toFixed(4)} to ${speeds[speeds.length - 1]!.toFixed(4)}`,
            Math.max(...all.map(s => s.uncertain)).toFixed(4),
            `${Math.max(...all.map(s => Math.abs(s.ahead))).toFixed(1)} s`,
            `${median(all.map(s => s.bootSeconds)).toFixed(1)} s`,
            switched.join(", "),
        ];
    };
    const head = [
        title,
        "source",
        "wrong clocks",
        "speed",
        "known to",
        "date off by",
        "boot",
        "speed after a switch to hpet",
    ];
    return table([head, head.map(() => "---"), ...choices.map(row)]);
}

function costTable(cost: readonly Cost[]): string {
    const row = (choice: Choice) => [
        nameOf(choice),
        ...(["boot", "loop", "real", "fork"] as const).map(
            what => `${median(of(cost, choice).map(c => c[what])).toFixed(2)} s`,
        ),
    ];
    const head = ["processor time", "boot", "20000 turns of a loop", "the same with the time of day", "100 processes"];
    return table([head, head.map(() => "---"), ...choices.map(row)]);
}

interface Figures {
    starts: Start[];
    forced: Start[];
    cost: Cost[];
}

/** Does each of the work, some at once, and tells it as it comes. */
async function each<T, R>(all: readonly T[], atOnce: number, work: (one: T) => Promise<R>): Promise<R[]> {
    const queue = [...all],
        done: R[] = [];
    await Promise.all(
        Array.from({ length: atOnce }, async () => {
            for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
                const result = await work(one);
                done.push(result);
                console.error(JSON.stringify(result));
            }
        }),
    );
    return done;
}

/** By turns, so that what else the machine does is the same for all. */
const turns = (times: number): Choice[] => Array.from({ length: times }, () => choices).flat();

async function frequency(parts: Parts): Promise<number> {
    const said = (await started(parts, "tsc=unstable")).said,
        [, mhz] = /Detected ([\d.]+) MHz/.exec(said) ?? [];
    if (mhz === undefined) throw new Error(`the kernel does not say how fast its processor is: ${said}`);
    return Number(mhz) * 1000;
}

const work: { [part in keyof Figures]: (parts: Parts) => Promise<Figures[part]> } = {
    starts: parts => beside(LOOPS, () => each(turns(STARTS), AT_ONCE, choice => started(parts, choice))),
    forced: async parts => {
        const early = ` tsc_early_khz=${Math.round((await frequency(parts)) / FORCED_BY)}`;
        return await beside(LOOPS, () => each(turns(FORCED), 3, choice => started(parts, choice, early)));
    },
    cost: parts => each(turns(SPEEDS), 1, choice => costs(parts, choice)),
};

async function main(): Promise<void> {
    const names = Object.keys(work) as (keyof Figures)[],
        asked = process.argv.slice(2),
        unknown = asked.find(name => !names.includes(name as never));
    if (unknown !== undefined) throw new Error(`there is no part "${unknown}"; there are ${names.join(", ")}`);
    const progress = new PlainProgress(),
        parts = { hostRoot: await buildHostRoot(progress), images: (await buildImages(progress)).folder },
        file = path.join(projectDir(), "bench/clocks.json");
    const figures = (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {}) as Figures & object;
    for (const part of names.filter(name => asked.length === 0 || asked.includes(name))) {
        Object.assign(figures, {
            taken: new Date().toISOString().slice(0, 10),
            cores: os.cpus().length,
            [part]: await work[part](parts),
        });
        fs.writeFileSync(file, JSON.stringify(figures, undefined, 2) + "\n");
    }
    const { starts, forced, cost } = figures;
    if (starts) console.log(clockTable(`${LOOPS} busy loops, ${AT_ONCE} machines`, starts), "\n");
    if (forced) console.log(clockTable(`calibrated ${FORCED_BY} times too slow`, forced), "\n");
    if (cost) console.log(costTable(cost));
}

main().catch(e => {
    console.error((e as Error).stack);
    process.exit(1);
});
