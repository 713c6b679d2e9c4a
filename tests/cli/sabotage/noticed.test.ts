import * as fs from "fs";
import * as path from "path";
import { acceptance } from "../../../cli/check/which";
import type { Variant } from "../../../cli/sabotage/exercise";
import { checkNames, looks, type Noticed, noticedInWords, noticedSchema } from "../../../cli/sabotage/noticed";
import { type AskedCloud, look, waitFor } from "../../e2e/noticed";
import { FakeClock } from "../../clients/fake-clock";
import { notPosix } from "../../contract/precise/shell";
import { unknown } from "../../contract/precise/tools";
import { ways } from "./loaded";

test("the checks of a symptom are those that there are", () => {
    expect(checkNames).toEqual(acceptance.map(({ id }) => id));
});

/** Ways that nobody notices from outside, and why. */
const unnoticed: Readonly<Record<string, string>> = {
    "S2-glance-api-wrong": "glance sends its notifications nowhere by default",
    "S2-glance-api-removed": "glance sends its notifications nowhere by default",
    "S7-removed": "Ocata's cinder takes my_ip, which is the same address",
};

test("every way has a symptom that a program can look for, but for those that nobody notices", () => {
    expect(ways.filter(({ variant }) => variant.noticed === undefined).map(({ name }) => name)).toEqual(
        Object.keys(unnoticed),
    );
});

const commands = [...new Set(ways.flatMap(({ variant }) => variant.noticed?.command ?? []))];
test.each(commands)("Ubuntu 12.04 has the command %s", async command => {
    expect([await unknown(command), await notPosix(command)]).toEqual([[], []]);
});

test.each([
    "nova list; reboot",
    "nova delete x",
    "nova list --all-tenants",
    "nova secgroup-list-rules -h",
    "nova secgroup-list-rules $(reboot)",
    "ping -f db-node",
    "ping -c 3 -f",
    "du -s /var/../etc",
    "iptables-save -t nat -M /bin/x",
    " nova list",
    "nova list\nreboot",
])("a command that might do more than look is refused: %j", command => {
    expect(noticedSchema.safeParse({ command }).success).toBe(false);
});

test.each(looks)("the page for teachers has the command %s", command => {
    const page = fs.readFileSync(path.join(__dirname, "../../../docs/exercises.md"), "utf8");
    expect(page).toContain(`\`${command}\``);
});

test.each<[Noticed, string]>([
    [{ checks: ["T4"] }, "check: T4 fails"],
    [{ checks: ["T4", "T5"] }, "check: T4, T5 fail"],
    [{ command: "nova list" }, "root@api-node:~# nova list … fails"],
    [{ node: "db-node", command: "df /var", says: "100%" }, "root@db-node:~# df /var … says 100%"],
    [{ command: "nova keypair-list", lacks: "mine" }, "root@api-node:~# nova keypair-list … lacks mine"],
])("in words: %j", (noticed, words) => {
    expect(noticedInWords(noticed, "api-node")).toBe(words);
});

const variantWith = (noticed: Noticed | undefined): Variant => ({
    name: "x",
    node: "api-node",
    steps: [{ do: "stop", service: "nova-api" }],
    causes: [],
    solution: "none",
    ...(noticed && { noticed }),
});
const never = () => Promise.reject(new Error("not to be asked"));
/** A cloud whose commands answer one after the other; the last answer stays. */
function answering(...answers: { code: number; said: string }[]): { cloud: AskedCloud; asked: string[][] } {
    const asked: string[][] = [];
    const ask: AskedCloud["ask"] = (machine, script) => {
        asked.push([machine, script]);
        return Promise.resolve(answers.length > 1 ? answers.shift()! : answers[0]!);
    };
    return { cloud: { stack: "lab", ask, classroom: never }, asked };
}

const command = "nova service-list";
test.each<[string, Noticed, number, string, string]>([
    ["it fails", { command }, 1, "ERROR", "there"],
    ["it has no end in time", { command }, 124, "", "there"],
    ["it succeeds", { command }, 0, "", "gone"],
    ["ssh cannot connect", { command }, 255, "", "neither"],
    ["it says so", { command, says: "a .* down" }, 0, "b up\na is down", "there"],
    ["two lines say it together", { command, says: "a .* down" }, 0, "a is up\nb is down", "gone"],
    ["it says so and fails", { command, says: "a" }, 1, "a", "there"],
    ["it fails and does not say so", { command, says: "a" }, 1, "ERROR", "neither"],
    ["it lacks it", { command, lacks: "^a$" }, 0, "b\nc", "there"],
    ["it does not lack it", { command, lacks: "^a$" }, 0, "b\na", "gone"],
    ["it fails where it should lack it", { command, lacks: "a" }, 1, "ERROR", "neither"],
])("of a command: %s", async (_what, noticed, code, said, seen) => {
    const { cloud } = answering({ code, said });
    expect(await look(cloud, variantWith(noticed))).toMatchObject({ seen });
});

test("clients have their account, those of identity at its other port, and other programs none", async () => {
    const { cloud, asked } = answering({ code: 0, said: "" });
    for (const noticed of [{ command }, { command: "keystone user-list" }, { node: "db-node", command: "df /var" }])
        await look(cloud, variantWith(noticed as Noticed));
    expect(asked).toEqual([
        ["api-node", `. /root/openrc; ${command}`],
        ["api-node", ". /root/openrc; export OS_AUTH_URL=http://auth-node.example.org:35357/v2.0; keystone user-list"],
        ["db-node", "df /var"],
    ]);
});

test.each<[string, number, object, string]>([
    ["all of them fail", 1, { T4: "fail", T5: "fail", T2: "pass" }, "there"],
    ["some fail", 1, { T4: "pass", T5: "fail" }, "neither"],
    ["another fails", 1, { T2: "fail", T4: "pass", T5: "pass" }, "gone"],
    ["the cloud lets nobody in", 2, {}, "there"],
])("of checks: %s", async (_what, code, results, seen) => {
    const checks = Object.entries(results).map(([id, result]) => ({ id, result: String(result), detail: "" }));
    const classroom = jest.fn(() => Promise.resolve({ code, stdout: JSON.stringify({ checks }), stderr: "" }));
    const cloud: AskedCloud = { stack: "lab", ask: never, classroom };
    expect(await look(cloud, variantWith({ checks: ["T4", "T5"] }))).toMatchObject({ seen });
    expect(classroom).toHaveBeenCalledWith("check", "lab", "--only", "T4,T5", "--json");
});

describe("a person who waits", () => {
    let clock: FakeClock;
    beforeEach(() => (clock = new FakeClock()));

    test("looks again until the symptom is there", async () => {
        const { cloud } = answering({ code: 0, said: "" }, { code: 0, said: "" }, { code: 1, said: "" });
        expect(await waitFor(cloud, variantWith({ command }), "there", clock)).toBe(10);
    });

    test("looks again until it is gone", async () => {
        const { cloud } = answering({ code: 1, said: "" }, { code: 0, said: "" });
        expect(await waitFor(cloud, variantWith({ command }), "gone", clock)).toBe(5);
    });

    test("gives up after five minutes by the operator's clock, with what was seen last", async () => {
        const { cloud } = answering({ code: 0, said: "all is well" });
        await expect(waitFor(cloud, variantWith({ command }), "there", clock)).rejects.toThrow(
            "the symptom of x is not there within 300 s:\nnova service-list ended with 0: all is well",
        );
        expect(clock.passed).toBe(300);
    });

    test("does not wait for a way without a symptom", async () => {
        const { cloud } = answering({ code: 0, said: "" });
        expect(await waitFor(cloud, variantWith(undefined), "there", clock)).toBe(0);
    });
});
