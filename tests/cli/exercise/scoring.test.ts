import * as fc from "fast-check";
import { type Happening, type Rules, roundsOf, total } from "../../../cli/exercise/scoring";

const rules: Rules = { solved: 100, minute: 2, hint: 10, wrongDone: 20 };
const start = { at: 0, kind: "start", exercise: "S5-cinder", minutes: 20, rules } as const;
const judged = (at: number, verdict: "sound" | "broken" | "unknown"): Happening[] => [
    { at, kind: "ask" },
    { at: at + 45, kind: "judged", verdict },
];
const last = (happenings: readonly Happening[], now = 10_000) => roundsOf(happenings, now).pop()!;

test("a mended cloud wins its points and those of each whole minute that was left when the team asked", () => {
    expect(last([start, ...judged(615, "sound")])).toMatchObject({ state: "solved", used: 615, points: 100 + 2 * 9 });
});

test("hints and a wrong done cost, a cloud that could not be judged costs nothing", () => {
    const hint = { at: 30, kind: "hint" } as const;
    expect(last([start, hint, hint, ...judged(60, "broken"), ...judged(200, "unknown")], 300)).toMatchObject({
        state: "open",
        hints: 2,
        wrong: 1,
        points: -40,
    });
});

test("after its time nothing is won, and nothing is lost", () => {
    const late: Happening[] = [start, { at: 1300, kind: "hint" }, ...judged(1400, "broken"), ...judged(1500, "sound")];
    expect(last(late)).toMatchObject({ state: "late", points: 0, left: 0 });
});

test("who asked in time has won, however long the judging takes", () => {
    expect(last([start, { at: 1199, kind: "ask" }, { at: 1290, kind: "judged", verdict: "sound" }]).points).toBe(100);
});

test("a frozen exercise takes no time; more time is more time", () => {
    const frozen: Happening[] = [start, { at: 100, kind: "freeze" }, { at: 700, kind: "resume" }];
    expect(last(frozen, 800)).toMatchObject({ used: 200, left: 1000 });
    expect(last([...frozen, { at: 800, kind: "extend", minutes: 5 }], 800).left).toBe(1300);
});

test.each(["reveal", "stop"] as const)("%s ends it without more points", kind => {
    const ended: Happening[] = [start, { at: 10, kind }, ...judged(20, "sound")];
    expect(last(ended)).toMatchObject({ state: "over", points: 0 });
});

test("the next exercise ends the one before it", () => {
    const rounds = roundsOf([start, { ...start, at: 50, exercise: "S1-nova" }, ...judged(60, "sound")], 100);
    expect(rounds.map(r => r.state)).toEqual(["over", "solved"]);
});

test("an exercise that begins at a time before the last entry has its whole time", () => {
    const hint = { at: 0, kind: "hint" } as const;
    expect(last([{ ...start, at: 1200 }, { ...start, at: 0 }, { ...hint, at: 1200 }, hint], 1200)).toMatchObject({
        used: 0,
        points: -20,
    });
});

/** Anything that may happen, at any times, those that go back too. */
const happenings = fc
    .array(
        fc.tuple(
            fc.integer({ min: -100, max: 3000 }),
            fc.constantFrom<Happening["kind"]>("start", "hint", "ask", "judged", "freeze", "resume", "stop", "extend"),
            fc.constantFrom("sound" as const, "broken" as const, "unknown" as const),
        ),
        { maxLength: 25 },
    )
    .map(all => all.map(([at, kind, verdict]) => ({ ...start, at, kind, verdict, minutes: 7 }) as Happening));

test("property: time is never negative, never more than was given, and no clock that goes back gives any", () => {
    fc.assert(
        fc.property(happenings, fc.integer({ min: 0, max: 5000 }), (all, now) => {
            const extended = all.filter(h => h.kind === "extend").length;
            for (const { left, used } of roundsOf(all, now)) {
                expect(used).toBeGreaterThanOrEqual(0);
                expect(left).toBeGreaterThanOrEqual(0);
                expect(left).toBeLessThanOrEqual((1 + extended) * 7 * 60);
            }
        }),
    );
});

test("property: later is never more time", () => {
    fc.assert(
        fc.property(happenings, fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 5000 }), (all, a, b) => {
            const [early, late] = [Math.min(a, b), Math.max(a, b)].map(now => roundsOf(all, now).pop()?.left ?? 0);
            expect(late).toBeLessThanOrEqual(early!);
        }),
    );
});

test("property: another hint or a wrong done never gives points", () => {
    const more: Happening[][] = [[{ ...start, at: 1, kind: "hint" } as Happening], judged(1, "broken")];
    fc.assert(
        fc.property(happenings, fc.constantFrom(...more), fc.nat(25), (all, extra, place) => {
            const cut = Math.min(place, all.length),
                before = total(roundsOf(all, 6000));
            // A question that waits for its answer is one: theirs come before or behind it.
            fc.pre(all.slice(0, cut).findLast(h => h.kind === "ask" || h.kind === "judged")?.kind !== "ask");
            const at = Math.max(0, ...all.slice(0, cut).map(h => h.at));
            const with_ = [...all.slice(0, cut), ...extra.map(h => ({ ...h, at })), ...all.slice(cut)];
            expect(total(roundsOf(with_, 6000))).toBeLessThanOrEqual(before);
        }),
    );
});

test("property: points are at most those of every exercise solved at once", () => {
    fc.assert(
        fc.property(happenings, all => {
            const extended = all.filter(h => h.kind === "extend").length;
            for (const { points } of roundsOf(all, 6000))
                expect(points).toBeLessThanOrEqual(rules.solved + rules.minute * 7 * (1 + extended));
        }),
    );
});
