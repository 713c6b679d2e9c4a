import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { named } from "../../../cli/sabotage/choose";
import { explain, explanation, listed, listLine, showHint, showList } from "../../../cli/sabotage/show";
import { begun } from "../../../cli/stack/under-way";
import { exercises } from "./loaded";

const before = process.env.CLASSROOM_STATE,
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-show-"));
let printed: string[];
beforeEach(() => {
    process.env.CLASSROOM_STATE = dir;
    printed = [];
    jest.spyOn(console, "log").mockImplementation((text: string) => void printed.push(text));
});
afterEach(() => {
    jest.restoreAllMocks();
    for (const file of fs.readdirSync(dir)) fs.rmSync(path.join(dir, file), { recursive: true });
    if (before === undefined) delete process.env.CLASSROOM_STATE;
    else process.env.CLASSROOM_STATE = before;
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

const S4 = exercises.find(e => e.id === "S4")!;
const going = (name: string) => begun("lab", { name, since: "2013-08-28T10:00:00.000Z", hasUndo: false });

test("an exercise in a line is what is noticed of it", () => {
    expect(listLine(S4)).toBe(
        "S4   beginner      15 min  something that worked yesterday does not answer, or takes for ever (6 ways)",
    );
    expect(listLine({ ...S4, tried: [] })).toMatch(/ \(6 ways\) \(not yet tried on a lab\)$/);
});

test("the list as JSON gives nothing away", () => {
    showList([S4], true);
    expect(JSON.parse(printed.join())).toEqual({ exercises: [listed(S4)] });
    for (const e of exercises)
        expect(
            Object.keys(listed(e)).filter(key => ["hints", "steps", "noticed", "causes", "solution"].includes(key)),
        ).toEqual([]);
    expect(JSON.stringify(listed(S4))).not.toMatch(/mysql|rabbit|node/);
});

test("an explanation says what is broken, how diagnose names it and how it is mended", () => {
    expect(explanation(named(exercises, "S4-mysql")).slice(-7)).toEqual([
        "S4-mysql, on db-node",
        "    step 1: stop on db-node (service: mysql); mended by up --refresh",
        "    noticed by root@api-node:~# nova list … fails",
        "    diagnose: mysql on db-node is stopped",
        "    mended by: up --refresh, or by hand",
        "    root@db-node:~# service mysql status",
        "    root@db-node:~# service mysql start",
    ]);
});

test("an explanation tells the steps with their place and what mends each of them", () => {
    const steps = (name: string) => explanation(named(exercises, name)).filter(line => / step \d+: /.test(line));
    expect(steps("E32")).toEqual([
        "    step 1: move on volume-node (file: /etc/cinder/cinder.conf, to: /etc/cinder/cinder.conf.orig); mended by sabotage --undo",
        "    step 2: stop on volume-node (service: tgt); mended by up --refresh",
    ]);
    expect(steps("E35")[0]).toBe("    step 1: remove-role (user: glance); mended by up --refresh");
    expect(explanation(named(exercises, "E32"))).toContain(
        `symptom: ${exercises.find(({ id }) => id === "E32")!.symptom}`,
    );
});

test("what is under way is not explained, on its stack or without one", () => {
    going("S4-mysql");
    for (const [wanted, stack] of [
        ["S4", undefined],
        ["S4-mysql", "lab"],
    ] as const)
        expect(() => explain(exercises, wanted, stack, {})).toThrow(
            `${wanted} is under way on lab: it is explained when ./classroom diagnose lab or sabotage lab --undo has ended well, or with --reveal`,
        );
    expect(printed).toEqual([]);
});

test("another way of it is explained, or another stack's", () => {
    going("S4-mysql");
    explain(exercises, "S4-nova-api", undefined, {});
    explain(exercises, "S4", "team01", {});
    expect(printed).toHaveLength(2);
});

test("what is under way is revealed", () => {
    going("S4-mysql");
    explain(exercises, "S4-mysql", "lab", { reveal: true, json: true });
    expect(JSON.parse(printed.join())).toMatchObject({ id: "S4", ways: [{ name: "mysql", undo: false }] });
});

test("a hint is for what is under way", () => {
    going("S4-mysql");
    showHint(exercises, "lab", undefined, "2", false);
    expect(printed).toEqual([S4.hints[1]]);
});

test("a hint is for an exercise that is named", () => {
    showHint(exercises, "lab", "S1", "3", true);
    expect(JSON.parse(printed.join())).toEqual({ id: "S1", hint: 3, text: exercises[0]!.hints[2] });
});

test.each<[string, string[], string]>([
    ["1", [], "nothing is under way on lab, as far as this machine knows; name the exercise"],
    ["1", ["S4-mysql", "S1-nova"], "several exercises are under way on lab; name one of S1, S4"],
    ["4", ["S4-mysql"], '--hint "4" is not allowed; there are hints 1, 2 and 3'],
])("hint %s while %j is under way: %s", (number, names, message) => {
    names.forEach(going);
    expect(() => showHint(exercises, "lab", undefined, number, false)).toThrow(message);
});
