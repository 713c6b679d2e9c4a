import { busyInWords, type Standing } from "./journal";
import { type Round, total } from "./scoring";

/** A field of CSV (RFC 4180); a spreadsheet takes none for a formula. */
function field(value: string | number): string {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

const columns = ["team", "round", "exercise", "state", "seconds", "hints", "wrong", "points"] as const;

/** `S5` of `S5-cinder`: which way it was is not told while it is open. */
const idOf = ({ exercise }: Pick<Round, "exercise">): string => exercise.split("-")[0]!;

/** The rounds of the teams, a line each below the names of the columns. */
export const csv = (standings: readonly Standing[]): string[] => [
    columns.join(","),
    ...standings.flatMap(({ team, rounds }) =>
        rounds.map((round, i) =>
            [team, i + 1, idOf(round), round.state, Math.round(round.used), round.hints, round.wrong, round.points]
                .map(field)
                .join(","),
        ),
    ),
];

/** `4:05` */
const clockInWords = (seconds: number): string =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function stateInWords({ open, busy, rounds }: Standing): string {
    if (busy === "prepare") return busyInWords.prepare;
    const last = rounds[rounds.length - 1];
    if (!last) return "no exercise yet";
    if (!open) return `${idOf(last)} ${last.revealed ? "revealed" : last.state}`;
    if (busy) return `${idOf(last)}: ${busyInWords[busy]}`;
    if (open.frozen) return `${idOf(last)} frozen, ${clockInWords(open.left)} left`;
    return open.left > 0 ? `${idOf(last)}, ${clockInWords(open.left)} left` : `${idOf(last)}, time is up`;
}

/** A line for each team, the best one first. */
export function table(standings: readonly Standing[]): string[] {
    if (standings.length === 0) return ["no team has had an exercise yet"];
    const rows = [...standings].sort((a, b) => total(b.rounds) - total(a.rounds));
    const width = Math.max(...rows.map(s => s.team.length));
    return rows.map(standing => {
        const solved = standing.rounds.filter(r => r.state === "solved").length;
        return `${standing.team.padEnd(width)}  ${String(total(standing.rounds)).padStart(5)} points  ${solved} of ${standing.rounds.length} solved  ${stateInWords(standing)}`;
    });
}
