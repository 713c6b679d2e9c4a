import "../system/begin";
import { Command, CommanderError } from "commander";
import { listenForInterrupts } from "../system/interrupt";
import { say, visible } from "../system/output";
import { checkProjectDir } from "../system/paths";
import { addAcceptCommand } from "./accept";
import { addCheckCommand } from "./check/check";
import { addCompletionCommand } from "./completion";
import { addConfigCommands } from "./config";
import { addBoardCommand } from "./board/commands";
import { addExerciseCommands } from "./exercise/commands";
import { addDoctorCommand } from "./hosts/doctor";
import { addHelp, setWork, tellError } from "./shell/command";
import { Terminal } from "./shell/terminal";
import { addGraphCommand } from "./graph/graph";
import { addHandoutCommand } from "./handout/handout";
import { addLabCommands } from "./lab";
import { addSshCommand } from "./node-ssh";
import { addOpenCommand } from "./open";
import { addDiagnoseCommand } from "./diagnose/operation";
import { addRebuildCommand } from "./rebuild/rebuild";
import { addRestoreCommands } from "./restore/commands";
import { addRenderCommand } from "./render/show-program";
import { addSabotageCommand } from "./sabotage/sabotage";
import { addStackCommands } from "./operate/commands";
import { addValidateCommand } from "./validate";
import { addStatusCommand } from "./status";
import { partsInWords, test } from "./test";

/** Adds each command in turn: `--help` lists them in this order. */
const commands: readonly ((cli: Command) => void)[] = [
    addSetupCommand,
    addTestCommand,
    addStackCommands,
    addDiagnoseCommand,
    addAcceptCommand,
    addRebuildCommand,
    addRenderCommand,
    addGraphCommand,
    addHandoutCommand,
    addValidateCommand,
    addDoctorCommand,
    addStatusCommand,
    addCheckCommand,
    addSabotageCommand,
    addExerciseCommands,
    addBoardCommand,
    addRestoreCommands,
    addSshCommand,
    addOpenCommand,
    addConfigCommands,
    addLabCommands,
    addCompletionCommand,
];

/** The command line. Exit codes: 0 done, 1 error, 2 something could not be asked, 3 drifted, 130 interrupted. */
function program(): Command {
    const cli = new Command("classroom")
        .description("The GridKa School 2013 OpenStack cloud as a Pulumi program")
        .exitOverride()
        // Commander repeats its input in messages.
        .configureOutput({ outputError: (text, write) => write(text.split("\n").map(visible).join("\n")) })
        .enablePositionalOptions()
        .showHelpAfterError("(--help shows what there is)");
    addHelp(cli, ["up lab", "refresh lab", "ssh lab db-node", "open lab", "destroy lab && ./classroom lab down lab"], {
        0: "done",
        1: "error",
        2: "something could not be asked",
        3: "drifted",
        130: "interrupted",
    });
    for (const add of commands) add(cli);
    return cli;
}

/** `setup`: the script `./classroom` has done all of it when this runs. */
function addSetupCommand(cli: Command): void {
    const setup = cli.command("setup").description("install the npm packages and compile the program");
    setWork(setup, () => say("ready: packages installed, program compiled"));
    addHelp(setup, ["setup"]);
}

/** `test`: all tests, or parts of them. */
function addTestCommand(cli: Command): void {
    const tests = cli
        .command("test")
        .description("run the tests; ends with `N passed, N failed`")
        .argument("[parts...]", partsInWords);
    setWork(tests, test);
    addHelp(tests, ["test", "test unit"], { 0: "all passed", 1: "one failed, or none was run" });
}

async function main(): Promise<void> {
    try {
        checkProjectDir();
        await program().parseAsync(process.argv);
        // Ends whatever an interrupted step still does, and what clients and the engine's libraries hold open.
        process.exit();
    } catch (e) {
        if (e instanceof CommanderError) {
            process.exitCode = e.exitCode;
            return;
        }
        process.exit(tellError(e, { terminal: new Terminal(undefined), about: {} }));
    }
}

// The reader of the output may end early, as `head` does. Then this process ends as other programs do.
for (const stream of [process.stdout, process.stderr])
    stream.on("error", (e: NodeJS.ErrnoException) => {
        if (e.code !== "EPIPE") throw e;
        process.exit(141);
    });
listenForInterrupts();
void main();
