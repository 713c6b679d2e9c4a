import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { exercises, Variant } from "../../../cli/sabotage/exercises";
import { checkAllowed, choose, nameOf, scriptOf } from "../../../cli/sabotage/sabotage";
import { readSettings } from "../../../config/settings";
import { tutorialCredentials } from "../../../config/credentials";
import { releaseOf } from "../../../releases";
import { configFiles, softwareOf } from "../../../releases/own-options";

const hosts = { central: { address: "a" }, compute: { address: "b" } };
const settings = {
    grizzly: readSettings("team01", { number: 1, hosts }),
    ocata: readSettings("team01", { number: 1, hosts, release: "ocata" }),
};
const releases = Object.keys(settings) as (keyof typeof settings)[];
const all = exercises.flatMap(exercise =>
    exercise.variants.map(variant => ({ name: nameOf({ exercise, variant }), variant })),
);

test("every sabotage of the tutorial is there, and names are unique", () => {
    expect(exercises.map(e => e.id)).toEqual(["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10"]);
    expect(new Set(all.map(a => a.name)).size).toBe(all.length);
    // The tutorial's own list of S1, S4, S5.
    const names = (id: string) =>
        exercises
            .find(e => e.id === id)!
            .variants.map(v => v.name)
            .sort();
    expect(names("S1")).toEqual(["cinder", "glance", "nova"]);
    expect(names("S4")).toEqual(["glance-api", "glance-registry", "mysql", "nova-api", "nova-network", "rabbitmq"]);
    expect(names("S5")).toEqual(["cinder", "glance-api", "glance-registry", "nova"]);
});

test("a symptom gives nothing away", () => {
    for (const { symptom } of exercises)
        expect(symptom).not.toMatch(
            /role|rabbit|queue|disk|full|stop|mysql|database|password|iscsi|delete|option|auto_assign/i,
        );
});

test.each(all.flatMap(a => releases.map(release => [a.name, release, a.variant] as const)))(
    "%s is shell (%s)",
    (_name, release, variant) => {
        const { status, stderr } = spawnSync("sh", ["-n"], {
            input: scriptOf(variant, settings[release]),
            encoding: "utf8",
        });
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    },
);

/** What a release writes into the file of a variant, one option a line, and who reads it. */
function fileOf({ node, file }: Variant, release: keyof typeof settings): { text: string; readBy: string[] } {
    const found = softwareOf(releaseOf(release), node)
        .flatMap(s => configFiles(s, { ...settings[release], credentials: tutorialCredentials }, node))
        .filter(f => f.path === file);
    const lines = found
        .flatMap(f => [f.options, f.secretOptions ?? {}])
        .flatMap(sections =>
            Object.entries(sections).flatMap(([section, options]) => [
                `[${section}]`,
                ...Object.entries(options).map(([k, v]) => `${k} = ${v}`),
            ]),
        );
    return { text: `${lines.join("\n")}\n`, readBy: found.flatMap(f => f.readBy) };
}

test.each(
    all
        .filter(a => a.variant.file !== undefined)
        .flatMap(a => releases.map(release => [a.name, release, a.variant] as const)),
)("%s changes one option of the file that %s writes, and its readers restart", (_name, release, variant) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-exercise-")),
        file = path.join(dir, "file");
    try {
        const { text, readBy } = fileOf(variant, release);
        fs.writeFileSync(file, text);
        const script = variant.script.split(variant.file!).join(file);
        expect(spawnSync("sh", ["-ec", script], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
        const before = text.split("\n"),
            after = fs.readFileSync(file, "utf8").split("\n");
        expect(before.filter(line => !after.includes(line))).toHaveLength(1);
        expect(after.filter(line => !before.includes(line)).length).toBeLessThanOrEqual(1);
        for (const service of readBy) expect(scriptOf(variant, settings[release])).toContain(`'${service}'`);
        expect(readBy.length).toBeGreaterThan(0);
    } finally {
        fs.rmSync(dir, { recursive: true });
    }
});

test("an exercise, one way of it, one of a node, and any: by the seed, always the same", () => {
    expect(nameOf(choose("S4-mysql", undefined, false, 1))).toBe("S4-mysql");
    expect(choose("s2", "compute-2", false, 3).variant.node).toBe("compute-2");
    const drawn = Array.from({ length: 200 }, (_, seed) => nameOf(choose(undefined, undefined, true, seed)));
    expect(drawn).toEqual(Array.from({ length: 200 }, (_, seed) => nameOf(choose(undefined, undefined, true, seed))));
    expect(new Set(drawn.map(name => name.split("-")[0])).size).toBe(exercises.length);
});

test("what there is not is said with what there is", () => {
    expect(() => choose("S11", undefined, false, 1)).toThrow(
        'there is no exercise "S11"; there are S1, S2, S3, S4, S5, S6, S7, S8, S9, S10',
    );
    expect(() => choose("S7-x", undefined, false, 1)).toThrow(
        'there is no exercise "S7-x"; there are S7-wrong, S7-removed',
    );
    expect(() => choose("S7", "api-node", false, 1)).toThrow("S7 is not done on api-node, but on volume-node");
    expect(() => choose("S7", "node", false, 1)).toThrow('--node "node" is not a node; there are db-node');
    expect(() => choose(undefined, undefined, false, 1)).toThrow(
        "which exercise? Give one, or --random; --list shows them",
    );
    expect(() => choose("S1", undefined, true, 1)).toThrow("give either an exercise or --random");
});

test("a stack that is not there to practise on is not broken, nor is a node that is off", () => {
    const given = { number: 1, hosts, nodes: { "db-node": { power: "off" } } };
    expect(() => checkAllowed("team01", readSettings("team01", given), "auth-node")).toThrow(
        "stack team01 is not there to practise on, so nothing was broken; if it is, put training: true into Pulumi.team01.yaml",
    );
    const training = readSettings("team01", { ...given, training: true });
    expect(() => checkAllowed("team01", training, "db-node")).toThrow(
        "db-node is off by configuration (nodes.db-node.power), so nothing in it can be broken",
    );
    expect(() => checkAllowed("team01", training, "auth-node")).not.toThrow();
});
