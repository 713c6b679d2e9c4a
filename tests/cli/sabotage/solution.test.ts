import { clientNodes } from "../../../cli/sabotage/noticed";
import { sessionsOf, solutionFault } from "../../../cli/sabotage/solution";
import type { NodeName } from "../../../config/nodes";
import { releaseOf } from "../../../releases";
import { softwareOf } from "../../../releases/own-options";
import { notPosix, read } from "../../contract/precise/shell";
import { unknown } from "../../contract/precise/tools";
import { inReleases, ways } from "./loaded";

test("a solution is what a person types on one machine after the other", () => {
    const solution = [
        "root@api-node:~# . /root/openrc",
        "root@api-node:~# nova list     # as before",
        "root@compute:~# virsh list \\",
        "    --all",
        "root@api-node:~# service nova-api start",
    ].join("\n");
    expect(sessionsOf(solution)).toEqual([
        { machine: "api-node", script: ". /root/openrc\nnova list     # as before" },
        { machine: "compute", script: "virsh list \\\n    --all" },
        { machine: "api-node", script: "service nova-api start" },
    ]);
});

test.each([
    ["service nova-api start", '"service nova-api start" begins with no prompt such as root@api-node:~#'],
    ["root@api-node:~# ls\nuser@api-node$ ls", '"user@api-node$ ls" begins with no prompt such as root@api-node:~#'],
    ["root@api:~# ls", 'there is no machine "api"; there are db-node, auth-node, '],
    ["root@api-node:~# ", "begins with no prompt"],
])("nobody can type %j", (solution, message) => {
    expect(() => sessionsOf(solution)).toThrow(message);
});

test.each([
    ["root@api-node:~# ssh <HOST>", "nobody can type <HOST>; write the word that stands for it"],
    ["vi /etc/nova/nova.conf", '"vi /etc/nova/nova.conf" begins with no prompt such as root@api-node:~#'],
    ["root@networknode:~# ls", 'there is no machine "networknode"; there are db-node, auth-node, '],
])("a solution is refused that nobody can type: %s", (solution, reason) => {
    expect(solutionFault(solution)).toMatch(reason);
});

test.each([
    "root@api-node:~# nova list     # as <ADMIN> or another",
    "root@api-node:~# sort < /etc/hosts > /tmp/sorted",
])("a solution may have %s", solution => {
    expect(solutionFault(solution)).toBeUndefined();
});

const sessions = ways.flatMap(({ name, variant }) =>
    sessionsOf(variant.solution).map((session, i) => [`${name}, session ${i + 1}`, session] as const),
);

test.each(sessions)("%s is shell that a program can type: no editor, no word to fill in", async (_name, { script }) => {
    const { commands, wrong } = await read(script);
    expect([wrong, await notPosix(script)]).toEqual([[], []]);
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter(c => ["editor", "vi", "nano", "mysql"].includes(c.name) && !c.words.includes("-e"))).toEqual(
        [],
    );
    expect(script.replace(/#.*/g, "")).not.toMatch(/ (ID|ADDRESS|TIME|NAME)\b/);
});

/** What of a session Ubuntu 12.04 does not have, without what a comment beside it has for that system. */
async function notOfPrecise(script: string): Promise<string[]> {
    const lines = script.split("\n");
    const old = lines.map(line => /^.*# Ubuntu 12\.04: (.*)$/.exec(line)?.[1] ?? line);
    return (await unknown(old.join("\n"))).map(({ what }) => what);
}

test.each(sessions.filter(([, { machine }]) => machine !== "central" && machine !== "compute"))(
    "%s has commands and options of Ubuntu 12.04",
    async (_name, { script }) => {
        expect(await notOfPrecise(script)).toEqual([]);
    },
);

/** What stands for `$s` in a loop of the shell. */
const inLoops = (script: string): string =>
    script.replace(/for s in ([^;]+); do (.*?); done/g, (_all, names: string, body: string) =>
        names
            .split(" ")
            .map(name => body.replace(/\$s/g, name))
            .join("; "),
    );

test.each(inReleases)(
    "%s's solution speaks of services that a node has, and of clients where they are (%s)",
    async (_n, release, c) => {
        for (const { machine, script } of sessionsOf(c.variant.solution)) {
            if (machine === "central" || machine === "compute") continue;
            const node: NodeName = machine,
                services = softwareOf(releaseOf(release), node).flatMap(s => s.services.map(({ service }) => service));
            const { commands } = await read(inLoops(script));
            const named = commands.filter(({ name }) => name === "service").map(({ words }) => words[0]!);
            expect(named.filter(service => !services.includes(service))).toEqual([]);
            const clients = commands.filter(({ name }) => name in clientNodes);
            expect(clients.filter(({ name }) => clientNodes[name] !== node)).toEqual([]);
            // A client without an account is let in nowhere.
            if (clients.length > 0) expect(script.split("\n")[0]).toMatch(/^\. \/root\/openrc/);
        }
    },
);
