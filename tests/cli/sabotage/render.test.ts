import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as fc from "fast-check";
import { hasUndo, scriptsOf, undosOf } from "../../../cli/sabotage/render";
import { stepNames, stepSchema } from "../../../cli/sabotage/steps";
import type { Variant } from "../../../cli/sabotage/exercise";
import { readSettings } from "../../../config/settings";
import { hostile, shellAttacks } from "../hostile";
import { inReleases, own, scriptNamed, scriptOf, settings, ways } from "./loaded";
import { sound } from "./sound-steps";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-render-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** Runs what a step does with a file of a test's in the place of the step's own; the commands of services do nothing. */
function onFile(step: { file: string }, text: string): { status: number | null; stderr: string; text: string } {
    const file = path.join(dir, "file");
    fs.writeFileSync(file, text);
    const body = own(scriptOf(step)).split("\n").slice(1, -1).join("\n").split(step.file).join(file);
    const { status, stderr } = spawnSync("sh", ["-ec", body], { encoding: "utf8", cwd: dir });
    return { status, stderr, text: fs.readFileSync(file, "utf8") };
}
const conf = "/etc/nova/nova.conf";
/** What a text of the vocabulary may be: every printable character of ASCII, and those that shells and sed obey more often. */
const text = fc
    .array(
        fc.oneof(
            fc.constantFrom(...shellAttacks.map(a => a.replace(/\n/g, " "))),
            fc.constantFrom(
                "\\",
                "&",
                "#",
                "/",
                "'",
                '"',
                "$",
                "`",
                "*",
                ".",
                "[",
                "]",
                "^",
                "\\n",
                "\\1",
                "!",
                "%",
                "-e",
                ";",
            ),
            fc.stringMatching(/^[ -~]{1,8}$/),
        ),
        { minLength: 1, maxLength: 5 },
    )
    .map(parts => parts.join("").slice(0, 200))
    .filter(t => t.trim() !== "");

test("no value of an option breaks out of its quoting: the option has that very value", () => {
    fc.assert(
        fc.property(text, value => {
            const after = onFile(
                { do: "set-option", file: conf, option: "verbose", value } as { file: string },
                "[DEFAULT]\nverbose = True\nother = 1\n",
            );
            expect(after).toEqual({ status: 0, stderr: "", text: `[DEFAULT]\nverbose = ${value}\nother = 1\n` });
            expect(fs.readdirSync(dir)).toEqual(["file"]);
        }),
        { numRuns: 30 },
    );
});

test("no text of a line breaks out of its quoting: that text is what is replaced, and by the other", () => {
    fc.assert(
        fc.property(text, text, (wanted, other) => {
            const after = onFile(
                { do: "replace-text", file: conf, text: wanted, with: other } as { file: string },
                `before\n<<${wanted}>>\nafter\n`,
            );
            const lines = ["before", `<<${wanted}>>`, "after"].map(line => line.split(wanted).join(other));
            expect(after).toEqual({ status: 0, stderr: "", text: `${lines.join("\n")}\n` });
            expect(fs.readdirSync(dir)).toEqual(["file"]);
        }),
        { numRuns: 30 },
    );
});

test("no text of a line breaks out of its quoting: the lines that have it are removed", () => {
    fc.assert(
        fc.property(text, wanted => {
            const lines = ["zzzzzzzz", `<<${wanted}>>`],
                after = onFile(
                    { do: "remove-line", file: conf, text: wanted } as { file: string },
                    `${lines.join("\n")}\n`,
                );
            expect(after).toEqual({
                status: 0,
                stderr: "",
                text: lines
                    .filter(line => !line.includes(wanted))
                    .map(line => `${line}\n`)
                    .join(""),
            });
            expect(fs.readdirSync(dir)).toEqual(["file"]);
        }),
        { numRuns: 30 },
    );
});

test("every word of the vocabulary has a step to try", () => {
    expect(Object.keys(sound)).toEqual(stepNames);
});

const variantOf = (step: object): Variant => ({
    name: "x",
    node: "api-node",
    steps: [stepSchema.parse(step)],
    causes: [],
    solution: "none",
});

test.each(Object.entries(sound))("%s is POSIX shell in every release, and so is what takes it back", (name, keys) => {
    for (const of of Object.values(settings))
        for (const work of [scriptsOf, undosOf])
            for (const { script } of work(variantOf({ do: name, ...keys }), { settings: of, scriptNamed })) {
                const { status, stderr } = spawnSync("sh", ["-n"], { input: script, encoding: "utf8" });
                expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
            }
});

const texts = Object.entries(sound).flatMap(([name, keys]) => Object.keys(keys).map(key => [name, key] as const));
/** Texts that go through quotation: tried above. */
const quoted = ["set-option.value", "replace-text.text", "replace-text.with", "remove-line.text"];
test.each(texts.filter(([name, key]) => !quoted.includes(`${name}.${key}`)))(
    "%s: whatever its %s may be, nothing that a shell obeys is accepted",
    (name, key) => {
        fc.assert(
            fc.property(fc.oneof(hostile, text), value => {
                const step = stepSchema.safeParse({ do: name, ...sound[name], [key]: value });
                if (step.success) expect(value).toMatch(/^[A-Za-z0-9/][A-Za-z0-9/._-]*$/);
            }),
        );
        for (const value of shellAttacks)
            expect(stepSchema.safeParse({ do: name, ...sound[name], [key]: value }).success).toBe(false);
    },
);

test("what is done in a row on a machine is one script, and its readers restart once", () => {
    const steps = [
        { do: "remove-option", file: conf, option: "verbose" },
        { do: "stop", service: "nova-cert" },
        { do: "set-option", file: conf, option: "logdir", value: "/x" },
        { do: "stop", node: "db-node", service: "mysql" },
        { do: "disable", service: "nova-api" },
    ].map(step => stepSchema.parse(step));
    const scripts = scriptsOf(
        { ...variantOf({ do: "bridge-down" }), steps },
        { settings: settings.grizzly, scriptNamed },
    );
    expect(scripts.map(s => s.machine)).toEqual(["api-node", "db-node", "api-node"]);
    expect(own(scripts[0]!.script).match(/for s in .*/g)).toEqual([
        `for s in 'nova-api' 'nova-conductor' 'nova-scheduler' 'nova-consoleauth' 'nova-cert' 'nova-novncproxy'; do if is_running "$s"; then restart "$s" > /dev/null || true; fi; done`,
    ]);
    expect(own(scripts[2]!.script)).not.toContain("for s in");
});

test("several steps are taken back in the other order", () => {
    const steps = [
        { do: "route", to: "db-node" },
        { do: "stop", service: "nova-api" },
        { do: "traffic", network: "public", loss: 5 },
    ].map(step => stepSchema.parse(step));
    const undos = undosOf({ ...variantOf({ do: "bridge-down" }), steps }, { settings: settings.grizzly, scriptNamed });
    expect(undos.map(u => own(u.script).split("\n")[1])).toEqual([
        "tc qdisc del dev eth2 root 2> /dev/null || true",
        "ip route del blackhole 10.0.0.3/32 2> /dev/null || true",
    ]);
});

test.each<[object, string]>([
    [sound.firewall!, "iptables -I INPUT -p tcp -s 10.0.0.5 --dport 8774 -j DROP"],
    [
        { direction: "out", protocol: "tcp", port: 5672, peer: "db-node", action: "REJECT" },
        "iptables -I OUTPUT -p tcp -d 10.0.0.3 --dport 5672 -j REJECT",
    ],
    [{ direction: "in", protocol: "udp", port: 53 }, "iptables -I INPUT -p udp --dport 53 -j DROP"],
])("a rule of the firewall %j", (keys, expected) => {
    expect(own(scriptOf({ do: "firewall", ...keys })).split("\n")[1]).toBe(expected);
});

test("a machine is stopped by its host's libvirt, a container by the driver of containers", () => {
    const container = readSettings("team01", {
        number: 1,
        hosts: { central: { address: "a" }, compute: { address: "b" } },
        machine: "container",
        goldenRoot: "/golden",
    });
    const lines = [settings.grizzly, container].map(of =>
        scriptsOf({ ...variantOf({ do: "pull-plug" }), node: "compute-1" }, { settings: of, scriptNamed }).map(s => [
            s.machine,
            own(s.script).split("\n")[1],
        ]),
    );
    expect(lines).toEqual([
        [["compute", "virsh -q -c qemu:///system destroy compute-1 > /dev/null"]],
        [["compute", "virsh -q -c lxc:///system destroy compute-1 > /dev/null"]],
    ]);
});

test("the text of a trusted script is what runs, and its undo what takes it back", () => {
    const given = { settings: settings.grizzly, scriptNamed: (file: string) => `echo ${file}` },
        variant = variantOf({ do: "script", ...sound.script });
    expect([scriptsOf, undosOf].map(work => own(work(variant, given)[0]!.script).split("\n")[1])).toEqual([
        "echo break.sh",
        "echo mend.sh",
    ]);
});

test.each(["firewall", "route", "traffic"])("%s is mended by a refresh where the node's record mends alone", word => {
    const variant = variantOf({ do: word, ...sound[word] });
    expect((["mend", "report", "off"] as const).map(baseline => hasUndo(variant, baseline))).toEqual([
        false,
        true,
        true,
    ]);
});

test("what no refresh sees has an undo of its own, in every exercise", () => {
    for (const [name, release, { variant }] of inReleases)
        if (hasUndo(variant) && !variant.steps.some(s => s.do === "script" && s.undo === undefined))
            expect([name, undosOf(variant, { settings: settings[release], scriptNamed }).length]).not.toEqual([
                name,
                0,
            ]);
    // The tutorial's are resources, all of them.
    expect(ways.filter(w => w.name.startsWith("S") && hasUndo(w.variant))).toEqual([]);
});
