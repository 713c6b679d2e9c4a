import type { ClassPlan } from "../../config/class-settings";
import { UserError } from "../../system/errors";
import { Interrupted } from "../../system/interrupt";
import { keepsRecord } from "../operate/events";
import { type Chosen, named, nameOf } from "../sabotage/choose";
import type { Exercise } from "../sabotage/exercise";
import { loadExercises } from "../sabotage/exercises";
import { explanation } from "../sabotage/show";
import { type Ended, type OwnCommand, resultOf } from "../shell/side-by-side";
import { over } from "../stack/under-way";
import { type Journal, thisProcess } from "./journal";
import type { Rules, Verdict } from "./scoring";

/** The restore point from before a team's exercise. There is one a team. */
const RESTORE_POINT = "exercise";

/** Rules of a class without a class.yaml. */
const usualRules: Rules = { solved: 100, minute: 1, hint: 10, wrongDone: 20 };

/** The rules for an exercise: the class's, with what the exercise's own entry says. */
export function rulesFor(plan: ClassPlan | undefined, id: string): Rules {
    const own = plan?.exercises.find(e => e.id === id)?.points,
        rules = plan?.points ?? usualRules;
    return own === undefined ? rules : { ...rules, solved: own };
}

/** The minutes of an exercise: of the command line, else the class's, else its own. */
export const minutesFor = (plan: ClassPlan | undefined, exercise: Exercise, given: number | undefined): number =>
    given ?? plan?.exercises.find(e => e.id === exercise.id)?.minutes ?? exercise.minutes;

/** How a team is told of an exercise; nothing in it gives the cause away. */
export interface Told {
    id: string;
    title: string;
    story: string;
    symptom: string;
    hints: readonly string[];
}

/** What an exercise says to a team, with as many hints as it has asked for. @param name `S5-cinder` */
export function toldOf(exercises: readonly Exercise[], name: string, hints: number): Told | undefined {
    const exercise = exercises.find(e => name.startsWith(`${e.id}-`));
    if (!exercise) return undefined;
    const { id, title, story, symptom } = exercise;
    return { id, title, story: story.replace(/\n/g, " "), symptom, hints: exercise.hints.slice(0, hints) };
}

/** Verdict over a cloud that its team calls mended, with words that give no cause away. */
interface Judgement {
    verdict: Verdict;
    said: string;
}

/** What a command printed with --json; an empty object where it printed none. */
/** A cause, as `diagnose --json` tells it. */
interface FoundCause {
    type: string;
    brokenByIt?: string[];
    unaskedByIt?: string[];
}

/** Whether a cloud with this cause is not mended. What only differs from a node's record and breaks nothing is people's own work: a copy, a tool. */
const counts = ({ type, brokenByIt = [], unaskedByIt = [] }: FoundCause): boolean =>
    !keepsRecord(type) || brokenByIt.length + unaskedByIt.length > 0;

const objectOf = <T extends object>(ended: Ended): Partial<T> => (resultOf(ended) ?? {}) as Partial<T>;

/** Work on a cloud that failed; which way may give a cause away, so a team hears the first part alone. */
export class CloudError extends UserError {
    constructor(
        readonly short: string,
        detail: string,
        exitCode: number,
    ) {
        super(`${short} (${detail})`, exitCode);
    }
}

/** What is done with a team's exercise; its work on the cloud is done by this program's own commands. */
export class Exercises {
    constructor(
        readonly journal: Journal,
        private readonly run: OwnCommand,
        private readonly say: (team: string, line: string) => void = () => undefined,
    ) {}

    /** Makes a restore point and the fault; time begins when it is there. @throws UserError where it cannot be done */
    async start(team: string, chosen: Chosen, minutes: number, rules: Rules, restorePoint = true): Promise<void> {
        const exercise = nameOf(chosen);
        this.journal.add(team, "prepare", { exercise, ...thisProcess() }, "none");
        try {
            if (restorePoint) await this.keep(team);
            await this.must(team, ["sabotage", team, exercise], "the fault could not be made");
        } catch (e) {
            this.journal.add(team, "failed", { reason: "the exercise could not be prepared" }, "nothing");
            throw e;
        }
        this.journal.add(team, "start", { exercise, minutes, rules }, "nothing");
    }

    private async keep(team: string): Promise<void> {
        const list = await this.do(["snapshot", team, "--list", "--json"]),
            { points = [] } = objectOf<{ points?: { name: string }[] }>(list);
        const point = ["snapshot", team, RESTORE_POINT];
        if (points.some(p => p.name === RESTORE_POINT))
            await this.must(team, [...point, "--remove", "--json"], "the former restore point stays");
        await this.must(team, [...point, "--json"], "no restore point could be made");
    }

    /** Does a command for a team; its words of standard error are said. @throws Interrupted where it was interrupted */
    private async do(words: readonly string[]): Promise<Ended> {
        const team = words[1]!;
        const ended = await this.run(team, words, (stream, text) => {
            if (stream === "stderr" && text.trim() !== "") this.say(team, text);
        });
        if (ended.exitCode === 130) throw new Interrupted(`${team}: ${words[0]} was interrupted`);
        return ended;
    }

    private async must(team: string, words: readonly string[], failure: string): Promise<void> {
        const { exitCode, last } = await this.do(words);
        if (exitCode !== 0) throw new CloudError(`${team}: ${failure}`, `${words[0]}: ${last}`, exitCode);
    }

    /** Gives the next hint, which costs what the rules say. @returns its number and text */
    hint(team: string): { number: number; text: string } {
        const { open } = this.journal.standing(team),
            number = (open?.hints ?? 0) + 1;
        if (number > 3) throw new UserError(`${team}: all three hints are given`);
        this.journal.add(team, "hint", { number }, "running");
        // Two who ask at once are given two hints.
        const given = this.journal.standing(team).open!;
        return {
            number: given.hints,
            text: toldOf(loadExercises([given.exercise]), given.exercise, 3)!.hints[given.hints - 1]!,
        };
    }

    /** Judges a cloud that its team calls mended: by `diagnose`, then by `check`. */
    async check(team: string): Promise<Judgement> {
        this.journal.add(team, "ask", thisProcess(), "running");
        let judged: Judgement = { verdict: "unknown", said: "the cloud could not be judged" };
        try {
            judged = await this.judge(team);
        } finally {
            this.journal.add(team, "judged", judged, "nothing");
        }
        return judged;
    }

    private async judge(team: string): Promise<Judgement> {
        const diagnosed = await this.do(["diagnose", team, "--json"]),
            { causes = [] } = objectOf<{ causes?: FoundCause[] }>(diagnosed);
        if (causes.some(c => c.type === "host"))
            return { verdict: "unknown", said: "a host of the cloud does not answer; it costs nothing" };
        // Whether something drifted or does not answer gives the cause away.
        if (causes.some(counts)) return { verdict: "broken", said: "diagnose: not everything is as it was made" };
        if (diagnosed.exitCode !== 0 && causes.length === 0) {
            this.say(team, `diagnose ended with ${diagnosed.exitCode}: ${diagnosed.last}`);
            return { verdict: "unknown", said: "the cloud could not be diagnosed; it costs nothing" };
        }
        const checked = await this.do(["check", team, "--json"]),
            { checks = [] } = objectOf<{ checks?: { id: string; result: string }[] }>(checked);
        const failing = checks.filter(c => c.result === "fail").map(c => c.id);
        if (failing.length > 0) return { verdict: "broken", said: `check: ${failing.join(", ")} failed` };
        // With the same exit code it says that it could not begin.
        if (checked.exitCode !== 0)
            return { verdict: "unknown", said: "the cloud could not be checked; it costs nothing" };
        return { verdict: "sound", said: "diagnose and check: all is well" };
    }

    /** Puts the cloud back to before the exercise and breaks it again as before; the clock goes on. */
    async reset(team: string): Promise<void> {
        this.journal.add(team, "reset", thisProcess(), "running");
        const { exercise } = this.journal.standing(team).open!;
        let ok = false;
        try {
            await this.must(team, ["restore", team, RESTORE_POINT, "--json"], "the cloud could not be put back");
            over(team, exercise);
            await this.must(team, ["sabotage", team, exercise], "the fault could not be made again");
            ok = true;
        } finally {
            const said = ok ? "the cloud is as it was at the beginning" : "the cloud could not be put back";
            this.journal.add(team, "resetDone", { ok, said }, "nothing");
        }
    }

    /** Ends an exercise without points and tells what was broken. @returns the explanation in lines */
    reveal(team: string): string[] {
        const { open } = this.journal.standing(team);
        this.journal.add(team, "reveal", {}, "open");
        return explanation(named(loadExercises([open!.exercise]), open!.exercise));
    }

    stop = (team: string): unknown => this.journal.add(team, "stop", {}, "open");
    freeze = (team: string): unknown => this.journal.add(team, "freeze", {}, "open");
    resume = (team: string): unknown => this.journal.add(team, "resume", {}, "open");
    extend = (team: string, minutes: number): unknown => this.journal.add(team, "extend", { minutes }, "open");
}
