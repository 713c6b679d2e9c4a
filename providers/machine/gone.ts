import type { Connection } from "../../clients/connection";
import { exec, quote, RunScript } from "../../clients/ssh";

/** libvirt's two drivers: of virtual machines and of containers. */
const drivers = ["qemu:///system", "lxc:///system"] as const;

/** libvirt's words for a machine that it does not know. */
export const noSuchDomain = /failed to get domain|domain not found/i;

/** Asked once a process: everything in a machine asks the same. */
const answers = new Map<string, Promise<boolean>>();

/**
 * Whether a machine that does not answer is not there at all: its physical host knows none of that name, so that nothing
 * of what was in it is left. Of a host that does not answer itself nothing is known.
 * @param name of the machine
 * @param host that it runs on
 */
export function machineIsGone(name: string, host: Connection, run: RunScript = exec): Promise<boolean> {
    const key = JSON.stringify([host.host, host.port, name]);
    const known = answers.get(key);
    if (known) return known;
    const asked = ask(name, host, run).catch(() => false);
    answers.set(key, asked);
    return asked;
}

async function ask(name: string, host: Connection, run: RunScript): Promise<boolean> {
    const script = drivers.map(uri => `virsh -q -c ${uri} domstate ${quote(name)} 2>&1 || true`).join("\n");
    const { stdout } = await run(host, script, { timeoutSeconds: 20 });
    return (stdout.match(new RegExp(noSuchDomain, "gi")) ?? []).length >= drivers.length;
}
