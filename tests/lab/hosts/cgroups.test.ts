import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { processesIn } from "../../../lab/hosts/cgroups";

const top = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-cgroups-"));
afterAll(() => fs.rmSync(top, { recursive: true }));

test("the processes of a lab's cgroups are those of all hierarchies and all below, each once; of no other lab", () => {
    const put = (dir: string, ...ids: number[]) => {
        fs.mkdirSync(path.join(top, dir), { recursive: true });
        fs.writeFileSync(path.join(top, dir, "cgroup.procs"), ids.map(id => `${id}\n`).join(""));
    };
    put("cpu/lab", 7);
    put("cpu/lab/central");
    put("cpu/lab/central/machine", 8, 9);
    put("memory/lab");
    put("memory/lab/compute", 9);
    put("memory/other", 10);
    fs.mkdirSync(path.join(top, "pids"));
    const found = ["cpu", "memory", "pids"].map(name => ({
        version: 1 as const,
        mountPoint: path.join(top, name),
        controllers: [name],
    }));
    expect(processesIn("lab", found).sort()).toEqual([7, 8, 9]);
});
