import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Command } from "commander";
import { chosenStacks, severalStacks } from "../../../cli/shell/stacks";
import { wordsOf } from "../../../cli/shell/command";

const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-stacks-"));
jest.mock("../../../system/paths", () => ({
    ...jest.requireActual<object>("../../../system/paths"),
    projectDir: () => project,
}));
for (const stack of ["lab", "team01", "team02"])
    fs.writeFileSync(path.join(project, `Pulumi.${stack}.yaml`), "config: {}\n");
afterAll(() => fs.rmSync(project, { recursive: true }));

/** What a command line of two commands, `up <stack>` and `rebuild <stack> [node...]`, comes to. */
async function given(...words: string[]) {
    const cli = new Command()
        .enablePositionalOptions()
        .exitOverride()
        .configureOutput({ writeErr: () => undefined });
    const got: unknown[] = [];
    const add = (name: string, ...more: string[]) => {
        const command = cli.command(name).argument("<stack>");
        more.forEach(argument => command.argument(argument));
        severalStacks(command.option("--refresh").option("--json"), { shows: "output", json: true }).action(
            (...args: unknown[]) => {
                got.push(args.slice(0, 1 + more.length), chosenStacks(command)?.stacks, wordsOf(command));
            },
        );
    };
    add("up");
    add("rebuild", "[node...]");
    await cli.parseAsync(words, { from: "user" });
    return got;
}

test("of one stack everything is as if there were no others", async () => {
    expect(await given("up", "lab", "--refresh")).toEqual([["lab"], undefined, ["up", "--refresh", "lab"]]);
    expect(await given("rebuild", "lab", "api-node")).toEqual([
        ["lab", ["api-node"]],
        undefined,
        ["rebuild", "lab", "api-node"],
    ]);
    // That there is none of this name is said by the command.
    expect(await given("up", "nope")).toEqual([["nope"], undefined, ["up", "nope"]]);
});

test("further words that name stacks are stacks, the rest is what it was", async () => {
    expect(await given("up", "lab", "--refresh", "team01")).toEqual([
        ["lab"],
        ["lab", "team01"],
        ["up", "--refresh", "lab"],
    ]);
    expect((await given("rebuild", "team01", "team02", "api-node", "db-node")).slice(0, 2)).toEqual([
        ["team01", ["api-node", "db-node"]],
        ["team01", "team02"],
    ]);
});

test("--class is all numbered stacks, before what else is given", async () => {
    expect((await given("up", "--class"))[1]).toEqual(["team01", "team02"]);
    expect((await given("rebuild", "--class", "api-node")).slice(0, 2)).toEqual([
        ["team01", ["api-node"]],
        ["team01", "team02"],
    ]);
});

test("--class is that of class.yaml where there is one, even of one team", async () => {
    const file = path.join(project, "class.yaml");
    fs.writeFileSync(file, "name: C\nteams: [{ stack: lab }]\n");
    try {
        expect((await given("up", "--class"))[1]).toEqual(["lab"]);
    } finally {
        fs.rmSync(file);
    }
});

test.each([
    [["up", "lab", "nope"], /^there is no stack "nope"/],
    [["up", "nope", "lab"], /^there is no stack "nope"/],
    [["up", "lab", "lab"], "the stack lab is named twice; nothing was changed"],
    [["up", "--class", "lab"], "--class stands for all its stacks: leave lab out, or --class"],
    [["up", "lab", "team01", "--jobs", "0"], /argument '0' is invalid/],
    [["up"], /missing required argument 'stack'/],
])("%j is refused", async (words, message) => {
    await expect(given(...words)).rejects.toThrow(message);
});
