import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Command } from "commander";
import { addCompletionCommand, completion } from "../../cli/completion";
import { addConfigCommands } from "../../cli/config";
import { addSshCommand } from "../../cli/node-ssh";
import { addStackCommands } from "../../cli/operate/commands";
import { addSabotageCommand } from "../../cli/sabotage/sabotage";

const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-completion-"));
jest.mock("../../system/paths", () => ({
    ...jest.requireActual<object>("../../system/paths"),
    projectDir: () => project,
}));
for (const name of ["lab", "team01", "team02", "$(touch pwned)", "a b"])
    fs.writeFileSync(path.join(project, `Pulumi.${name}.yaml`), "");
fs.symlinkSync(path.resolve(__dirname, "../../exercises"), path.join(project, "exercises"));
const other = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-other's-"));
fs.writeFileSync(path.join(other, "Pulumi.mine.yaml"), "");
afterAll(() => {
    for (const dir of [project, other]) fs.rmSync(dir, { recursive: true });
});

const program = (): Command => {
    const cli = new Command("classroom").enablePositionalOptions();
    for (const add of [addStackCommands, addConfigCommands, addSshCommand, addSabotageCommand, addCompletionCommand])
        add(cli);
    return cli;
};

/** What a real shell is told to do: load the script, and say what the last of some words can be. */
const askers = {
    bash: {
        args: ["--norc", "-c"],
        ask: '. "$script"; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _classroom; printf "%s\\n" "${COMPREPLY[@]}"',
        before: ["-"],
    },
    // A widget of its line editor is needed for more.
    zsh: {
        args: ["-f", "-c"],
        ask: 'compdef() { : }; . "$script"; words=("$@"); CURRENT=$#; compadd() { print -rl -- ${(M)candidates:#$words[-1]*} }; _classroom',
        before: ["-"],
    },
    fish: { args: ["--no-config", "-c"], ask: "source $script; complete -C (string join -- ' ' $argv)", before: [] },
} as const;
type Shell = keyof typeof askers;
const installed = (Object.keys(askers) as Shell[]).filter(shell => spawnSync(shell, ["--version"]).error === undefined);

function candidates(shell: Shell, line: readonly string[], cli = program()): string[] {
    const script = path.join(project, `script.${shell}`),
        { args, ask, before } = askers[shell];
    fs.writeFileSync(script, `${completion(shell, cli)}\n`);
    const { stdout, stderr, status } = spawnSync(shell, [...args, ask, ...before, ...line], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: project, script, LC_ALL: "C.UTF-8" },
        cwd: project,
    });
    expect([stderr, status]).toEqual(["", 0]);
    return stdout
        .split("\n")
        .map(found => found.split("\t")[0]!)
        .filter(Boolean)
        .sort();
}

test("bash, at least, is here to be asked", () => {
    expect(installed).toContain("bash");
});

describe.each(installed)("%s", shell => {
    test.each([
        [
            ["up", ""],
            ["lab", "team01", "team02"],
        ],
        [
            ["up", "te"],
            ["team01", "team02"],
        ],
        [["pre"], ["preview"]],
        [["config", "r"], ["rotate"]],
        [
            ["config", "rotate", "lab", "novaUser", "adm"],
            ["adminPassword", "adminToken"],
        ],
        [
            ["ssh", "lab", "comp"],
            ["compute", "compute-1", "compute-2"],
        ],
        [["ssh", "lab", "db-node", "--", "no"], []],
        [["sabotage", "lab", "S4-m"], ["S4-mysql"]],
        [
            ["sabotage", "lab", "--node", "comp"],
            ["compute-1", "compute-2"],
        ],
        [
            ["sabotage", "lab", "--node", "compute-1", "S3-"],
            ["S3-compute-1", "S3-compute-2"],
        ],
        [["sabotage", "--random", "l"], ["lab"]],
        [["up", "lab", "--r"], ["--refresh"]],
        [["preview", "lab", "--refresh"], []],
        [["completion", "f"], ["fish"]],
    ])("%j", (line, expected) => {
        expect(candidates(shell, ["classroom", ...line])).toEqual(expected);
    });

    test("a flag that a command gets is completed without another edit", () => {
        const cli = program();
        cli.commands.find(c => c.name() === "up")!.option("--dry", "a new one");
        expect(candidates(shell, ["classroom", "up", "--d"], cli)).toEqual(["--dry"]);
    });

    test("a name that is no stack's, and means something to a shell, is not looked at", () => {
        candidates(shell, ["classroom", "up", ""]);
        expect(fs.existsSync(path.join(project, "pwned"))).toBe(false);
    });
});

test("stacks are those of the checkout whose command it is", () => {
    expect(candidates("bash", [`${other}/classroom`, "up", ""])).toEqual(["mine"]);
});

test("in bash an option's value behind = is completed, too", () => {
    expect(candidates("bash", ["classroom", "sabotage", "lab", "--node", "=", "compute-1"])).toEqual(["compute-1"]);
    expect(candidates("bash", ["classroom", "sabotage", "lab", "--node", "="])).toContain("db-node");
});

test("bash asks for it wherever the command lies", () => {
    const { stdout } = spawnSync("bash", ["--norc", "-c", `${completion("bash", program())}\ncomplete -p classroom`]);
    expect(stdout.toString()).toBe("complete -o bashdefault -o default -F _classroom classroom\n");
});

test("another shell is refused, with those that are known", async () => {
    const said = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    await program().parseAsync(["completion", "tcsh"], { from: "user" });
    const { exitCode } = process;
    process.exitCode = undefined;
    const words = said.mock.calls.map(([text]) => String(text)).join("");
    said.mockRestore();
    expect([words, exitCode]).toEqual(['classroom: completion "tcsh": not a shell; allowed are bash, zsh, fish\n', 1]);
});
