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
