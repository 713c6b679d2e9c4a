import { spawn, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { folderShell } from "../../clients/ssh";

test("a folder is made though its empty parent is removed again and again", () => {
    const top = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-folder-"));
    const remover = spawn("sh", ["-c", "while :; do rmdir grounds; done 2> /dev/null"], { cwd: top });
    try {
        const { status, stderr } = spawnSync(
            "sh",
            ["-ec", `${folderShell}\nfor i in $(seq 300); do folder grounds/node; rmdir grounds/node; done`],
            { cwd: top, encoding: "utf8" },
        );
        expect([status, stderr]).toEqual([0, ""]);
    } finally {
        remover.kill("SIGKILL");
        fs.rmSync(top, { recursive: true });
    }
});

test("where no folder can be made, that is said", () => {
    const { status, stderr } = spawnSync("sh", ["-ec", `${folderShell}\nfolder /proc/none/node`], { encoding: "utf8" });
    expect([status, stderr]).toEqual([1, expect.stringContaining("cannot create directory")]);
});
