import { inWords } from "../../cli/render/program-text";
import { type ProgramResource, programOf } from "../../cli/render/program";
import { configured } from "../../cli/stack/reach";
import { pinnedKey } from "../../components/own-commands";

const team = configured("team01");
const commands = [
    { name: "tools", create: "apt-get install -y tcpdump", delete: "apt-get remove -y tcpdump" },
    { name: "handout", create: "cp -r /srv/exercises /root/", triggers: ["2"] },
];
const hosts = team.hosts as Record<"central" | "compute", object>;
let made: ProgramResource[];
beforeAll(async () => {
    made = await programOf("team01", {
        ...team,
        nodes: { "api-node": { commands } },
        hosts: { ...hosts, compute: { ...hosts.compute, commands: commands.slice(1) } },
    });
});
const named = (name: string) => made.find(r => r.name === name)!;

test("a node's and a host's commands are resources of @pulumi/command", () => {
    expect(made.filter(r => r.type === "remote:Command").map(r => [r.name, r.parent])).toEqual([
        ["cloud-compute-own-handout", "cloud-compute-own"],
        ["cloud-api-node-own-tools", "cloud-api-node-own"],
        ["cloud-api-node-own-handout", "cloud-api-node-own"],
    ]);
});

test("they are what the stack's file says, and the plugin logs nothing of what they print", () => {
    const { create, delete: removal, logging } = named("cloud-api-node-own-tools").inputs;
    expect([create, removal, logging]).toEqual([commands[0]!.create, commands[0]!.delete, "none"]);
    expect(named("cloud-api-node-own-handout").inputs.triggers).toEqual(["2"]);
});

test("each waits for the one before it, the first for everything of the program's", () => {
    expect(named("cloud-api-node-own-handout").dependsOn).toEqual(["cloud-api-node-own-tools"]);
    expect(named("cloud-api-node-own").dependsOn).toEqual(
        expect.arrayContaining(["cloud-net", "cloud-db", "cloud-auth", "cloud-api", "cloud-compute-2-nova"]),
    );
});

test("the machine is reached through its host, both with pinned keys; all of it is a secret", () => {
    const { inputs, secret } = named("cloud-api-node-own-tools");
    expect(secret).toContain("connection");
    expect(inputs.connection).toMatchObject({
        host: "192.168.122.6",
        port: 22,
        user: "root",
        hostKey: expect.any(String),
        privateKey: "${privateKey}",
        proxy: { host: "gks-125.scc.kit.edu", port: 24, user: "root", privateKey: "${privateKey}" },
    });
});

test("render shows the commands, and no key", () => {
    const text = inWords(made);
    expect(text).toContain("apt-get install -y tcpdump");
    expect(text).not.toContain("${privateKey}");
});

test("a stack without commands has none", async () => {
    expect((await programOf("team01", team)).filter(r => /own|remote:/.test(r.type + r.name))).toEqual([]);
});

test("of several host keys the one is pinned that Go's client meets", () => {
    expect(pinnedKey({ hostKey: "ssh-ed25519 A\nssh-rsa B\necdsa-sha2-nistp256 C\n" })).toBe("ecdsa-sha2-nistp256 C");
    expect(pinnedKey({ hostKey: "ssh-ed25519 A\nssh-rsa B" })).toBe("ssh-rsa B");
    expect(pinnedKey({ hostKey: "ssh-ed25519 A" })).toBe("ssh-ed25519 A");
});
