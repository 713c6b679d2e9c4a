import * as fs from "fs";
import * as path from "path";
import * as yaml from "yaml";
import { nodes, teamHosts } from "../../config/nodes";
import { withLab } from "../../config/lab-settings";
import { readSettings, settingKeys, type Settings } from "../../config/settings";
import { givenBy } from "../../config/stack-settings";
import { hostKeys } from "../clients/keys";

const root = path.resolve(__dirname, "../.."),
    project = "gridka-cloud-classroom";
interface Declared {
    type: string;
    description: string;
    default: unknown;
    items?: unknown;
    secret?: boolean;
}
const read = <T>(file: string): T => yaml.parse(fs.readFileSync(path.join(root, file), "utf8")) as T;
const declared = read<{ config: Record<string, Declared> }>("Pulumi.yaml").config;
const fileOf = (stack: string): Record<string, unknown> =>
    Object.fromEntries(
        Object.entries(read<{ config: Record<string, unknown> }>(`Pulumi.${stack}.yaml`).config).map(([key, value]) => [
            key.replace(`${project}:`, ""),
            value,
        ]),
    );
/** Values as the engine hands them to a program: words as they are, structures as JSON. */
const texts = (values: Record<string, unknown>): Record<string, string> =>
    Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
const defaults = (): Record<string, unknown> =>
    Object.fromEntries(Object.entries(declared).map(([key, { default: value }]) => [key, value]));
/** What the engine makes of a stack's file: the project's defaults where the file says nothing. */
const given = (stack: string): Record<string, unknown> => {
    const own = fileOf(stack);
    return givenBy(texts({ ...defaults(), ...own }));
};
const teams = Object.keys(teamHosts)
    .map(n => `team${n}`)
    .sort();

test("Pulumi.yaml declares the keys that there are, each with a type, a description and a default of that type", () => {
    expect(Object.keys(declared).sort()).toEqual([...settingKeys].sort());
    for (const [key, { type, description, default: value, ...rest }] of Object.entries(declared)) {
        expect([key, rest]).toEqual([key, {}]);
        expect(description.length).toBeGreaterThan(20);
        // What the engine's own check (ValidateConfigValue) asks of a default; one that is missing would make the key mandatory.
        const found = Number.isInteger(value)
            ? "integer"
            : Array.isArray(value) || value === null
              ? "nothing of these"
              : typeof value;
        expect([key, found]).toEqual([key, type]);
    }
});

test("a default of Pulumi.yaml is the program's own", () => {
    const hosts = { central: { address: "a" }, compute: { address: "b" } };
    const own = readSettings("team01", { number: 1, hosts }) as unknown as Record<string, unknown>;
    const said = givenBy(texts(defaults()));
    expect(Object.keys(said).sort()).toEqual(["libvirtType", "release", "secrets", "training", "upTo"]);
    for (const [key, value] of Object.entries(said)) expect([key, value]).toEqual([key, own[key]]);
    // Where the description names what an empty one stands for.
    expect(declared.sshKeyFile!.description).toContain(`${String(own.sshKeyFile)} where it is empty`);
    expect(declared.knownHostsFile!.description).toContain(`${String(own.knownHostsFile)} where it is empty`);
    for (const key of ["machine", "hypervisor"])
        expect(declared[key]!.description).toContain(`${String(own[key])} where it is empty`);
});

test("a lab's stack is the lab's wherever its file says nothing else", () => {
    expect(given("lab")).toEqual({
        lab: "lab",
        release: "ocata",
        libvirtType: "qemu",
        secrets: "tutorial",
        training: true,
        upTo: "compute-2",
    });
});

test("a team without a number, or with a lab's, is told so", () => {
    const own = { ...fileOf("team01"), number: 0 };
    expect(() => readSettings("team01", givenBy(texts(own)))).toThrow("number: missing");
});

test("the ten stacks: the tutorial's table of hosts, read without a mistake, differing in number and hosts alone, and there to practise on (H1)", () => {
    const rows = fs
        .readFileSync(path.join(root, "tests/data/tutorial/teams.rst"), "utf8")
        .split("\n")
        .map(l => /team (\d+) \| (gks-\d+)\s+\| (gks-\d+)/.exec(l)?.slice(1))
        .filter(r => r !== undefined);
    expect(rows).toHaveLength(10);
    expect(
        fs
            .readdirSync(root)
            .filter(f => /^Pulumi\.team/.test(f))
            .sort(),
    ).toEqual(teams.map(t => `Pulumi.${t}.yaml`));
    const settings = rows.map(([team, central, compute]) => {
        expect(Object.keys(fileOf(`team${team}`)).sort()).toEqual(["hosts", "number", "training"]);
        const { hosts, number, ...rest } = readSettings(`team${team}`, given(`team${team}`));
        expect([number, hosts.central, hosts.compute]).toEqual([
            Number(team),
            { address: `${central}.scc.kit.edu`, port: 24 },
            { address: `${compute}.scc.kit.edu`, port: 24 },
        ]);
        expect(rest.training).toBe(true);
        return rest;
    });
    const values = ({
        kindOf: _k,
        powerOf: _p,
        generationOf: _g,
        plan,
        ...rest
    }: Omit<Settings, "hosts" | "number">) => ({ ...rest, ranges: plan.ranges });
    for (const other of settings) expect(values(other)).toEqual(values(settings[0]!));
});

test("names and MAC addresses of all stacks: the same at every reading, none twice", () => {
    const plans = () => teams.map(t => readSettings(t, given(t)).plan);
    const facts = (all: ReturnType<typeof plans>) =>
        all.map(plan => plan.all.map(n => [n.name, n.publicName, n.interfaces.map(i => i.mac)]));
    expect(facts(plans())).toEqual(facts(plans()));
    const macs = plans().flatMap(plan => plan.all.flatMap(n => n.interfaces.map(i => i.mac)));
    expect(macs).toHaveLength(10 * Object.values(nodes).reduce((sum, n) => sum + n.networks.length, 0));
    expect(new Set(macs).size).toBe(macs.length);
});

test("a lab's stack differs from a team's in the keys that docs/lab.md lists, and in no other", () => {
    const key = "/key",
        host = { port: 24, hostKey: hostKeys.central };
    const facts = {
        image: { file: "/image", sha256: "0".repeat(64) },
        archiveKey: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nQUJD\n-----END PGP PUBLIC KEY BLOCK-----",
        operatorKeyFile: key,
        knownHostsFile: "/known_hosts",
        hosts: { central: { ...host, address: "192.0.2.1" }, compute: { ...host, address: "192.0.2.2" } },
    };
    const values = (stack: string): Record<string, unknown> => {
        const {
            plan,
            kindOf,
            powerOf: _power,
            generationOf: _generation,
            ...rest
        } = readSettings(
            stack,
            withLab(given(stack), () => facts),
        );
        return { ...rest, ranges: plan.ranges, nodes: plan.all.map(n => kindOf(n.name)) };
    };
    const [lab, team] = [values("lab"), values("team01")];
    const differing = [...new Set([...Object.keys(lab), ...Object.keys(team)])].filter(
        k => JSON.stringify(lab[k]) !== JSON.stringify(team[k]),
    );
    const listed = fs
        .readFileSync(path.join(root, "docs/lab.md"), "utf8")
        .split("## How its stack differs from a team's")[1]!
        .split("\n## ")[0]!;
    expect(differing.sort()).toEqual([...listed.matchAll(/^\| `(\w+)` \|/gm)].map(([, k]) => k).sort());
});
