import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { stackStore } from "../../../engine/stack-store";
import { begun, over, soundAgain, underWay } from "../../../cli/stack/under-way";

const before = process.env.CLASSROOM_STATE;
let dir: string;
beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-under-way-"));
    process.env.CLASSROOM_STATE = dir;
});
afterEach(() => {
    fs.rmSync(dir, { recursive: true });
    if (before === undefined) delete process.env.CLASSROOM_STATE;
    else process.env.CLASSROOM_STATE = before;
});

const one = { name: "S4-mysql", since: "2013-08-28T10:00:00.000Z", hasUndo: false },
    other = { name: "N1-x", since: "2013-08-28T11:00:00.000Z", hasUndo: true };
const both = () => {
    begun("lab", one);
    begun("lab", other);
};
const note = () => path.join(dir, "stacks/lab/sabotage.json");
const names = () => underWay("lab").map(o => o.name);

test("what has begun is under way on its stack alone", () => {
    both();
    expect(underWay("lab")).toEqual([one, other]);
    expect(underWay("team01")).toEqual([]);
});

test("nobody else may read what is under way", () => {
    both();
    expect(fs.statSync(note()).mode & 0o777).toBe(0o600);
});

test("what is over is not under way any more", () => {
    both();
    over("lab", "S4-mysql");
    expect(names()).toEqual(["N1-x"]);
    over("lab", "N1-x");
    expect(names()).toEqual([]);
});

test("of a stack that is as it should be, what its own undo takes back is still under way", () => {
    both();
    soundAgain("lab");
    expect(names()).toEqual(["N1-x"]);
});

test("of a stack that nobody has broken nothing is kept", () => {
    soundAgain("lab");
    over("lab", "S4-mysql");
    expect(fs.existsSync(note())).toBe(false);
});

test("a cloud that is no more has nothing under way", () => {
    both();
    stackStore.removeNotes("lab");
    expect(names()).toEqual([]);
});

test("a file that cannot be understood says nothing", () => {
    both();
    fs.writeFileSync(note(), "[{}, 3, null");
    expect(underWay("lab")).toEqual([]);
    fs.writeFileSync(note(), '[{}, 3, null, { "name": "S1-nova" }]');
    expect(names()).toEqual(["S1-nova"]);
});
