import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { notice } from "../../engine/leftovers";
import { isSecret, realOnes, stackOutputs } from "../../engine/state";
import { passphraseFile, stackStore, stateFile } from "../../engine/stack-store";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-state-"));
beforeAll(() => {
    process.env.CLASSROOM_STATE = dir;
    const write = (file: string, value: object) => {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, JSON.stringify(value));
    };
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
    write(stateFile("lab"), {
        version: 3,
        checkpoint: {
            latest: {
                manifest: { time: "2026-11-24T20:00:00Z" },
                resources: [
                    {
                        urn: "urn:pulumi:lab::p::pulumi:pulumi:Stack::p-lab",
                        type: "pulumi:pulumi:Stack",
                        custom: false,
                        outputs: { nodes: {}, token: secret },
                    },
                    {
                        urn: "urn:pulumi:lab::p::pulumi:providers:libvirt::h",
                        type: "pulumi:providers:libvirt",
                        custom: true,
                    },
                    {
                        urn: "urn:pulumi:lab::p::libvirt:index/network:Network::n",
                        type: "libvirt:index/network:Network",
                        custom: true,
                    },
                ],
                pending_operations: [
                    {
                        type: "creating",
                        resource: {
                            urn: "urn:pulumi:lab::p::libvirt:index/network:Network::m",
                            type: "libvirt:index/network:Network",
                            custom: true,
                        },
                    },
                ],
            },
        },
    });
    const history = path.join(dir, "stacks/.pulumi/history/gridka-cloud-classroom/lab");
    write(path.join(history, "lab-1.history.json"), { kind: "update", result: "failed", startTime: 10, endTime: 12 });
    write(path.join(history, "lab-2.history.json"), {
        kind: "refresh",
        result: "succeeded",
        startTime: 20,
        endTime: 23,
    });
});
afterAll(() => {
    delete process.env.CLASSROOM_STATE;
    fs.rmSync(dir, { recursive: true });
});

test("a state is read without the engine", () => {
    const state = stackStore.state("lab")!;
    expect(realOnes(state.resources).map(r => r.urn.split("::").pop())).toEqual(["n"]);
    expect(state.pending).toHaveLength(1);
    expect(Object.entries(stackOutputs(state)).map(([name, value]) => [name, isSecret(value)])).toEqual([
        ["nodes", false],
        ["token", true],
    ]);
    expect(stackStore.lastOperation("lab")).toEqual({
        operation: "refresh",
        result: "succeeded",
        started: "1970-01-01T00:00:20.000Z",
        seconds: 3,
    });
    expect(stackStore.lastOperation("lab", "refresh")).toEqual(stackStore.lastOperation("lab"));
    expect(stackStore.lastOperation("lab", "destroy")).toBeUndefined();
    expect([stackStore.state("never"), stackStore.lastOperation("never")]).toEqual([undefined, undefined]);
});

test("a backup is the state as it lies there, secrets encrypted, private; the last ten are kept", async () => {
    for (let i = 0; i < 12; i++) {
        stackStore.backUp("lab");
        await new Promise(resolve => setTimeout(resolve, 2));
    }
    const backups = fs.readdirSync(path.join(dir, "backups/lab")).map(f => path.join(dir, "backups/lab", f));
    expect(backups).toHaveLength(10);
    expect(fs.readFileSync(backups[9]!)).toEqual(fs.readFileSync(stateFile("lab")));
    expect(fs.statSync(backups[0]!).mode & 0o777).toBe(0o600);
});

test("the passphrase is made once; where it is lost no other one is made for the same states", () => {
    expect(passphraseFile).toThrow(
        /^the passphrase of the stacks' secrets is missing \(.*\/passphrase\), so their states in .* cannot be opened; nothing was changed\. /,
    );
    fs.renameSync(path.join(dir, "stacks"), path.join(dir, "moved"));
    const first = fs.readFileSync(passphraseFile(), "utf8");
    fs.renameSync(path.join(dir, "moved"), path.join(dir, "stacks"));
    expect(fs.readFileSync(passphraseFile(), "utf8")).toBe(first);
});

test("what was cut off is told, and what was found of it", () => {
    const { pending } = stackStore.state("lab")!;
    expect(notice(pending, [])).toBe("the last run was cut off in the middle of: creating m; that is planned anew");
    expect(notice(pending, [pending[0]!.resource])).toMatch(/; found there and recorded: m$/);
});
