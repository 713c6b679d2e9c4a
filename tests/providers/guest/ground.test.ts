import * as fs from "fs";
import * as path from "path";
import { baselineHandler } from "../../../providers/guest/baseline";
import { groundHandler } from "../../../providers/guest/ground";
import type { FileFacts, Reading } from "../../../providers/guest/manifest/reading";
import { accept } from "../../../providers/guest/manifest/record";
import { digestOf, Store } from "../../../providers/guest/manifest/store";
import { connection, FakeNode } from "./manifest/node";

const content = (name: string) => `content of ${name}\n`;
const file = (name: string, more: Partial<FileFacts> = {}): FileFacts => ({
    type: "f",
    mode: "640",
    owner: "root",
    group: "nova",
    size: content(name).length,
    digest: digestOf(Buffer.from(content(name))),
    ...more,
});
const etc = { "/etc": { type: "d", mode: "755", owner: "root", group: "root" } };
const right: Reading = {
    files: { ...etc, "/etc/nova/policy.json": file("/etc/nova/policy.json") },
    lines: { stopped: [], rules: [], full: [] },
};
const inputs = {
    connection,
    expects: "one",
    mends: true,
    managed: { paths: [], lines: [] },
    services: ["nova-compute"],
    ready: {},
    differences: [],
};
const rule = "*filter\n-A FORWARD -j DROP";
const stopped = ["nova-compute 42"];

let node: FakeNode;
beforeEach(() => (node = new FakeNode(right)));
afterEach(() => node.remove());
const ground = () => groundHandler(node.run),
    baseline = () => baselineHandler(node.run);

/** A node that was made and recorded. */
async function made() {
    const { id, outputs } = await ground().create(inputs),
        recorded = { ...inputs, ...outputs };
    const last = { connection, expects: "one", key: recorded.key, managed: inputs.managed, recorded: true };
    await baseline().create(last);
    return { id, recorded, last, differences: async (of = recorded) => (await ground().read(id, of))!.differences };
}
const kept = () => fs.readdirSync(path.join(node.dir, "grounds/compute-1"));

test("a new node is recorded when all is in it, and then has no difference", async () => {
    const { differences, last } = await made();
    expect(await differences()).toEqual([]);
    expect((await baseline().read("", last))!.recorded).toBe(true);
});

test("a node that was there before is not recorded by a run, and says so", async () => {
    node.etcHosts += "# classroom nodes: begin (managed, edits are undone)\n# classroom nodes: end\n";
    const warn = jest.spyOn(console, "warn").mockReturnValue();
    const { last, differences } = await made();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("nothing is recorded of it"));
    warn.mockRestore();
    expect((await baseline().read("", last))!.recorded).toBe(false);
    expect(await differences()).toEqual([]);
});

test("what was found and still stands is mended, what came since is not", async () => {
    const { id, recorded } = await made();
    node.now = { ...right, lines: { ...right.lines, stopped } };
    const seen = (await ground().read(id, recorded))!;
    expect(seen.differences).toEqual(["the process nova-compute (42) is stopped by a signal"]);
    node.now = { ...right, lines: { ...right.lines, stopped, rules: [rule] } };
    const warn = jest.spyOn(console, "warn").mockReturnValue();
    await ground().update(id, seen, inputs);
    warn.mockRestore();
    expect(node.changes.join()).toContain("kill -CONT '42'");
    expect(node.changes.join()).not.toContain("iptables");
});

test("a host name that is put back has the services restarted: they would go by the other one", async () => {
    node.now = { ...right, lines: { ...right.lines, hostName: ["name compute-1"] } };
    const { id, recorded } = await made();
    node.now = { ...right, lines: { ...right.lines, hostName: ["name compute-01"] } };
    const { differences } = (await ground().read(id, recorded))!;
    await ground().update(id, { ...recorded, differences }, inputs);
    expect(differences).toEqual(["its host name is compute-01 instead of compute-1"]);
    expect(node.changes.join()).toContain("for s in 'nova-compute'");
});

test("a lost file comes back with its content, and what reads it restarts", async () => {
    const { id, recorded } = await made();
    node.now = { ...right, files: etc };
    const seen = (await ground().read(id, recorded))!;
    const warn = jest.spyOn(console, "warn").mockReturnValue();
    await ground().update(id, seen, inputs);
    warn.mockRestore();
    expect(node.changes.join()).toContain(content("/etc/nova/policy.json"));
    expect(node.changes.join()).toContain("for s in 'nova-compute'");
});

test("with report nothing is changed, and what is left is told", async () => {
    const { id, recorded } = await made();
    node.now = { ...right, files: etc };
    const seen = (await ground().read(id, recorded))!,
        warn = jest.spyOn(console, "warn").mockReturnValue();
    await ground().update(id, seen, { ...inputs, mends: false });
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("left as found"));
    warn.mockRestore();
    expect(node.changes).toEqual([]);
});

test("a changed configuration records what the run made, and nothing that was broken before", async () => {
    const { id, recorded, last, differences } = await made();
    const broken = { ...right.lines, rules: ["*filter", "-A FORWARD -j DROP"] };
    node.now = { ...right, lines: broken };
    const next = { ...inputs, expects: "two" };
    await ground().update(id, recorded, next);
    node.now = { files: { ...right.files, "/etc/new": file("/etc/new") }, lines: broken };
    const cutOff = { ...next, key: recorded.key };
    expect(await differences(cutOff)).toEqual(["the firewall rule -A FORWARD -j DROP (filter) was added"]);
    await baseline().update("", last, { ...last, expects: "two" });
    expect(await differences(cutOff)).toEqual(["the firewall rule -A FORWARD -j DROP (filter) was added"]);
    expect(kept()).not.toContain("pending");
});

/** A run with another configuration, which makes a file. */
async function reconfigured(id: string, recorded: Awaited<ReturnType<typeof made>>["recorded"], to: string) {
    const next = { ...recorded, expects: to };
    await ground().update(id, recorded, next);
    node.now = { ...node.now, files: { ...etc, [`/etc/${to}`]: file(`/etc/${to}`) } };
    await baseline().update("", { ...next, recorded: true }, { ...next, recorded: true });
    return next;
}

test("what a record needs no longer goes with the next one: manifests, contents, halves of runs that were cut off", async () => {
    const { id, recorded } = await made();
    fs.writeFileSync(path.join(node.dir, "grounds/compute-1/pack-0123456789abcdef"), "of a run that was cut off");
    fs.writeFileSync(path.join(node.dir, "grounds/compute-1/manifest-0123456789abcdef.new"), "half");
    fs.writeFileSync(path.join(node.dir, "grounds/compute-1/other"), "not ours");
    const before = kept();
    const two = await reconfigured(id, recorded, "two"),
        three = await reconfigured(id, two, "three");
    expect(kept().map(name => name.replace(/-[0-9a-f]{16}$/, ""))).toEqual(["manifest", "other", "pack"]);
    expect(kept().filter(name => before.includes(name))).toEqual(["other"]);
    node.now = { ...right, files: etc };
    const seen = (await ground().read(id, three))!,
        warn = jest.spyOn(console, "warn").mockReturnValue();
    await ground().update(id, seen, three);
    warn.mockRestore();
    expect(node.changes.join()).toContain(content("/etc/three"));
});

test("a state of before, put back by hand, has no record instead of a wrong one", async () => {
    const { id, recorded, last, differences } = await made();
    await reconfigured(id, recorded, "two");
    expect(await differences()).toEqual([]);
    expect((await baseline().read("", last))!.recorded).toBe(false);
});

test("a run that a former version began is gone on with", async () => {
    const { recorded, last } = await made(),
        store = new Store(node.run, connection, recorded.key);
    await store.savePending({
        fresh: false,
        expects: "one",
        before: { ...right, files: { ...right.files, "/etc/broken": file("b") } },
    });
    node.now = { ...right, files: { ...right.files, "/etc/broken": file("b"), "/etc/new": file("/etc/new") } };
    const next = { ...recorded, expects: "two" };
    const broken = ["/etc/broken was added"];
    expect((await ground().read("", next))!.differences).toEqual(broken);
    await baseline().update("", last, { ...last, expects: "two" });
    expect((await ground().read("", next))!.differences).toEqual(broken);
});

test("accepting removes what the former record alone needed", async () => {
    const { recorded, differences } = await made(),
        before = kept();
    node.now = { ...right, files: { ...etc, "/etc/other": file("/etc/other") } };
    await accept(node.run, recorded);
    expect(await differences()).toEqual([]);
    expect(kept().filter(name => name.startsWith("pack-") && before.includes(name))).toEqual([]);
});

test("a node with as many files as are listed is recorded, and asked again", async () => {
    const files = Array.from({ length: 16_000 }, (_, i) => {
        const name = `/etc/${digestOf(Buffer.from(String(i))).slice(0, 50)}`;
        return [name, file(name)];
    });
    node.now = { ...right, files: { ...right.files, ...Object.fromEntries(files) } };
    const { differences } = await made();
    expect(await differences()).toEqual([]);
});

test("a record that somebody changed is none, and no other resource's fault", async () => {
    const { differences } = await made();
    const manifest = kept().find(name => name.startsWith("manifest-"))!;
    fs.appendFileSync(path.join(node.dir, "grounds/compute-1", manifest), "x");
    await expect(differences()).rejects.toThrow("is damaged or another stack's");
});

test("what is kept holds nothing in plain text, and goes with the resource", async () => {
    const { id, recorded } = await made();
    for (const name of kept())
        expect(fs.readFileSync(path.join(node.dir, "grounds/compute-1", name)).includes("policy")).toBe(false);
    await ground().delete(id, recorded);
    expect(fs.existsSync(path.join(node.dir, "grounds"))).toBe(false);
});
