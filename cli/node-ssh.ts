import { spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import type { Command } from "commander";
import { type Connection, hostKeysOf, jumpOf, way } from "../clients/connection";
import { enterOperator } from "../lab";
import { UserError } from "../system/errors";
import { onInterrupt } from "../system/interrupt";
import { inHome, temporaryFolder } from "../system/paths";
import { addHelp, setWork } from "./shell/command";
import { connectionOf, labOf } from "./stack/reach";

/** `ssh`: the system's own client on a node, through its physical host, with the pinned host keys and no others. */
export function addSshCommand(cli: Command): void {
    const command = cli
        .command("ssh")
        .argument("<stack>")
        .argument("<machine>", "a node (db-node, …) or a physical host (central, compute)")
        .argument("[command...]")
        .passThroughOptions()
        .allowUnknownOption()
        .description("a shell on a node or a physical host, or one command there");
    setWork(command, onMachine);
    addHelp(
        command,
        ["ssh lab db-node", "ssh team01 api-node -- tail -f /var/log/nova/nova-api.log", "ssh lab central virsh list"],
        { 0: "done", 1: "error", 255: "ssh could not connect; else the command's own code" },
    );
}

async function onMachine(stack: string, machine: string, argv: string[]): Promise<number> {
    const lab = labOf(stack),
        to = connectionOf(stack, machine);
    const dir = temporaryFolder("classroom-ssh-");
    // The keys of the terminal are ssh's.
    const release = onInterrupt(() => undefined);
    try {
        // ssh is called in this folder: of a path of the operator's it would take % and ${ for something else.
        fs.writeFileSync(path.join(dir, "config"), sshConfig(linked(to, dir), "known_hosts"), { mode: 0o600 });
        fs.writeFileSync(path.join(dir, "known_hosts"), knownHostsLines(to).join(""), { mode: 0o600 });
        const [command, ...rest] = [
            ...(lab === undefined ? [] : enterOperator(lab, dir)),
            "ssh",
            "-F",
            "config",
            "--",
            alias(to),
            ...(argv[0] === "--" ? argv.slice(1) : argv),
        ];
        const child = spawn(command!, rest, { stdio: "inherit", cwd: dir });
        return await new Promise<number>((resolve, reject) => {
            child
                .once("error", e =>
                    reject(new UserError(`ssh cannot be started: ${e.message}; install the OpenSSH client`)),
                )
                .once("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 255)));
        });
    } finally {
        release();
        fs.rmSync(dir, { recursive: true, force: true });
    }
}

/** The connection with its keys under names in a folder that mean nothing to ssh. */
function linked(to: Connection, dir: string): Connection {
    const { jump } = to,
        link = path.join(path.basename(fs.mkdtempSync(path.join(dir, "key-"))), "key");
    for (const end of ["", ".pub", "-cert.pub"])
        fs.symlinkSync(path.resolve(`${inHome(to.keyFile)}${end}`), path.join(dir, `${link}${end}`));
    return { ...to, keyFile: link, ...(jump && { jump: linked(jumpOf(to)!, dir) }) };
}

/** A name without spaces, under which the machine stands in both files. */
const alias = (c: Pick<Connection, "name">): string => c.name.replace(/[^A-Za-z0-9_.-]/g, "_");

/** ssh's configuration for one machine: nothing of the user's own is read. */
export function sshConfig(to: Connection, knownHosts: string): string {
    return way(to)
        .map(c =>
            [
                `Host ${alias(c)}`,
                `  HostName ${c.host}`,
                `  Port ${c.port}`,
                `  User ${c.user ?? "root"}`,
                `  IdentityFile "${c.keyFile}"`,
                "  IdentitiesOnly yes",
                `  HostKeyAlias ${alias(c)}`,
                `  UserKnownHostsFile "${knownHosts}"`,
                "  GlobalKnownHostsFile /dev/null",
                "  StrictHostKeyChecking yes",
                "  UpdateHostKeys no",
                // The names that clients of every age know these options by.
                ...(c.rsaSha1 ? ["  HostKeyAlgorithms +ssh-rsa", "  PubkeyAcceptedKeyTypes +ssh-rsa"] : []),
                "  ConnectTimeout 10",
                ...(c.jump ? [`  ProxyJump ${alias(jumpOf(c)!)}`] : []),
                "",
            ].join("\n"),
        )
        .join("\n");
}

/** The pinned keys, a line each. */
export const knownHostsLines = (to: Connection): string[] =>
    way(to).flatMap(c => hostKeysOf(c).map(key => `${alias(c)} ${key}\n`));
