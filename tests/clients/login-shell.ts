import { spawn } from "child_process";
import type { ServerChannel } from "ssh2";

/** Runs a command line in a login shell of this machine, as sshd does, with its streams on a channel. */
export function runInShell(
    channel: ServerChannel,
    command: string,
    { shell = "bash", env = {} }: { shell?: string; env?: Record<string, string> } = {},
): void {
    const child = spawn(shell, ["-c", command], {
        env: { PATH: process.env.PATH, HOME: "/nonexistent", ...env },
        detached: true,
    });
    channel.pipe(child.stdin);
    child.stdin.on("close", () => channel.resume()); // what nobody reads any more: the channel would not end
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    for (const stream of [child.stdin, child.stdout, child.stderr, channel]) stream.on("error", () => undefined);
    child.on("close", (code, signal) => {
        if (signal) channel.exit(signal.replace("SIG", ""));
        else channel.exit(code ?? 255);
        channel.end();
    });
    channel.on("close", () => {
        try {
            process.kill(-child.pid!, "SIGKILL");
        } catch {
            /* it has ended */
        }
    });
}

/** The marks around what a script says, as the command line that runs it makes them. */
export function marksIn(command: string): { begin: string; end: (code: number | string) => string } {
    const id = /frame=([0-9a-f]+)/.exec(command)![1]!;
    return { begin: `<${id} begin>`, end: code => `<${id} ${code}>` };
}
