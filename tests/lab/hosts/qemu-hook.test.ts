import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { dataDir } from "../../../lab/hosts/files";

const top = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-cgroups-"));
afterAll(() => fs.rmSync(top, { recursive: true }));

/** A file below the hierarchy's folder, as the kernel makes them with a cgroup. */
function kernel(name: string, value: string): void {
    const file = path.join(top, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, value);
}
const read = (name: string): string => fs.readFileSync(path.join(top, name), "utf8").trim();

describe("libvirt's hook of virtual machines", () => {
    const cgroup = "cpu/machine/qemu-2-volume-node.libvirt-qemu/cpu.shares",
        script = fs
            .readFileSync(path.join(dataDir(), "qemu-hook.sh"), "utf8")
            .replaceAll("/sys/fs/cgroup", path.join(top, "host"));
    const hook = (guest: string, operation: string, type: string) =>
        spawnSync("bash", ["-c", script, "qemu", guest, operation, "begin", "-"], {
            input: `<domain type='${type}' id='2'>\n${"x".repeat(100_000)}`,
            encoding: "utf8",
        });

    test.each([
        ["volume-node", "started", "qemu", "6144"],
        ["volume-node", "prepare", "qemu", "1024"],
        ["volume-node", "started", "kvm", "1024"],
        ["node", "started", "qemu", "1024"],
    ])("of %s when it is %s, under %s, leaves %s shares", (guest, operation, type, shares) => {
        kernel(`host/${cgroup}`, "1024");
        expect(hook(guest, operation, type)).toMatchObject({ status: 0, stderr: "" });
        expect(read(`host/${cgroup}`)).toBe(shares);
    });
});
