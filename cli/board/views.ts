import type { ClassPlan } from "../../config/class-settings";
import { stackStore } from "../../engine/stack-store";
import { type Journal, type Standing, standingOf } from "../exercise/journal";
import { toldOf } from "../exercise/operations";
import { total } from "../exercise/scoring";
import { pictureOfStack } from "../graph/picture";
import { svg } from "../graph/svg";
import type { Exercise } from "../sabotage/exercise";
import { conditionOf, withoutCauses } from "../stack/condition";
import type { TeacherRow, TeamView, Views } from "./vocabulary";

/** What the views are made of. */
export interface Sources {
    plan: ClassPlan | undefined;
    teams: readonly string[];
    journal: Journal;
    exercises: readonly Exercise[];
}

const busyWords = { prepare: "is being prepared", ask: "is being judged", reset: "is being put back" } as const;

function stateOf({ rounds, busy }: Standing): TeamView["state"] {
    if (busy === "prepare") return "preparing";
    return rounds[rounds.length - 1]?.state ?? "none";
}

/** A team's view; nothing in it tells which way an exercise was done, or what drifted. */
function teamView(standing: Standing, { exercises, journal }: Sources): TeamView {
    const { team, rounds, busy, said } = standing,
        last = rounds[rounds.length - 1],
        condition = conditionOf(team);
    const started = journal.store.entries(team).findLast(e => e.kind === "start"),
        rules = (started?.detail as { rules?: TeamView["prices"] } | undefined)?.rules;
    const exercise = last && busy !== "prepare" ? toldOf(exercises, last.exercise, last.hints) : undefined;
    return {
        team,
        ...(exercise && { exercise }),
        state: stateOf(standing),
        frozen: last?.frozen ?? false,
        left: last?.state === "open" ? last.left : 0,
        points: total(rounds),
        solved: rounds.filter(r => r.state === "solved").length,
        wrong: last?.wrong ?? 0,
        ...(rules && { prices: { hint: rules.hint, wrongDone: rules.wrongDone } }),
        ...(busy && { busy: busyWords[busy] }),
        ...(said !== undefined && { said }),
        ...(condition && { condition: withoutCauses(condition) }),
        picture: String(Date.parse(condition?.time ?? "1970-01-01")),
    };
}

function teacherRow(view: TeamView, { rounds, last }: Standing): TeacherRow {
    const condition = conditionOf(view.team),
        operation = stackStore.lastOperation(view.team);
    const words =
        operation && `${operation.operation} ${operation.result}, ${operation.started.slice(0, 16).replace("T", " ")}`;
    return {
        ...view,
        ...(condition && { condition }),
        hints: rounds[rounds.length - 1]?.hints ?? 0,
        last: [words, last && `exercise: ${last.kind}`].filter(Boolean).join("; ") || undefined,
    };
}

/** What every page shows now. From the class's `freeze` on, teams see the scores of that moment. */
export function viewsOf(sources: Sources): Views {
    const { teams, journal, plan } = sources,
        now = journal.store.now(),
        entries = journal.store.entries(),
        freeze = plan?.times.freeze === undefined ? Infinity : Date.parse(plan.times.freeze) / 1000;
    const standings = teams.map(team => standingOf(team, entries, now));
    const views = standings.map(standing => teamView(standing, sources));
    const shown = (view: TeamView): TeamView =>
        Date.now() / 1000 < freeze
            ? view
            : { ...view, points: total(standingOf(view.team, entries, now, freeze).rounds) };
    return {
        class: plan?.name ?? "The class",
        teacher: views.map((view, i) => teacherRow(view, standings[i]!)),
        teams: Object.fromEntries(views.map(view => [view.team, shown(view)])),
    };
}

/** The drawings: `team:team01` of what is up, `teacher:team01` of what drifted. */
export function picturesOf(teams: readonly string[]): Record<string, string> {
    return Object.fromEntries(
        teams.flatMap(team => {
            const picture = pictureOfStack(team),
                condition = conditionOf(team);
            return [
                [`teacher:${team}`, svg(picture, condition)],
                [`team:${team}`, svg(picture, condition && withoutCauses(condition))],
            ];
        }),
    );
}
