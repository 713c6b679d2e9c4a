import type { Command } from "commander";
import {
    bringUp,
    type Lab,
    labDown,
    labExec,
    labStatus,
    machineInWords,
    needRoot,
    newLabStack,
    raiseInotify,
    rangesInWords,
} from "../lab";
import { interruptible } from "../system/interrupt";
import { say, sayJson } from "../system/output";
import { addHelp, setWork } from "./shell/command";
import { Terminal } from "./shell/terminal";

/** `lab new|up|down|status|exec`: two physical hosts on this machine, as namespaces. */
export function addLabCommands(cli: Command): void {
    const lab = cli.command("lab").description("two physical hosts on this machine, as namespaces (needs root)");
    lab.hook("preAction", (_lab, action) => {
        if (action.name() !== "new") needRoot();
    });
    addNew(lab);
    addUp(lab);
    addDown(lab);
    addStatus(lab);
    addExec(lab);
}

function addNew(lab: Command): void {
    const add = lab
        .command("new")
        .argument("<name>", "lower-case letters, digits and dashes")
        .description("write the file of a stack whose hosts are a lab of the same name");
    setWork(add, (name: string) => {
        const file = newLabStack(name);
        say(`${file} is written; its cloud is made with: ./classroom up ${name}`);
    });
    addHelp(add, ["lab new lab2 && ./classroom up lab lab2"]);
}

function addUp(lab: Command): void {
    const up = lab
        .command("up")
        .argument("<lab>")
        .description("make the hosts, or find them up")
        .option("--raise-inotify", "raise fs.inotify.max_user_instances of this machine, until its last lab is down");
    setWork(up, async (name: string, { raiseInotify: mayRaise }: { raiseInotify?: boolean }) => {
        const raised = mayRaise ? raiseInotify() : undefined;
        if (raised !== undefined) say(raised);
        const { hosts, machine, ranges } = await interruptible(signal =>
            bringUp(name, new Terminal(undefined), signal),
        );
        for (const [host, { address, port }] of Object.entries(hosts)) say(`${host}: ${address}, ssh on port ${port}`);
        if (machine) say(machineInWords(machine));
        say(whoseRoot(ranges));
        say(`a shell among them: ./classroom lab exec ${name} -- bash`);
    });
    addHelp(up, ["lab up lab", "lab up lab3 --raise-inotify"], { 0: "up", 1: "error", 130: "interrupted" });
}

function addDown(lab: Command): void {
    const down = lab
        .command("down")
        .argument("<lab>")
        .description("end every process of the lab and remove everything it left");
    setWork(down, (name: string) => labDown(name, new Terminal(undefined)));
    addHelp(down, ["lab down lab"]);
}

function addStatus(lab: Command): void {
    const status = lab
        .command("status")
        .argument("<lab>")
        .description("say whether the lab is up; exit code 0 if it is, 1 if not")
        .option("--json", "as JSON");
    setWork(status, (name: string, { json }: { json?: boolean }) => {
        const found = labStatus(name);
        if (json) sayJson(found ?? null);
        else say(found ? `lab ${name} is up (${found.dir})` : `lab ${name} is not up`);
        if (!json && found?.machine) say(machineInWords(found.machine));
        if (!json && found) say(whoseRoot(found.ranges));
        return found ? 0 : 1;
    });
    addHelp(status, ["lab status lab", "lab status lab --json"], { 0: "up", 1: "not up" });
}

function addExec(lab: Command): void {
    const exec = lab
        .command("exec")
        .argument("<lab>")
        .argument("<command...>")
        .passThroughOptions()
        .allowUnknownOption()
        .description("run a command on the operator's side of the lab: in its network, with its names");
    setWork(exec, labExec);
    addHelp(exec, ["lab exec lab -- bash", "lab exec lab -- getent hosts api-node"], {
        1: "error; else the command's own code",
    });
}

/** Whose root is root of this machine: the hosts' always is. */
const whoseRoot = (ranges: Lab["ranges"]): string =>
    `root of the hosts is root of this machine, root of a container ${ranges && "first" in ranges ? "is not" : "is, too"}: ${rangesInWords(ranges)}`;
