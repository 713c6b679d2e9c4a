import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Command } from "commander";
import { tokensFor } from "../../../cli/board/secrets";
import { addHandoutCommand, handoutOf, writeHandout } from "../../../cli/handout/handout";
import { page } from "../../../cli/handout/page";
import { ownState } from "../../system/own-state";
import { newKey } from "../../clients/keys";

ownState("classroom-handout-");
const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-handout-project-"));
jest.mock("../../../system/paths", () => ({
    ...jest.requireActual<object>("../../../system/paths"),
    projectDir: () => project,
}));
afterAll(() => fs.rmSync(project, { recursive: true }));

const put = (name: string, text: string) => fs.writeFileSync(path.join(project, name), text);
const team = (n: number, more = "") =>
    `config:\n  number: ${n}\n  hosts: { central: { address: c${n}.example.org }, compute: { address: k${n}.example.org } }\n${more}`;
put("Pulumi.team01.yaml", team(1, "  credentials: { adminPassword: canary-of-one, novaUser: canary-service }\n"));
put("Pulumi.team02.yaml", team(2, "  credentials: { adminPassword: canary-of-two }\n"));
put("Pulumi.team03.yaml", team(3, "  credentials: { adminPassword: { secure: v1:abc=:def } }\n"));
put("Pulumi.lab.yaml", "config:\n  lab: lab\n  release: ocata\n");
const [ada, eve] = [newKey().public.trim(), newKey().public.trim()];
put(
    "class.yaml",
    [
        "name: A class",
        "teams:",
        `  - { stack: team01, members: [{ name: Ada, keys: ["${ada} ada"] }] }`,
        `  - { stack: team02, members: [{ name: Eve, keys: ["${eve} eve"] }] }`,
        "  - { stack: lab, members: [{ name: Lea, keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGjOXl4vLml9ot685k9S/9e51Iw7WPP+98YY5SpPOYQL'] }] }",
        'times: { begin: "2026-11-30T09:00:00+01:00" }',
        "",
    ].join("\n"),
);
const pageOf = (stack: string) => page(handoutOf(stack));

test("a page has the team's hosts, its nodes' addresses, its picture, members, login and times", () => {
    const text = pageOf("team01");
    for (const wanted of [
        "A class: team01",
        "c1.example.org",
        "public 172.16.0.6",
        "<svg ",
        "Ada",
        "SHA256:",
        "canary-of-one",
        "2026-11-30T09:00:00+01:00",
    ])
        expect(text).toContain(wanted);
});

test("the way to a node of 2012 has the signatures that its ssh knows", () =>
    expect(handoutOf("team01").commands.map(([command]) => command)).toContain(
        "ssh -J root@c1.example.org:24 -o HostKeyAlgorithms=+ssh-rsa -o PubkeyAcceptedKeyTypes=+ssh-rsa root@192.168.122.6",
    ));

test("a page has the team's token of the board, once there is one, and no other token", () => {
    expect(pageOf("team01")).not.toContain("<td>board</td>");
    const { teacher, teams, key } = tokensFor(["team01", "team02"]);
    const text = pageOf("team01");
    expect(text).toContain(`<td>board</td><td></td><td><code>${teams.team01}</code></td>`);
    expect([teacher, key, teams.team02!].filter(secret => text.includes(secret))).toEqual([]);
});

test("nothing of another team is on it, and of the own passwords the dashboard's alone", () => {
    const text = pageOf("team01");
    for (const other of ["canary-of-two", "canary-service", "c2.example.org", "Eve", eve.split(" ")[1]!.slice(0, 30)])
        expect(text).not.toContain(other);
});

test("a password that the engine alone can read is the teacher's to tell", () => {
    expect(handoutOf("team03").login).toEqual({ user: "admin", password: "ask your teacher" });
    expect(handoutOf("lab").login).toEqual({ user: "admin", password: "keystoneAdmin" });
});

test("on a lab no way leads over its hosts, and the page says why", () => {
    const text = pageOf("lab");
    expect(text).toContain("members of lab get no key on central, compute");
    expect(text).not.toContain("ssh -J");
});

test("it loads nothing, runs nothing, and is told in HTML", () => {
    const text = page({ ...handoutOf("team01"), className: `<script>"x"</script>` });
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/<script|<link|<img|(?<!xmlns)="https?:|url\(/);
    expect(text).toContain("&#60;script&#62;");
});

test("pages are written for all teams at once, and nobody else may read them", async () => {
    const output = path.join(project, "out");
    const printed: string[] = [];
    jest.spyOn(console, "log").mockImplementation(line => void printed.push(String(line)));
    const cli = new Command().enablePositionalOptions();
    addHandoutCommand(cli);
    await cli.parseAsync(["handout", "--class", "--output", output], { from: "user" });
    jest.restoreAllMocks();
    expect(printed.join("\n").split("\n")).toEqual(
        ["team01", "team02", "lab"].map(s => path.join(output, `${s}.html`)),
    );
    for (const file of fs.readdirSync(output)) expect(fs.statSync(path.join(output, file)).mode & 0o777).toBe(0o600);
    expect(fs.statSync(output).mode & 0o777).toBe(0o700);
    process.exitCode = undefined;
});

test("a page that is there and open to others is not open afterwards", () => {
    const file = path.join(project, "out2", "team01.html");
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, "old", { mode: 0o644 });
    writeHandout("team01", path.dirname(file));
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
});
