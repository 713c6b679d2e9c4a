import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { gzipSync } from "zlib";
import { type Connection } from "../../../../clients/connection";
import { RemoteError, type RunScript } from "../../../../clients/ssh";
import type { Reading } from "../../../../providers/guest/manifest/reading";

export const connection: Connection = {
    name: "compute-1",
    host: "192.168.122.10",
    port: 22,
    hostKey: "",
    keyFile: "",
    jump: { name: "host one", host: "one", port: 24, hostKey: "" },
};

/** What a node prints of a kind. */
const toldOf = (name: string, printed: string): string => `${name} ${Buffer.byteLength(printed)}\n${printed}\n`;

/** What a node prints that is as a reading says. */
function printed({ files, lines }: Reading): string {
    const line = (name: string, value: Buffer) => `${name}:${value.toString("base64")}\n`,
        all = Object.entries(files);
    const found = all.map(
        ([file, f]) => `${f.type} ${f.mode} ${f.owner} ${f.group} ${f.size ?? 0}\0${file}\0${f.target ?? ""}\0`,
    );
    const digests = all.flatMap(([file, { digest }]) => (digest ? [`${digest} *${file}\n`] : [])),
        fixed = all.flatMap(([file, { immutable }]) => (immutable ? [`----i--- ${file}\n`] : []));
    return [
        line("files", gzipSync(found.join(""))),
        line("digests", gzipSync(digests.join(""))),
        line("immutable", gzipSync(fixed.join(""))),
        line(
            "kinds",
            gzipSync(
                Object.entries(lines)
                    .map(([name, value]) => toldOf(name, value.join("\n")))
                    .join(""),
            ),
        ),
    ].join("");
}

/** A node that answers as it is told, on a host whose folder is a temporary one. */
export class FakeNode {
    readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-ground-"));
    /** What was run in the node beside questions: scripts with their input. */
    readonly changes: string[] = [];
    etcHosts = "127.0.0.1 localhost\n";

    constructor(public now: Reading) {}

    readonly run: RunScript = async (on, script, { input = "", allowFailure } = {}) => {
        const result =
            on.name === connection.name ? this.inNode(script, String(input)) : this.onHost(script, String(input));
        if (result.code !== 0 && !allowFailure) throw new RemoteError(on.name, result);
        return result;
    };

    remove(): void {
        fs.rmSync(this.dir, { recursive: true });
    }

    private inNode(script: string, input: string) {
        if (script.includes("pour digests")) return { stdout: printed(this.now), stderr: "", code: 0 };
        if (script.includes("/etc/hosts"))
            return this.sh(script.replaceAll("/etc/hosts", this.file("hosts", this.etcHosts)), "");
        if (script.includes("tell packed"))
            return {
                stdout: `packed:${gzipSync(
                    input
                        .split("\n")
                        .filter((_, i) => i % 2 === 0)
                        .map(this.contentOf)
                        .join(""),
                ).toString("base64")}\n`,
                stderr: "",
                code: 0,
            };
        this.changes.push(`${script}\n${input}`);
        return { stdout: "", stderr: "", code: 0 };
    }

    /** What is in a file, by its name. */
    contentOf(this: void, name: string): string {
        return name === "" ? "" : `content of ${name}\n`;
    }

    private onHost(script: string, input: string) {
        return this.sh(script.replaceAll("/var/lib/libvirt/grounds", path.join(this.dir, "grounds")), input);
    }

    private sh(script: string, input: string) {
        const { stdout, stderr, status } = spawnSync("sh", ["-ec", script], { input, maxBuffer: 64 << 20 });
        return { stdout: stdout.toString(), stderr: stderr.toString(), code: status ?? 1 };
    }

    private file(name: string, content: string): string {
        fs.writeFileSync(path.join(this.dir, name), content);
        return path.join(this.dir, name);
    }
}
