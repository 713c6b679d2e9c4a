import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { classOf, classStacks, membersOf, readClassFile } from "../../engine/class-file";
import { newKey } from "../clients/keys";

const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-class-file-"));
jest.mock("../../system/paths", () => ({
    ...jest.requireActual<object>("../../system/paths"),
    projectDir: () => project,
}));
afterAll(() => fs.rmSync(project, { recursive: true }));
beforeEach(() => {
    for (const name of fs.readdirSync(project)) fs.rmSync(path.join(project, name));
    for (const stack of ["lab", "team01", "team02", "teamwork"]) put(`Pulumi.${stack}.yaml`, "config: {}\n");
});

const put = (name: string, text: string) => fs.writeFileSync(path.join(project, name), text);
const stacks = ["team01", "team02"];
const [ada, grace] = [newKey().public.trim(), newKey().public.trim()];
/** Mistakes of a file, each as `line key: reason`. */
const found = (text: string): string[] =>
    readClassFile(text, stacks).mistakes.map(({ line, key, reason }) => `${line ?? "-"} ${key}: ${reason}`);
const head = "name: A class\nteams:\n  - stack: team01\n";
const withKeys = (...keys: string[]): string =>
    `${head}    members:\n      - name: Ada\n        keys:\n${keys.map(key => `          - ${key}\n`).join("")}`;

test("a class of one team has no mistakes, and every rule its default", () => {
    expect(readClassFile(head, stacks)).toMatchObject({
        plan: {
            name: "A class",
            teams: [{ stack: "team01", members: [] }],
            exercises: [],
            points: { solved: 100, minute: 1, hint: 10, wrongDone: 20 },
            times: {},
        },
        mistakes: [],
    });
});

test("the example in the documents has no mistakes", () => {
    expect(found(fs.readFileSync(path.join(__dirname, "../../docs/class.yaml"), "utf8"))).toEqual([]);
});

test.each([
    [`${head}  - stack: team03\n`, /^4 teams\.1\.stack: there is no stack "team03": .*; there are team01, team02$/],
    [`${head}  - stack: team01\n`, /^4 teams\.1\.stack: "team01" is the stack of teams\.0 too; /],
    [`${head}  - stack: ../x\n`, /^4 teams\.1\.stack: "\.\.\/x" is not allowed: the name of a stack/],
    [`${head}points: { hint: -1 }\n`, /^4 points\.hint: -1 is not allowed: a whole number from 0 to 1000$/],
    [`${head}points: { hints: 1 }\n`, /^4 points\.hints: there is no such key; allowed are solved, minute, hint/],
    [`${head}exercises: [{ id: S4 }, { id: S4 }]\n`, /^4 exercises\.1\.id: "S4" is there more than once$/],
    [`${head}exercises: [{ id: S4, minutes: 0 }]\n`, /^4 exercises\.0\.minutes: 0 is not allowed: a whole number/],
    [`${head}times: { begin: 2026-11-30 }\n`, /^4 times\.begin: 2026-11-30 is a date to some readers; write "/],
    [`${head}times: { begin: "09:00" }\n`, /^4 times\.begin: "09:00" is not allowed: a date and time with its offset/],
    [
        `${head}times: { begin: "2026-11-30T09:00:00Z", end: "2026-11-30T09:30:00+01:00" }\n`,
        /^4 times\.end: .* is before begin /,
    ],
    ["name: A class\nteams: []\n", /^2 teams: \[\] is not allowed: one team or more$/],
    ["teams:\n  - stack: team01\n", /^- name: missing; allowed are 1 to 60 letters/],
    ["name: [", /^1 : no YAML: /],
    ["", /^- : no value; /],
    ["name: &a x\nteams: *a\n", /^1 name: &a is an anchor/],
    [`${head}nme: x\n`, /^4 nme: there is no such key; allowed are name, teams, exercises, points, times$/],
])("%j is refused", (text, mistake) => {
    expect(found(text)[0]).toMatch(mistake);
});

test("a member's key that is none is refused: another kind, a broken one, options before it", () => {
    const reason = expect.stringMatching(/^7 teams\.0\.members\.0\.keys\.0: .*a line of a public key's file/);
    for (const key of [
        "hello",
        "ssh-dss AAAAB3NzaC1kc3M= x",
        `${ada.split(" ")[0]} ${ada.split(" ")[1]!.slice(0, 20)}`,
        `ssh-rsa ${ada.split(" ")[1]}`,
        `'command="sh" ${ada}'`,
    ])
        expect(found(withKeys(key))).toEqual([reason]);
    expect(found(withKeys(ada))).toEqual([]);
});

test("of a private key nothing is shown", () => {
    const [mistake] = readClassFile(
        withKeys('"-----BEGIN OPENSSH PRIVATE KEY-----b3BlbnNzaC1rZXktdjEAAAAA"'),
        stacks,
    ).mistakes;
    expect(JSON.stringify(mistake)).not.toContain("b3Blbn");
    expect(mistake).toMatchObject({ line: 7, reason: expect.stringMatching(/^the value is not allowed: a line of/) });
});

test("a key is of one member of one team, whatever stands behind it", () => {
    const bare = grace.split(" ").slice(0, 2).join(" ");
    expect(
        found(`${withKeys(ada, grace)}  - stack: team02\n    members: [{ name: Eve, keys: ["${bare} eve"] }]\n`),
    ).toEqual(["10 teams.1.members.0.keys.0: it is a key of Ada of team01 too; each key is of one member of one team"]);
});

test("two members of a team do not have one name", () => {
    expect(found(`${withKeys(ada)}      - { name: Ada, keys: ["${grace}"] }\n`)).toEqual([
        '8 teams.0.members.1.name: "Ada" is there more than once in this team',
    ]);
});

test("a name that moves a cursor, or ends a line of authorized_keys, is refused", () => {
    for (const name of ["A\\nssh-rsa", "A\\u202eb", "A\\x1b[2J"])
        expect(found(`name: "${name}"\nteams: [{ stack: team01 }]\n`)).toHaveLength(1);
});

test("without a class.yaml --class is all numbered stacks, and nobody is a member", () => {
    expect(classOf()).toBeUndefined();
    expect(classStacks()).toEqual(["team01", "team02"]);
    expect(membersOf("team01")).toEqual([]);
});

test("with one it is its teams in their order, and members are those of the stack's team", () => {
    put(
        "class.yaml",
        `name: C\nteams: [{ stack: team02 }, { stack: lab, members: [{ name: Ada, keys: ["${ada}"] }] }]\n`,
    );
    expect(classStacks()).toEqual(["team02", "lab"]);
    expect(membersOf("lab")).toEqual([{ name: "Ada", keys: [ada] }]);
    expect(membersOf("team02")).toEqual([]);
    expect(membersOf("team01")).toEqual([]);
});

test("a class.yaml with a mistake is refused, and named", () => {
    put("class.yaml", "name: C\n");
    expect(() => membersOf("lab")).toThrow(/^class\.yaml has a mistake; nothing was changed\n {2}teams: missing/);
});

test("one that is no text is refused", () => {
    fs.writeFileSync(path.join(project, "class.yaml"), Buffer.from([0xff, 0xfe]));
    expect(() => classOf()).toThrow("class.yaml is not in UTF-8");
});

test("without class.yaml and numbered stacks there is no class", () => {
    for (const name of fs.readdirSync(project)) fs.rmSync(path.join(project, name));
    expect(() => classStacks()).toThrow(/^--class: there is no class\.yaml/);
});
