import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { scriptsIn } from "../../../cli/sabotage/trusted";

let dir: string;
beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-trusted-"));
    fs.writeFileSync(path.join(dir, "break.sh"), "echo broken\n\n", { mode: 0o644 });
});
afterEach(() => fs.rmSync(dir, { recursive: true }));
const read = () => scriptsIn(dir)("break.sh");

test("a script of a trusted folder is read", () => {
    expect(read()).toBe("echo broken");
});

test("without a trusted folder no script runs, and that is said in one sentence", () => {
    expect(() => scriptsIn(undefined)("break.sh")).toThrow(
        "the exercise runs the script break.sh, and no folder of scripts is trusted, so nothing was broken; look at the script, and name its folder with --scripts FOLDER",
    );
});

test.each<[string, () => void]>([
    ["break.sh is not there", () => fs.rmSync(path.join(dir, "break.sh"))],
    ["break.sh may be written by others (chmod go-w)", () => fs.chmodSync(path.join(dir, "break.sh"), 0o666)],
    ["may be written by others (chmod go-w)", () => fs.chmodSync(dir, 0o777)],
    [
        "break.sh is no plain file",
        () => {
            fs.rmSync(path.join(dir, "break.sh"));
            fs.symlinkSync("/etc/hostname", path.join(dir, "break.sh"));
        },
    ],
    ["break.sh is larger than 64 KiB", () => fs.writeFileSync(path.join(dir, "break.sh"), "#".repeat(65537))],
    ["break.sh is no shell script", () => fs.writeFileSync(path.join(dir, "break.sh"), "a\0b")],
])("%s: it does not run", (reason, change) => {
    change();
    expect(read).toThrow(reason);
});
