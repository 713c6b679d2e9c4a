import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Command } from "commander";
import { checkConfigured } from "../../cli/stack/reach";
import { addStackCommands } from "../../cli/operate/commands";
import { bringUp } from "../../lab";

const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-configured-"));
jest.mock("../../system/paths", () => ({
    ...jest.requireActual<object>("../../system/paths"),
    projectDir: () => project,
    stateDir: () => project,
}));
jest.mock("../../lab", () => ({
    bringUp: jest.fn(),
    labStatus: jest.fn(),
    needRoot: jest.fn(),
    enterOperator: jest.fn(),
}));
afterAll(() => fs.rmSync(project, { recursive: true }));

const keys = "allowed are lab, number, release, hosts, ";
const stack = (config: string): string => {
    fs.writeFileSync(path.join(project, "Pulumi.typo.yaml"), `config:\n${config}`);
    return "typo";
};

test.each([
    [
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:release: ocata\n  gridka-cloud-classroom:machne: container\n",
        `machne: there is no such key; ${keys}`,
    ],
    ["  lab: lab\n  release: ocata\n  machne: container\n", `machne: there is no such key; ${keys}`],
    [
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-clasroom:machine: vm\n",
        `gridka-cloud-clasroom:machine: there is no such key; ${keys}`,
    ],
    [
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:release: havana\n",
        'release: "havana" is not one of grizzly, ocata',
    ],
    [
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:credentials: { novaUsr: x }\n",
        "credentials.novaUsr: there is no such key; allowed are mysqlRoot",
    ],
    [
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:credentials: { novaUser: 'a\u00e4' }\n",
        "credentials.novaUser: the value is not allowed: it must be one line of printable ASCII characters",
    ],
    [
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:credentials: { novaUser: { a: b } }\n",
        "credentials.novaUser: the value is not allowed: ",
    ],
    [
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:training: maybe\n",
        'training: "maybe" is not allowed: Invalid input: expected boolean',
    ],
])("a mistake is named before anything is done", (config, text) => {
    expect(() => checkConfigured(stack(config))).toThrow(
        `the configuration of stack typo has a mistake; nothing was changed\n  ${text}`,
    );
});

test.each(["../../x", "a/b", "lab;id", "\u001b[2J"])(
    "a lab's name that is none is refused before it is part of a path: %j",
    name => {
        expect(() => checkConfigured(stack(`  gridka-cloud-classroom:lab: ${JSON.stringify(name)}\n`))).toThrow(
            /^lab: "[ -~]*" cannot be a lab's name: lower-case letters, digits and dashes, at most 32, beginning with a letter; nothing was changed$/,
        );
        expect(fs.existsSync(path.join(project, "labs"))).toBe(false);
    },
);

test("what only the engine would have found is found as early, with its line", () => {
    expect(() => checkConfigured(stack("  lab: lab\n  number: 010\n"))).toThrow(
        /^Pulumi\.typo\.yaml has a mistake; nothing was changed\n {2}line 3: number: 010 is read as 8 by the engine and as 10 elsewhere/,
    );
});

test.each([
    ["other packages' keys", "  gridka-cloud-classroom:lab: lab\n  pulumi:disable-default-providers: ['*']\n"],
    [
        "encrypted passwords",
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:credentials: { mysqlRoot: { secure: v1:abc= } }\n",
    ],
    [
        "what the engine alone can read",
        "  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:number: { secure: v1:abc= }\n",
    ],
])("no mistake: %s", (_title, config) => {
    expect(() => checkConfigured(stack(config))).not.toThrow();
});

test("up of such a stack makes no lab", async () => {
    stack("  gridka-cloud-classroom:lab: lab\n  gridka-cloud-classroom:machne: container\n");
    const said: string[] = [];
    const write = jest.spyOn(process.stderr, "write").mockImplementation(text => {
        said.push(String(text));
        return true;
    });
    const cli = new Command().exitOverride();
    addStackCommands(cli);
    await cli.parseAsync(["node", "classroom", "up", "typo"]);
    write.mockRestore();
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
    expect(said.join("")).toContain("machne: there is no such key");
    expect(bringUp).not.toHaveBeenCalled();
});
