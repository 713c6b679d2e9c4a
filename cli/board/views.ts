import type { ClassPlan } from "../../config/class-settings";
import type { Entry } from "../../engine/class-store";
import type { PastOperation } from "../../engine/state";
import { stackStore } from "../../engine/stack-store";
import { busyInWords, type Journal, type Standing, standingOf } from "../exercise/journal";
import { toldOf } from "../exercise/operations";
import { total } from "../exercise/scoring";
import { pictureOfStack } from "../graph/picture";
import { svg } from "../graph/svg";
import type { Exercise } from "../sabotage/exercise";
import { type Condition, conditionOf, withoutCauses } from "../stack/condition";
import type { TeacherRow, TeamView, Views } from "./vocabulary";

/** All that the views are made of. */
export interface Sources {
    plan: ClassPlan | undefined;
    teams: readonly string[];
    journal: Journal;
    exercises: readonly Exercise[];
}

function stateOf({ rounds, busy }: Standing): TeamView["state"] {
    if (busy === "prepare") return "preparing";
    return rounds[rounds.length - 1]?.state ?? "none";
}

/** Whether a team has a cloud, by its last operation: to read all states twice a second would keep a processor busy. */
const isMade = (last: PastOperation | undefined): boolean =>
    last !== undefined && !(last.operation === "destroy" && last.result === "succeeded");

/** What is known of a team, read once for both its pages. */
interface Facts {
    standing: Standing;
    /** The beginning of its last exercise. */
    started: Entry | undefined;
    condition: Condition | undefined;
    operation: PastOperation | undefined;
}

const factsOf = (team: string, entries: readonly Entry[], now: number): Facts => ({
    standing: standingOf(team, entries, now),
    started: entries.findLast(e => e.team === team && e.kind === "start"),
    condition: conditionOf(team),
    operation: stackStore.lastOperation(team),
});

/** A team's view; nothing in it tells which way an exercise was done, or what drifted. */
function teamView(facts: Facts, { exercises }: Sources): TeamView {
    const { standing, condition, operation } = facts,
        { team, rounds, busy, said } = standing;
    return {
        team,
        made: isMade(operation),
        ...roundView(facts, exercises),
        points: total(rounds),
        solved: rounds.filter(r => r.state === "solved").length,
        ...(busy && { busy: busyInWords[busy] }),
        ...(said !== undefined && { said }),
        ...(condition && { condition: withoutCauses(condition) }),
        picture: String(Date.parse(condition?.time ?? "1970-01-01")),
    };
}

type RoundView = Pick<TeamView, "exercise" | "state" | "frozen" | "left" | "wrong" | "prices">;

/** The last exercise of a team. */
function roundView({ standing, started }: Facts, exercises: readonly Exercise[]): RoundView {
    const last = standing.rounds[standing.rounds.length - 1],
        state = stateOf(standing);
    if (!last) return { state, frozen: false, left: 0, wrong: 0 };
    const exercise = state === "preparing" ? undefined : toldOf(exercises, last.exercise, last.hints),
        { hint, wrongDone } = (started?.detail as { rules: NonNullable<TeamView["prices"]> }).rules;
    return {
        ...(exercise && { exercise }),
        state,
        frozen: last.frozen,
        left: last.state === "open" ? last.left : 0,
        wrong: last.wrong,
        prices: { hint, wrongDone },
    };
}

function teacherRow(view: TeamView, { standing: { rounds, last }, condition, operation }: Facts): TeacherRow {
    const words =
        view.made && operation
            ? `${operation.operation} ${operation.result}, ${operation.started.slice(0, 16).replace("T", " ")}`
            : `no cloud yet: ./classroom up ${view.team}`;
    return {
        ...view,
        ...(condition && { condition }),
        hints: rounds[rounds.length - 1]?.hints ?? 0,
        last: [words, last && `exercise: ${last.kind}`].filter(Boolean).join("; "),
    };
}

/** All pages as they are now. From the class's `freeze` on, teams see the scores of that moment. */
export function viewsOf(sources: Sources): Views {
    const { teams, journal, plan } = sources,
        now = journal.store.now(),
        entries = journal.store.entries(),
        freeze = plan?.times.freeze === undefined ? Infinity : Date.parse(plan.times.freeze) / 1000;
    const facts = teams.map(team => factsOf(team, entries, now)),
        views = facts.map(one => teamView(one, sources));
    const shown = (view: TeamView): TeamView =>
        Date.now() / 1000 < freeze
            ? view
            : { ...view, points: total(standingOf(view.team, entries, now, freeze).rounds) };
    return {
        class: plan?.name ?? "The class",
        teacher: views.map((view, i) => teacherRow(view, facts[i]!)),
        teams: Object.fromEntries(views.map(view => [view.team, shown(view)])),
    };
}

/**
 * The drawings: `team:team01` of what is up, `teacher:team01` of what drifted.
 * @param before of a team whose file has a mistake now
 */
export function picturesOf(
    teams: readonly string[],
    before: Readonly<Record<string, string>> = {},
): Record<string, string> {
    return Object.assign({}, before, ...teams.map(drawingsOf)) as Record<string, string>;
}

function drawingsOf(team: string): Record<string, string> {
    try {
        const picture = pictureOfStack(team),
            condition = conditionOf(team);
        return {
            [`teacher:${team}`]: svg(picture, condition),
            [`team:${team}`]: svg(picture, condition && withoutCauses(condition)),
        };
    } catch {
        // A stack's file that is being edited; validate tells its mistakes.
        return {};
    }
}
