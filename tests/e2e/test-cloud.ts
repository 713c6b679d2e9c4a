import * as fs from "fs";
import * as path from "path";
import * as yaml from "yaml";
import { PROJECT } from "../../engine/automation";
import { projectDir } from "../../system/paths";
import { run, RunResult } from "../../system/run";

/** A lab's stack of a test's own, configured as the lab's is but for what the test changes, and its command line. */
export class TestCloud {
    readonly configFile: string;

    /**
     * @param state folder of its own, so that the user's own lab is neither seen nor touched
     * @param timeoutSeconds of one command
     */
    constructor(readonly stack: string, readonly state: string, private readonly timeoutSeconds = 900) {
        this.configFile = path.join(projectDir(), `Pulumi.${stack}.yaml`);
    }

    configure(own: object = {}): void {
        const text = fs.readFileSync(path.join(projectDir(), "Pulumi.lab.yaml"), "utf8");
        const { config } = yaml.parse(text) as { config: Record<string, unknown> };
        const more = Object.fromEntries(Object.entries({ lab: this.stack, ...own }).map(([key, value]) => [`${PROJECT}:${key}`, value]));
        fs.writeFileSync(this.configFile, yaml.stringify({ config: { ...config, ...more } }));
    }

    async classroom(...args: string[]): Promise<RunResult> {
        return await run(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), ...args],
            { cwd: projectDir(), env: { CLASSROOM_STATE: this.state }, allowFailure: true, timeoutSeconds: this.timeoutSeconds });
    }

    /** Runs a shell script on a node or a physical host of the lab. */
    async on(machine: string, script: string): Promise<string> {
        const result = await this.classroom("ssh", this.stack, machine, "--", script);
        if (result.code !== 0) throw new Error(`${machine}: ${script}\nended with ${result.code}: ${result.stderr}`);
        return result.stdout;
    }

    async remove(): Promise<void> {
        await this.classroom("lab", "down", this.stack);
        fs.rmSync(this.configFile, { force: true });
        fs.rmSync(this.state, { recursive: true, force: true });
    }
}
