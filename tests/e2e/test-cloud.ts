import * as fs from "fs";
import * as path from "path";
import * as yaml from "yaml";
import { hostRoles } from "../../config/nodes";
import { PROJECT } from "../../engine/stack-file";
import { type RecordedState, stateOf } from "../../engine/state";
import { processesWith } from "../../lab/hosts/processes";
import { projectDir } from "../../system/paths";
import { CommandError, run, type RunOptions, type RunResult } from "../../system/run";

/** Of the lab's whole cloud, without components and providers. */
export const RESOURCES = 226;

/** A lab's stack of a test's own, configured as the lab's is but for what the test changes, and its command line. */
export class TestCloud {
    readonly configFile: string;
    readonly stateFile: string;

    /**
     * @param state folder of its own, so that the user's own lab is neither seen nor touched
     * @param timeoutSeconds of one command
     */
    constructor(
        readonly stack: string,
        readonly state: string,
        private readonly timeoutSeconds = 900,
    ) {
        this.configFile = path.join(projectDir(), `Pulumi.${stack}.yaml`);
        this.stateFile = path.join(state, "stacks/.pulumi/stacks", PROJECT, `${stack}.json`);
    }

    /** What the state records now. */
    recorded(): RecordedState {
        return fs.existsSync(this.stateFile)
            ? stateOf(JSON.parse(fs.readFileSync(this.stateFile, "utf8")))
            : { resources: [], pending: [] };
    }

    /**
     * Ends by force what works on the stack now: the engine alone, or the whole of the command.
     * @returns whether there was anything
     */
    kill(what: "engine" | "command"): boolean {
        const found = processesWith("CLASSROOM_OPERATOR_OF", this.stack).filter(pid => {
            try {
                return what === "command" || fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "pulumi";
            } catch {
                return false;
            }
        });
        for (const pid of found)
            try {
                process.kill(pid, "SIGKILL");
            } catch {
                /* ended meanwhile */
            }
        return found.length > 0;
    }

    configure(own: object = {}): void {
        const text = fs.readFileSync(path.join(projectDir(), "Pulumi.lab.yaml"), "utf8");
        const { config } = yaml.parse(text) as { config: Record<string, unknown> };
        const more = Object.fromEntries(
            Object.entries({ lab: this.stack, ...own }).map(([key, value]) => [`${PROJECT}:${key}`, value]),
        );
        fs.writeFileSync(this.configFile, yaml.stringify({ config: { ...config, ...more } }));
    }

    async classroom(...args: string[]): Promise<RunResult> {
        return await this.command(args, this.timeoutSeconds);
    }

    private command(args: string[], timeoutSeconds: number, input?: RunOptions["input"]): Promise<RunResult> {
        return run(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), ...args], {
            cwd: projectDir(),
            env: { CLASSROOM_STATE: this.state },
            allowFailure: true,
            timeoutSeconds,
            input,
        });
    }

    /** Makes the whole cloud, or mends what an earlier run of the test has left of it. */
    async make(): Promise<void> {
        fs.mkdirSync(this.state, { recursive: true, mode: 0o700 });
        this.configure();
        await this.succeeds("up", this.stack, "--refresh");
    }

    /**
     * Runs a command that has to succeed.
     * @throws with the last of what it said, without the lines about each thing that was made
     */
    async succeeds(...args: string[]): Promise<RunResult> {
        const result = await this.classroom(...args);
        if (result.code !== 0) {
            const said = `${result.stdout}${result.stderr}`.split("\n").filter(line => !/ [+] created /.test(line));
            throw new Error(`classroom ${args.join(" ")} ended with ${result.code}:\n${said.slice(-60).join("\n")}`);
        }
        return result;
    }

    /** Runs a shell script on a node or a physical host of the lab. */
    async on(machine: string, script: string): Promise<string> {
        const result = await this.classroom("ssh", this.stack, machine, "--", script);
        if (result.code !== 0) throw new Error(`${machine}: ${script}\nended with ${result.code}: ${result.stderr}`);
        return result.stdout;
    }

    /**
     * Asks something of a node or a physical host.
     * @param seconds what has not ended by then has the code 124
     * @returns its code, and all that it said; 255 where ssh could not connect
     */
    async ask(
        machine: string,
        script: string,
        seconds: number,
        { input }: Pick<RunOptions, "input"> = {},
    ): Promise<{ code: number; said: string }> {
        const args = ["ssh", this.stack, machine, "--", script];
        try {
            const { code, stdout, stderr } = await this.command(args, seconds, input);
            return { code, said: `${stdout}\n${stderr}`.trim() };
        } catch (e) {
            if (!(e instanceof CommandError)) throw e;
            return { code: 124, said: e.message };
        }
    }

    /** What the hosts have of the cloud: machines, networks, volumes, roots, names; nothing after `destroy`. */
    async onHosts(): Promise<string> {
        const script =
            "virsh -q net-list --all --name; virsh -q list --all --name; virsh -q -c lxc:///system list --all --name; ls /var/lib/libvirt/machines /var/lib/libvirt/roots 2> /dev/null | sed '/:$/d'; grep classroom /etc/hosts || true";
        const lines = await Promise.all(
            hostRoles.map(async host =>
                (await this.on(host, script))
                    .split("\n")
                    .filter(line => line.trim() !== "")
                    .sort()
                    .map(line => `${host}: ${line.trim()}`),
            ),
        );
        return lines.flat().join("\n");
    }

    /**
     * What the cloud has twice, by its own lists: tenants, users, endpoints …; nothing where it is as it should be.
     * @throws when a list is empty
     */
    async doubled(): Promise<string[]> {
        // Each list without its ids: of an endpoint its service's is what there may be one of.
        const lists = [
            ...["tenant-list", "user-list", "role-list", "service-list", "endpoint-list | awk '{ print $12 }'"].map(
                list => ["auth-node", `export OS_AUTH_URL=http://auth-node.example.org:35357/v2.0; keystone ${list}`],
            ),
            ...["net-list", "flavor-list", "keypair-list"].map(list => ["api-node", `nova ${list}`]),
            ["image-node", "glance image-list"],
        ] as const;
        const doubled: string[] = [];
        for (const [node, list] of lists) {
            const rows = (await this.on(node!, `. /root/openrc; ${list}`))
                .split("\n")
                .map(line => line.replace(/^\| [0-9a-f-]{32,36} /, "").trim())
                .filter(line => /\w/.test(line));
            if (rows.length < 2) throw new Error(`nothing in the list of ${list}`);
            doubled.push(...rows.filter((row, i) => rows.indexOf(row) !== i));
        }
        return doubled;
    }

    async remove(): Promise<void> {
        await this.classroom("lab", "down", this.stack);
        fs.rmSync(this.configFile, { force: true });
        fs.rmSync(this.state, { recursive: true, force: true });
    }
}
