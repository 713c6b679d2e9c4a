import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { diagnose } from "../../../cli/diagnose/operation";
import { start } from "../../../cli/operate/commands";
import type { Operation } from "../../../cli/operate/kind";
import { preview, refresh, up } from "../../../cli/operate/operations";
import { supervise } from "../../../cli/operate/supervise";
import { begun, underWay } from "../../../cli/stack/under-way";

jest.mock("../../../cli/operate/supervise", () => ({ supervise: jest.fn(), logOfWorker: () => undefined }));
jest.mock("../../../cli/hosts/teams", () => ({ checkTeams: () => undefined }));
jest.mock("../../../cli/stack/reach", () => ({ checkConfigured: () => undefined, labOf: () => undefined }));

const before = process.env.CLASSROOM_STATE,
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-commands-"));
beforeEach(() => {
    process.env.CLASSROOM_STATE = dir;
    begun("team01", { name: "S4-mysql", since: "2013-08-28T10:00:00.000Z", hasUndo: false });
});
afterAll(() => {
    fs.rmSync(dir, { recursive: true });
    if (before === undefined) delete process.env.CLASSROOM_STATE;
    else process.env.CLASSROOM_STATE = before;
});

test.each<[string, Operation, number, boolean]>([
    ["diagnose that found nothing", diagnose, 0, true],
    ["diagnose that found something", diagnose, 3, false],
    ["up --refresh that ended well", up(true), 0, true],
    ["up --refresh that left something unasked", up(true), 2, false],
    ["up, which asks nothing", up(), 0, false],
    ["refresh, which compares with what was recorded", refresh, 0, false],
    ["preview", preview, 0, false],
])("after a %s an exercise is over, or is not", async (_what, operation, code, over) => {
    jest.mocked(supervise).mockResolvedValue(code);
    expect(await start(operation, "team01", {}, [operation.name, "team01"])).toBe(code);
    expect(underWay("team01")).toHaveLength(over ? 0 : 1);
});
