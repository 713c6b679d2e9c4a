import { randomBytes } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { spawn } from "child_process";
import * as yaml from "yaml";
import { generatedPasswords } from "../../cli/stack/secrets";
import { hostRoles, nodeNames } from "../../config/nodes";
import { passwordProblem } from "../../config/passwords";
import { credentialNames, type Credentials } from "../../config/credentials";
import { openStack } from "../../engine/automation";
import { PROJECT } from "../../engine/stack-file";
import { obtainEngine } from "../../engine/obtain";
import { randomPluginFile } from "../../engine/package-plugins";
import { exported } from "../../engine/state";
import { projectDir } from "../../system/paths";
import { PlainProgress } from "../../system/progress";
import { run, type RunOptions, type RunResult } from "../../system/run";
import { Canaries, type Finding, Outputs, ProcessList } from "./canaries";
import { Opened } from "./opened";
import { buildParts } from "./roots";
import { PLANTED, search, type Shell } from "./search";

/** A stack, a lab and a state of its own. */
const stack = `test-${randomBytes(4).toString("hex")}`;
const stackFile = path.join(projectDir(), `Pulumi.${stack}.yaml`);
const state = (process.env.CLASSROOM_STATE = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-state-")));
const since = Math.floor(Date.now() / 1000);

const canaries = new Canaries(),
    outputs = new Outputs(),
    processes = new ProcessList();

const program = path.join(projectDir(), "bin/cli/main.js");
const classroom = async (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    await run(process.execPath, [program, ...args], {
        cwd: projectDir(),
        allowFailure: true,
        timeoutSeconds: 900,
        ...options,
    });
/** One whose output is searched. */
const told = async (...args: string[]): Promise<RunResult> => outputs.keep(args.join(" "), await classroom(args));

const onMachine =
    (machine: string): Shell =>
    async (script, input) =>
        await classroom(["ssh", stack, machine, "--", script], { input });
const here: Shell = async (script, input) =>
    await run("sh", ["-c", script], { input, allowFailure: true, timeoutSeconds: 300 });

/** Everything printable that quoting anywhere could get wrong, and of it what a password may hold. */
const special = "%@/'$#: \"\\;&+=?!*()[]{}<>|~^,.`-_";
const middleOf = (name: (typeof credentialNames)[number]): string =>
    [...special].filter(c => !passwordProblem(name, `x${c}x`, "ocata")).join("");

const debug = { DEFAULT: { debug: "True" } };
/** Services that are told to write down as much as they can. */
const nodes = {
    "auth-node": { options: { "keystone-conf": debug } },
    "image-node": { options: { "glance-api-conf": debug } },
    "volume-node": { options: { "cinder-conf": debug } },
    "api-node": { options: { "nova-conf": debug } },
};
/** Team 01's own configuration on a lab, with release and hosts in the place of the course's, and passwords of its own. */
const configure = (more: object = {}): void => {
    const { config: team } = yaml.parse(fs.readFileSync(path.join(projectDir(), "Pulumi.team01.yaml"), "utf8")) as {
        config: Record<string, unknown>;
    };
    const { [`${PROJECT}:hosts`]: _hosts, ...kept } = team,
        own = { lab: stack, release: "ocata", nodes, ...more };
    fs.writeFileSync(
        stackFile,
        yaml.stringify({
            config: {
                ...kept,
                ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${PROJECT}:${key}`, value])),
            },
        }),
    );
};

/** Puts the double of @pulumi/random's plugin where the engine looks for the real one, which machines of these tests may be unable to have. */
function standInForRandomPlugin(): void {
    const file = randomPluginFile(path.join(state, "pulumi-home"));
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(
        file,
        `#!/bin/sh\nexec '${process.execPath}' '${projectDir()}/tests/doubles/pulumi-resource-random.js' "$@"\n`,
        { mode: 0o755 },
    );
}

/** The generated passwords, as the engine decrypts them; they are secrets to look for from now on. */
async function generated(): Promise<Partial<Credentials>> {
    const opened = await openStack(
        stack,
        async () => undefined,
        await obtainEngine(new PlainProgress()),
        () => undefined,
    );
    const passwords = generatedPasswords(exported(await opened.exportStack()));
    for (const [name, password] of Object.entries(passwords)) canaries.watch(name, password);
    return passwords;
}

beforeAll(async () => {
    await buildParts(new PlainProgress());
    configure();
    canaries.make(PLANTED, "");
    for (const name of credentialNames) canaries.make(name, middleOf(name));
}, 60 * 60_000);
afterAll(async () => {
    processes.stop();
    await classroom(["destroy", stack]);
    await classroom(["lab", "down", stack]);
    for (const left of [state, stackFile]) fs.rmSync(left, { recursive: true, force: true });
}, 5 * 60_000);

test("a secret on a command line or in an output is found", async () => {
    const watched = new ProcessList().start();
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 2000)", canaries.value(PLANTED)], {
        stdio: "ignore",
    });
    await new Promise(resolve => child.once("close", resolve));
    watched.stop();
    expect(watched.find(canaries)).toContainEqual({
        secret: PLANTED,
        where: expect.stringMatching(/^command line .*-e setTimeout.* \[secret\] $/),
    });
    const value = canaries.value("adminPassword");
    const shown = [
        value,
        JSON.stringify(value),
        encodeURIComponent(value),
        Buffer.from(`a${value}b`).toString("base64"),
        Buffer.from(`ab${value}`).toString("base64url"),
        Buffer.from(value).toString("hex"),
    ];
    for (const [i, stdout] of shown.entries()) {
        const own = new Outputs();
        own.keep(String(i), { stdout: `x ${stdout} y`, stderr: "", code: 0 });
        expect(own.find(canaries)).toEqual([{ secret: "adminPassword", where: `output of ${i}` }]);
    }
});

test(
    "up with every password set, encrypted, of characters that quoting could get wrong; no process shows one",
    async () => {
        const passwords = credentialNames.map(name => canaries.value(name)).join("\n");
        processes.start();
        const set = outputs.keep(
            "config set-secret",
            await classroom(["config", "set-secret", stack, ...credentialNames], { input: `${passwords}\n` }),
        );
        expect(set).toMatchObject({ code: 0 });
        expect(fs.readFileSync(stackFile, "utf8").match(/secure: v1:/g)).toHaveLength(credentialNames.length);
        canaries.watch("passphrase", fs.readFileSync(path.join(state, "passphrase"), "utf8").trim());
        const up = await told("up", stack, "--verbose");
        expect([up.code, up.code === 0 ? "" : masked(up)]).toEqual([0, ""]);
        processes.stop();
        expect({ samples: processes.samples > 100, lines: processes.commandLines > 100 }).toEqual({
            samples: true,
            lines: true,
        });
        expect(processes.find(canaries)).toEqual([]);
    },
    20 * 60_000,
);

/** What a command printed, for a failure's message. */
const masked = ({ stdout, stderr }: RunResult): string =>
    (stdout + stderr)
        .split("\n")
        .slice(-30)
        .map(line => (canaries.in(line).length > 0 ? "[a line with a secret]" : line))
        .join("\n");

async function works(): Promise<void> {
    const check = await told("check", stack);
    expect([check.code, check.stdout.split("\n").filter(line => line.startsWith("fail"))]).toEqual([0, []]);
}
test("the cloud works with them", works, 10 * 60_000);

test(
    "the other commands on it",
    async () => {
        const { exitCode, changes } = JSON.parse((await told("preview", stack, "--json")).stdout) as {
            exitCode: number;
            changes: { resource: string }[];
        };
        expect([exitCode, changes.map(c => c.resource).join(", ")]).toEqual([0, ""]);
        expect((await told("refresh", stack, "--verbose")).code).toBe(0);
        for (const args of [
            ["up", stack, "--json"],
            ["status", stack],
            ["status", stack, "--json"],
            ["render", stack],
            ["render", stack, "--json"],
        ])
            expect([args, (await told(...args)).code]).toEqual([args, 0]);
        expect(await told("render", stack, "--show-secrets")).toMatchObject({
            code: 1,
            stderr: expect.stringContaining("encrypted, which the engine alone can read"),
        });
        const opened = Opened.start([program, "open", stack], process.env);
        try {
            expect(await opened.url("dashboard")).toMatch(/^http:/);
        } finally {
            await opened.interrupt();
        }
        expect(outputs.find(canaries)).toEqual([]);
    },
    10 * 60_000,
);

test(
    "generated passwords in the place of all of these, then one of them rotated: the cloud works before and after",
    async () => {
        standInForRandomPlugin();
        configure({ secrets: "generated" });
        processes.start();
        const up = await told("up", stack, "--verbose");
        expect([up.code, up.code === 0 ? "" : masked(up)]).toEqual([0, ""]);
        const first = await generated();
        expect(Object.keys(first).sort()).toEqual([...credentialNames].sort());
        await works();
        expect((await told("config", "rotate", stack, "cinderUser")).code).toBe(0);
        const { changes } = JSON.parse((await told("preview", stack, "--json")).stdout) as {
            changes: { resource: string }[];
        };
        expect([...new Set(changes.map(c => c.resource))].sort()).toEqual([
            // Where it is recorded alone.
            "cloud-auth-grant-cinder-admin",
            "cloud-auth-user-cinder",
            "cloud-password-cinderUser",
            "cloud-volume-cinder-paste",
        ]);
        expect((await told("up", stack, "--verbose")).code).toBe(0);
        processes.stop();
        const { cinderUser, ...others } = await generated();
        expect([cinderUser !== first.cinderUser, { cinderUser: first.cinderUser, ...others }]).toEqual([true, first]);
        await works();
        expect((await told("refresh", stack)).code).toBe(0);
        expect(processes.find(canaries)).toEqual([]);
        expect(outputs.find(canaries)).toEqual([]);
    },
    30 * 60_000,
);

test(
    "a failure whose message has a connection's URL and the admin's token in it",
    async () => {
        const broken = await onMachine("auth-node")(
            `rm /var/lib/classroom/steps/keystone-db-sync
printf '#!/bin/sh\\ngrep -hE "^(connection|admin_token)" /etc/keystone/keystone.conf >&2; exit 1\\n' > /usr/bin/keystone-manage`,
            "",
        );
        expect(broken.code).toBe(0);
        const { stderr } = await onMachine("auth-node")("su -s /bin/sh -c 'keystone-manage db_sync' keystone", "");
        expect(canaries.in(stderr).sort()).toEqual(["adminToken", "keystoneDatabase"]);
        expect((await told("refresh", stack)).code).toBe(3);
        const up = await told("up", stack, "--verbose", "--json");
        expect(up.code).toBe(1);
        expect(canaries.in(up.stdout + up.stderr)).toEqual([]);
        for (const text of [up.stderr, up.stdout]) {
            expect(text).toContain("admin_token = [secret]");
            expect(text).toContain("connection = mysql://keystoneUser:[secret]@10.0.0.3/keystone");
        }
    },
    10 * 60_000,
);

/** The files of the operator's that are there to hold a secret. */
const holders: readonly Finding[] = [
    { secret: "adminPassword", where: `the state: ${state}/stacks/${stack}/openrc` },
    { secret: "passphrase", where: `the state: ${state}/passphrase` },
];

test(
    "neither the state, its history and backups nor any output holds a secret; what has to is the operator's alone",
    async () => {
        const inState = await search(canaries, "the state", here, {
            root: state,
            except: hostRoles.map(host => `${state}/labs/${stack}/${host}`),
            since: 0,
        });
        expect(inState).toEqual(expect.arrayContaining([...holders]));
        expect(inState.filter(f => !holders.some(h => h.where === f.where && h.secret === f.secret))).toEqual([]);
        for (const { where } of holders) {
            const file = where.replace(/^.*?: /, ""),
                mode = (of: string) => (fs.statSync(of).mode & 0o777).toString(8);
            expect([file, mode(file), mode(path.dirname(file))]).toEqual([file, "600", "700"]);
        }
        expect(fs.readdirSync(path.join(state, "backups", stack)).length).toBeGreaterThan(0);
        expect(outputs.find(canaries)).toEqual([]);
    },
    5 * 60_000,
);

test(
    "nobody else can read one in a file of this machine, of a host or of a node",
    async () => {
        const found = await search(canaries, "this machine", here, { asNobody: true, since });
        for (const machine of [...hostRoles, ...nodeNames]) {
            // Nodes are searched by themselves.
            found.push(
                ...(await search(canaries, machine, onMachine(machine), {
                    asNobody: true,
                    except: ["/srv", "/var/lib/libvirt/roots/*/root"],
                    since,
                })),
            );
        }
        expect(found).toEqual([]);
        // The search as root finds them where they are at work.
        const known = await search(canaries, "auth-node", onMachine("auth-node"), { root: "/etc/keystone", since });
        expect(known.map(f => f.secret).sort()).toEqual(["adminToken", "keystoneDatabase"]);
    },
    10 * 60_000,
);
