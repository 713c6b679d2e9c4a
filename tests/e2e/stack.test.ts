import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { obtainEngine } from "../../engine/obtain";
import { buildHostRoot } from "../../lab/hosts/host-root";
import { PlainProgress } from "../../system/progress";
import { projectDir } from "../../system/paths";
import { run, RunResult } from "../../system/run";

/** State of its own, so that the user's own lab is neither seen nor touched. */
const state = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-state-"));

const classroom = async (...args: string[]): Promise<RunResult> =>
    await run(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), ...args], { cwd: projectDir(), env: { CLASSROOM_STATE: state }, allowFailure: true, timeoutSeconds: 300 });
const onCentral = async (command: string): Promise<string> => {
    const lab = path.join(state, "labs/lab");
    const result = await classroom("lab", "exec", "lab", "--", "ssh", "-p", "24", "-i", `${lab}/operator.key`, "-o", `UserKnownHostsFile=${lab}/known_hosts`, "root@central", command);
    expect(result).toMatchObject({ code: 0 });
    return result.stdout;
};

// On a new machine this is the engine's build from source, which has a time of its own.
beforeAll(async () => {
    await obtainEngine(new PlainProgress());
    await buildHostRoot(new PlainProgress());
}, 45 * 60_000);
afterAll(async () => {
    await classroom("lab", "down", "lab");
    fs.rmSync(state, { recursive: true, force: true });
});

test("up makes the networks and the names; up again changes nothing; the checkout stays clean", async () => {
    const status = async () => (await run("git", ["status", "--porcelain"], { cwd: projectDir() })).stdout;
    const before = await status();
    const first = await classroom("up", "lab");
    expect(first.stdout).toMatch(/^16 created in /m);
    expect(first.code).toBe(0);
    expect((await onCentral("virsh -q net-list --name | sort | xargs")).trim()).toBe("internal nat private public");
    expect(await onCentral("getent hosts api-node.example.org")).toMatch(/^172\.16\.0\.6\s+api-node\.example\.org$/m);
    expect((await classroom("up", "lab")).stdout).toMatch(/^16 unchanged in /m);
    expect(await status()).toBe(before);
});

test("what was broken is found, named and mended, and nothing else is touched", async () => {
    await onCentral("sed -i '/10.0.0.5 image-node/d' /etc/hosts; virsh -q net-destroy public; virsh -q net-undefine public; virsh -q net-destroy private; virsh -q net-autostart --disable nat");
    const refresh = await classroom("refresh", "lab");
    const drifted = /^16 of 16 resources asked, drifted: (.*) in /m.exec(refresh.stdout)?.[1]?.split(", ").sort();
    expect(drifted).toEqual(["cloud-hosts-central-names", "cloud-net-central-nat", "cloud-net-central-private-state", "cloud-net-central-public", "cloud-net-central-public-state"]);
    expect(refresh.stdout).toContain('entries: {"address":"10.0.0.5","names":["image-node"]} → (none)\n');
    expect(refresh.code).toBe(3);
    const preview = await classroom("preview", "lab");
    expect(preview.stdout).toContain("+ create network:Network cloud-net-central-public\n");
    expect(preview.stdout).toContain("~ update guest:HostsEntries cloud-hosts-central-names\n");
    expect((await classroom("up", "lab")).stdout).toMatch(/^2 created, 3 updated, 11 unchanged in /m);
    expect(await onCentral("grep '10.0.0.5 image-node' /etc/hosts")).toBe("10.0.0.5 image-node\n");
    expect(await classroom("refresh", "lab")).toMatchObject({ code: 0, stdout: expect.stringContaining("16 of 16 resources asked, none drifted") });
});

test("mistakes are told in words and change nothing", async () => {
    expect(await classroom("up", "nonsense")).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no stack "nonsense"') });
    const team = await classroom("preview", "team01");
    expect(team.code).toBe(1);
    expect(team.stdout + team.stderr).toMatch(/host gks-125\.scc\.kit\.edu: its ssh key is neither in/);
    expect(team.stdout + team.stderr).not.toMatch(/\n\s+at /);
});

test("destroy takes everything away; the state holds no secret file that others can read", async () => {
    expect(await classroom("destroy", "lab")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^16 deleted in /m) });
    expect((await onCentral("virsh -q net-list --all --name; grep -c classroom /etc/hosts || true")).trim()).toBe("0");
    expect((fs.statSync(state).mode & 0o077) | (fs.statSync(path.join(state, "passphrase")).mode & 0o077)).toBe(0);
});
