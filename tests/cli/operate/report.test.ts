import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Report } from "../../../cli/operate/report";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-report-")),
    file = path.join(dir, "report");
afterAll(() => fs.rmSync(dir, { recursive: true }));

test("where values come from is what the last read told of that resource", () => {
    const asked = { event: "asked", kind: "guest/options-file", id: "api-node:/a" };
    const told = [
        { ...asked, places: { a: "line 1" } },
        { ...asked, places: { a: "line 2" } },
        { ...asked, id: "api-node:/b", places: { a: "line 3" } },
        { ...asked, kind: "guest/file", places: { a: "line 4" } },
    ];
    fs.writeFileSync(file, told.map(line => `${JSON.stringify(line)}\n`).join(""));
    const report = new Report(file);
    expect(report.places("guest:OptionsFile", "api-node:/a")).toEqual({ a: "line 2" });
    expect(report.places("guest:OptionsFile", "api-node:/c")).toEqual({});
});

test("what was made again by hand is known by its recorded id and by its present one", () => {
    const asked = { event: "asked", kind: "keystone/endpoint", id: "x1", newId: "x2" };
    fs.writeFileSync(file, `${JSON.stringify({ ...asked, differs: ["publicUrl"], follows: ["serviceId"] })}\n`);
    const report = new Report(file);
    for (const id of ["x1", "x2"]) {
        expect(report.follows("keystone:Endpoint", id)).toEqual(["serviceId"]);
        expect(report.differing("keystone:Endpoint", id)).toEqual(["publicUrl"]);
    }
    expect(report.follows("keystone:Endpoint", "x3")).toEqual([]);
    expect(report.follows("keystone:Service", "x2")).toEqual([]);
});
