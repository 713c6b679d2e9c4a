import { csv, table } from "../../../cli/exercise/scores";
import type { Standing } from "../../../cli/exercise/journal";

const round = { exercise: "S5-cinder", hints: 1, wrong: 2, revealed: false, frozen: false, used: 61.6, left: 245 };
const standing = (team: string, points: number, state: "open" | "solved"): Standing => {
    const one = { ...round, state, points };
    return {
        team,
        rounds: [one],
        open: state === "open" ? one : undefined,
        busy: undefined,
        said: undefined,
        last: undefined,
    };
};
const both = [standing("team01", -50, "open"), standing("team02", 90, "solved")];

test("the table has the best team first, and says how each stands", () => {
    expect(table(both)).toEqual([
        "team02     90 points  1 of 1 solved  S5 solved",
        "team01    -50 points  0 of 1 solved  S5, 4:05 left",
    ]);
});

test("the CSV names no way of an exercise, and holds no formula", () => {
    expect(csv([...both, standing("=cmd,x", 0, "open")])).toEqual([
        "team,round,exercise,state,seconds,hints,wrong,points",
        "team01,1,S5,open,62,1,2,-50",
        "team02,1,S5,solved,62,1,2,90",
        '"\'=cmd,x",1,S5,open,62,1,2,0',
    ]);
});
