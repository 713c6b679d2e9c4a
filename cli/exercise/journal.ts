import * as z from "zod";
import { ClassStore, type Entry } from "../../engine/class-store";
import { UserError } from "../../system/errors";
import { processStart } from "../../system/lock";
import { type Happening, type Round, roundsOf } from "./scoring";

const rules = z.strictObject({ solved: z.number(), minute: z.number(), hint: z.number(), wrongDone: z.number() });
/** Work of a process: one that has died does it no more. */
const worker = { pid: z.int(), since: z.string() };

/** What the journal keeps of each kind. */
const kinds = {
    /** A fault is about to be made. */
    prepare: z.strictObject({ exercise: z.string(), ...worker }),
    start: z.strictObject({ exercise: z.string(), minutes: z.number(), rules }),
    /** It could not be made. */
    failed: z.strictObject({ reason: z.string() }),
    hint: z.strictObject({ number: z.int().min(1).max(3) }),
    ask: z.strictObject(worker),
    judged: z.strictObject({ verdict: z.enum(["sound", "broken", "unknown"]), said: z.string() }),
    freeze: z.strictObject({}),
    resume: z.strictObject({}),
    extend: z.strictObject({ minutes: z.number() }),
    reveal: z.strictObject({}),
    stop: z.strictObject({}),
    /** The team begins again: the cloud is put back and broken as before. */
    reset: z.strictObject(worker),
    resetDone: z.strictObject({ ok: z.boolean(), said: z.string() }),
} as const;
export type Kind = keyof typeof kinds;
type Detail<K extends Kind> = z.infer<(typeof kinds)[K]>;

/** What a team's exercises have come to. */
export interface Standing {
    team: string;
    rounds: Round[];
    /** The last round, where it is open. */
    open: Round | undefined;
    /** What is being done to the team's cloud right now. */
    busy: "prepare" | "ask" | "reset" | undefined;
    /** What was said to the last "done", or of the last start that failed. */
    said: string | undefined;
    /** The last thing that happened: a kind of the journal, and when by the calendar. */
    last: { kind: Kind; wall: number } | undefined;
}

/** Which entry ends a process's work. */
const endOf: Readonly<Record<"prepare" | "ask" | "reset", readonly string[]>> = {
    prepare: ["start", "failed"],
    ask: ["judged"],
    reset: ["resetDone"],
};

/** This process, as an entry names it. */
export const thisProcess = (): { pid: number; since: string } => ({
    pid: process.pid,
    since: processStart(process.pid) ?? "",
});

function busyIn(entries: readonly Entry[]): Standing["busy"] {
    for (const kind of ["prepare", "ask", "reset"] as const) {
        const last = entries.findLast(e => e.kind === kind || endOf[kind].includes(e.kind));
        if (last?.kind !== kind) continue;
        const { pid, since } = last.detail as { pid: number; since: string };
        // A process that was killed does nothing more.
        if (processStart(pid) === since) return kind;
    }
    return undefined;
}

/** What a team's entries amount to. @param now on the class's time @param until entries after this moment by the calendar do not count */
export function standingOf(team: string, all: readonly Entry[], now: number, until = Infinity): Standing {
    const entries = all.filter(e => e.team === team && e.wall <= until);
    const happenings = entries.map(({ at, kind, detail }) => ({ at, kind, ...(detail as object) }) as Happening);
    const rounds = roundsOf(happenings, now),
        newest = rounds[rounds.length - 1],
        told = entries.findLast(e => ["judged", "failed", "start", "resetDone"].includes(e.kind)),
        last = entries[entries.length - 1];
    const { said, reason } = (told?.detail ?? {}) as { said?: string; reason?: string };
    return {
        team,
        rounds,
        open: newest?.state === "open" ? newest : undefined,
        busy: busyIn(entries),
        said: said ?? reason,
        last: last && { kind: last.kind as Kind, wall: last.wall },
    };
}

/** The class's journal, with the words for what may not be done. */
export class Journal {
    constructor(readonly store: ClassStore = new ClassStore()) {}

    standing(team: string): Standing {
        return standingOf(team, this.store.entries(team), this.store.now());
    }

    /**
     * Adds an entry where what has happened allows it.
     * @param needs `open`: an exercise that runs; `none`: no open one; `running`: an open one that is not frozen
     * @throws UserError with the reason
     */
    add<K extends Kind>(team: string, kind: K, detail: Detail<K>, needs: Needs): Entry {
        return this.store.add(team, kind, kinds[kind].parse(detail), before => {
            const reason = whyNot(standingOf(team, before, this.store.now()), kind, needs);
            if (reason !== undefined) throw new UserError(`${team}: ${reason}`);
        });
    }

    close(): void {
        this.store.close();
    }
}

/** What is being done to a team's cloud, behind the exercise's or the team's name. */
export const busyInWords: Readonly<Record<NonNullable<Standing["busy"]>, string>> = {
    prepare: "is being prepared",
    ask: "is being judged",
    reset: "is being put back",
};

const busyWords: Readonly<Record<NonNullable<Standing["busy"]>, string>> = {
    prepare: "an exercise is being prepared",
    ask: "the cloud is being looked at",
    reset: "the cloud is being put back",
};

/** Of an entry that ends what a process does, nothing is asked. */
const ending = new Set<Kind>(["start", "failed", "judged", "resetDone"]);

type Needs = "open" | "none" | "running" | "nothing";

function whyNot(standing: Standing, kind: Kind, needs: Needs): string | undefined {
    const { busy } = standing;
    if (ending.has(kind)) return undefined;
    if (busy && waits.has(kind)) return `${busyWords[busy]}; wait until that has ended`;
    return missing(standing, needs) ?? doubled(standing, kind);
}

/** What waits until nothing is done to the team's cloud. */
const waits = new Set<Kind>(["prepare", "ask", "reset", "stop", "reveal"]);

function missing({ open, team }: Standing, needs: Needs): string | undefined {
    if (needs === "nothing") return undefined;
    if (needs === "none")
        return open && `an exercise is under way already; end it with: ./classroom exercise stop ${team}`;
    if (!open) return "no exercise is under way";
    return needs === "running" && open.frozen
        ? "the exercise is frozen; wait until the teacher lets it go on"
        : undefined;
}

function doubled({ open }: Standing, kind: Kind): string | undefined {
    if (kind === "hint" && open?.hints === 3) return "all three hints are given";
    if (kind === "freeze" && open?.frozen) return "the exercise is frozen already";
    return kind === "resume" && !open?.frozen ? "the exercise is not frozen" : undefined;
}
