import type { ClassPlan } from "../../config/class-settings";
import { UserError } from "../../system/errors";
import { type Chosen, named, nameOf } from "../sabotage/choose";
import type { Exercise } from "../sabotage/exercise";
import { loadExercises } from "../sabotage/exercises";
import { explanation } from "../sabotage/show";
import { type OwnCommand, ownCommand } from "../shell/own-command";
import { over } from "../stack/under-way";
import { Journal, thisProcess } from "./journal";
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

/** What is done with a team's exercise; its work on the cloud is done by this program's own commands. */
export class Exercises {
    constructor(
        readonly journal = new Journal(),
        private readonly run: OwnCommand = ownCommand,
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
        const { result } = await this.run(["snapshot", team, "--list", "--json"]);
        const points = (result?.points ?? []) as { name: string }[];
        if (points.some(p => p.name === RESTORE_POINT))
            await this.must(
                team,
                ["snapshot", team, RESTORE_POINT, "--remove", "--json"],
                "the former restore point stays",
            );
        await this.must(team, ["snapshot", team, RESTORE_POINT, "--json"], "no restore point could be made");
    }

    private async must(team: string, words: readonly string[], failure: string): Promise<void> {
        const { code, last } = await this.run(words, line => this.say(team, line));
        if (code !== 0) throw new UserError(`${team}: ${failure} (${words.slice(0, 2).join(" ")}): ${last}`, code);
    }

    /** Gives the next hint, which costs what the rules say. @returns its number and text */
    hint(team: string): { number: number; text: string } {
        const { open } = this.journal.standing(team),
            number = (open?.hints ?? 0) + 1;
        if (number > 3) throw new UserError(`${team}: all three hints are given`);
        this.journal.add(team, "hint", { number }, "running");
        // Two who ask at once are given two hints.
        const given = this.journal.standing(team).open!;
        return { number: given.hints, text: toldOf(loadExercises(), given.exercise, 3)!.hints[given.hints - 1]! };
    }

    /** Judges a cloud that its team calls mended: by `diagnose`, then by `check`. */
    async check(team: string): Promise<{ verdict: Verdict; said: string }> {
        this.journal.add(team, "ask", thisProcess(), "running");
        let judged: { verdict: Verdict; said: string } = { verdict: "unknown", said: "the cloud could not be judged" };
        try {
            judged = await this.judge(team);
        } finally {
            this.journal.add(team, "judged", judged, "nothing");
        }
        return judged;
    }

    private async judge(team: string): Promise<{ verdict: Verdict; said: string }> {
        const hear = (line: string) => this.say(team, line);
        const { code, last } = await this.run(["diagnose", team, "--json"], hear);
        // 3: drifted. 2: something does not answer. Which it is gives the cause away.
        if (code === 2 || code === 3) return { verdict: "broken", said: "diagnose: not everything is as it was made" };
        if (code !== 0) {
            hear(`diagnose ended with ${code}: ${last}`);
            return { verdict: "unknown", said: "the cloud could not be diagnosed; it costs nothing" };
        }
        const { result, code: checked } = await this.run(["check", team, "--json"], hear);
        if (checked === 0) return { verdict: "sound", said: "diagnose and check: all is well" };
        if (checked !== 1) return { verdict: "unknown", said: "the cloud could not be checked; it costs nothing" };
        const failing = ((result?.checks ?? []) as { id: string; result: string }[]).filter(c => c.result === "fail");
        return { verdict: "broken", said: `check: ${failing.map(c => c.id).join(", ")} failed` };
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
        return explanation(named(loadExercises(), open!.exercise));
    }

    stop = (team: string): unknown => this.journal.add(team, "stop", {}, "open");
    freeze = (team: string): unknown => this.journal.add(team, "freeze", {}, "open");
    resume = (team: string): unknown => this.journal.add(team, "resume", {}, "open");
    extend = (team: string, minutes: number): unknown => this.journal.add(team, "extend", { minutes }, "open");
}
