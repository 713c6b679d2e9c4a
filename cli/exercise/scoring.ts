/** What the clock and the points of an exercise follow from: what happened, in its order. Nothing here asks a clock or a file. */

/** What may happen to a team; times are seconds on the class's own time (engine/class-store.ts). */
export type Happening = { at: number } & (
    | { kind: "start"; exercise: string; minutes: number; rules: Rules }
    | { kind: "hint" }
    /** The team says that it has mended its cloud. */
    | { kind: "ask" }
    /** What diagnose and check say to the last `ask`. */
    | { kind: "judged"; verdict: Verdict }
    | { kind: "freeze" | "resume" | "reveal" | "stop" }
    | { kind: "extend"; minutes: number }
);

/** `unknown`: the cloud could not be judged, which is nobody's fault and costs nothing. */
export type Verdict = "sound" | "broken" | "unknown";

/** The rules of an exercise, as class.yaml has them: numbers of points. */
export interface Rules {
    /** For a cloud that is mended in time. */
    solved: number;
    /** For each whole minute that is left then. */
    minute: number;
    /** What a hint costs. */
    hint: number;
    /** What a "done" costs that diagnose and check do not confirm. */
    wrongDone: number;
}

/** How an exercise went. */
export interface Round {
    /** `S5-cinder`: it gives the cause away. */
    exercise: string;
    /** `late`: mended after its time; `over`: ended by the teacher, or by the next exercise. */
    state: "open" | "solved" | "late" | "over";
    hints: number;
    wrong: number;
    revealed: boolean;
    frozen: boolean;
    /** Seconds that count, so far or until its end. */
    used: number;
    /** Seconds that are left; 0 when time is up. */
    left: number;
    points: number;
}

interface Going {
    round: Round;
    rules: Rules;
    allowed: number;
    since: number;
    asked?: { used: number };
}

/** The rounds of a team, the first one first. @param happenings of that team alone @param now on the same time, at or after the last */
export function roundsOf(happenings: readonly Happening[], now: number): Round[] {
    const rounds: Round[] = [];
    let going: Going | undefined,
        latest = -Infinity;
    for (const happening of happenings) {
        // Over a restart of the machine a calendar that was set back lets no time pass.
        const at = (latest = Math.max(latest, happening.at));
        if (going) pass(going, at);
        if (happening.kind === "start") {
            if (going) end(going, "over");
            going = begin({ ...happening, at });
            rounds.push(going.round);
        } else if (going && going.round.state === "open") apply(going, happening);
    }
    if (going) pass(going, now);
    return rounds;
}

function begin({ at, exercise, minutes, rules }: Extract<Happening, { kind: "start" }>): Going {
    const allowed = minutes * 60;
    const round: Round = {
        exercise,
        state: "open",
        hints: 0,
        wrong: 0,
        revealed: false,
        frozen: false,
        used: 0,
        left: allowed,
        points: 0,
    };
    return { round, rules, allowed, since: at };
}

/** Lets time pass; a clock that went back lets none pass. */
function pass(going: Going, at: number): void {
    const { round } = going;
    if (round.state === "open" && !round.frozen) round.used += Math.max(0, at - going.since);
    going.since = Math.max(going.since, at);
    if (round.state === "open") round.left = Math.max(0, going.allowed - round.used);
}

function apply(going: Going, happening: Happening): void {
    const { round, rules } = going;
    switch (happening.kind) {
        case "hint":
            round.hints++;
            round.points -= priceOf(rules.hint, round.left);
            return;
        case "ask":
            going.asked = { used: round.used };
            return;
        case "judged":
            return judge(going, happening.verdict);
        case "freeze":
            round.frozen = true;
            return;
        case "resume":
            round.frozen = false;
            return;
        case "extend":
            going.allowed += happening.minutes * 60;
            round.left = Math.max(0, going.allowed - round.used);
            return;
        case "reveal":
        case "stop":
            round.revealed = happening.kind === "reveal";
            return end(going, "over");
        case "start":
            return;
    }
}

/** After its time an exercise is for learning: it wins and costs nothing. */
const priceOf = (points: number, left: number): number => (left > 0 ? points : 0);

/** The moment counts at which the team has asked: how long the judging takes is not its fault. */
function judge(going: Going, verdict: Verdict): void {
    const { round, rules, asked } = going;
    going.asked = undefined;
    if (asked === undefined || verdict === "unknown") return;
    const left = going.allowed - asked.used;
    if (verdict === "broken") {
        round.wrong++;
        round.points -= priceOf(rules.wrongDone, left);
        return;
    }
    round.used = asked.used;
    round.left = Math.max(0, left);
    if (left >= 0) round.points += rules.solved + rules.minute * Math.floor(left / 60);
    end(going, left >= 0 ? "solved" : "late");
}

function end({ round }: Going, state: Round["state"]): void {
    if (round.state !== "open") return;
    round.state = state;
    round.frozen = false;
}

/** The points of a team: the sum of its rounds. It may be below 0: a guess that costs nothing is no guess. */
export const total = (rounds: readonly Round[]): number => rounds.reduce((sum, { points }) => sum + points, 0);
