import { diagnose, type Examined, type Verdict } from "../../../cli/diagnose/diagnosis";
import { type Suspect, suspectLines, suspectsOf } from "../../../cli/diagnose/suspects";
import { Unreachable } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { said } from "../../clients/said";
import { localHost } from "../../providers/machine/local-host";

const found = (type: string, area: string, verdict: Verdict, inputs: Record<string, unknown> = {}): Examined => ({
    id: type,
    resourceId: type,
    type,
    name: type,
    area,
    needs: [],
    verdict,
    inputs,
});
const drifted = (path: string): Verdict => ({ found: "drifted", changes: [{ path, old: 1, new: 2 }] });
const down = found("nova:ServiceState", "nova", drifted("state"), { host: "compute-1", binary: "nova-compute" });
const nodes = ["api-node", "compute-1", "auth-node"].map(name => ({
    urn: name,
    type: "x",
    custom: true,
    inputs: { connection: { name } },
}));

/** The nodes that are asked about what was found, and what comes of it. */
async function askedOf(one: Examined, run?: RunScript): Promise<[string[], Suspect[]]> {
    const asked: string[] = [];
    const suspects = await suspectsOf(diagnose([one]), nodes, 3600, async (on, ...rest) => {
        asked.push(on.name);
        return run ? await run(on, ...rest) : said({ file: ["90 /etc/x"], process: [] });
    });
    return [asked, [...suspects.values()].flat()];
}

test.each<[string, Examined, string[]]>([
    ["an agent that is down for no known reason: its own", down, ["compute-1"]],
    ["a service that stopped for none: its own", found("guest:Service", "api-node", drifted("running")), ["api-node"]],
    [
        "what cannot be asked for none: that of the service that answers",
        found("keystone:User", "keystone", { found: "unasked", reason: "500" }),
        ["auth-node"],
    ],
    ["what somebody changed: none, for that is the reason", found("guest:Sysctl", "api-node", drifted("value")), []],
    ["a host that is down: none", found("host", "central", { found: "unasked", reason: "no answer" }), []],
])("the nodes concerned by %s", async (_which, one, expected) => {
    expect((await askedOf(one))[0]).toEqual(expected);
});

test("what changed is named, files and processes together, the newest first", async () => {
    const [, suspects] = await askedOf(down, async () =>
        said({ file: ["90 /etc/nova/policy.json", "1200 /etc/a b"], process: ["300 812 dns masq)"] }),
    );
    expect(suspects.map(s => s.what)).toEqual(["/etc/nova/policy.json", "process 812 (dns masq))", "/etc/a b"]);
    expect(suspectLines(suspects, 7300)).toEqual([
        "    suspects, changed since the last up (2 h ago), the newest first",
        "        compute-1",
        "            /etc/nova/policy.json, 90 s ago",
        "            process 812 (dns masq)), 5 min ago",
        "            /etc/a b, 20 min ago",
    ]);
});

test("a node that does not tell, or tells something else, keeps nobody from the diagnosis", async () => {
    const mute: RunScript = async () => {
        throw new Unreachable("compute-1: no answer");
    };
    expect((await askedOf(down, mute))[1]).toEqual([]);
    expect((await askedOf(down, async () => said({ file: ["soon /etc/x"], process: [] })))[1]).toEqual([]);
    expect(suspectLines([], 5)).toEqual([]);
});

test("what a terminal obeys is written out", () => {
    const suspects = [{ node: "compute-1" as const, what: "/etc/\x1b[2J", secondsAgo: 1 }];
    expect(suspectLines(suspects, 5).join("\n")).not.toContain("\x1b");
});

test("by shell that runs: files that changed and processes that began since, none of before, of the kernel or of logins", async () => {
    const host = localHost({});
    host.put("etc/old", "");
    host.put("etc/new file", "");
    const stat = (pid: number, name: string, parent: number, start: number) =>
        `${pid} (${name}) S ${parent} ${"0 ".repeat(17)}${start} 0 0 18446744073709551615 0\n`;
    host.put("proc/uptime", "10000.00 9000.00\n");
    host.put("proc/7/stat", stat(7, "a) S (b", 1, 990_000));
    host.put("proc/8/stat", stat(8, "old", 1, 100));
    host.put("proc/9/stat", stat(9, "kworker/0", 2, 990_000));
    host.put("proc/10/stat", stat(10, "sshd", 1, 990_000));
    const [, suspects] = await askedOf(down, (on, script, options) =>
        host.run(on, script.replace("find /etc", `find ${host.dir}/etc`), options),
    );
    expect(suspects.map(s => s.what.replace(host.dir, "")).sort()).toEqual([
        "/etc/new file",
        "/etc/old",
        "process 7 (a) S (b)",
    ]);
    const [, none] = await askedOf(down, (on, script, options) =>
        host.run(
            on,
            script
                .replace("now=", "sleep 2.1; now=")
                .replace("find /etc", `find ${host.dir}/etc`)
                .replace(/3600/g, "1"),
            options,
        ),
    );
    expect(none).toEqual([]);
    host.remove();
});
