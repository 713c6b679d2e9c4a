import { ask, text } from "../../clients/answer";
import { Connection, Unreachable } from "../../clients/connection";
import { exec, quote, RemoteError, RunScript } from "../../clients/ssh";

/** libvirt's two drivers: of virtual machines and of containers. */
const drivers = ["qemu", "lxc"] as const;

/** libvirt's words for a machine that it does not know. */
const noSuchDomain = /failed to get domain|domain not found/i;

/**
 * What libvirt says of a machine; undefined where it knows none of that name.
 * @param what is asked for: `the container db-node`
 * @throws Unreachable where it does not say
 */
export async function unlessUnknown<T>(on: Connection, what: string, asked: Promise<T>): Promise<T | undefined> {
    try {
        return await asked;
    } catch (e) {
        if (!(e instanceof RemoteError)) throw e;
        if (noSuchDomain.test(e.result.stderr)) return undefined;
        throw new Unreachable(`${on.name}: ${what} cannot be asked: ${e.result.stderr}`);
    }
}

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
    const asked = isUnknown(name, host, run).catch(() => false);
    answers.set(key, asked);
    return asked;
}

async function isUnknown(name: string, host: Connection, run: RunScript): Promise<boolean> {
    const script = drivers
        .map(
            driver =>
                `if said=$(virsh -q -c ${driver}:///system domstate ${quote(name)} 2>&1); then said=there; fi; say ${driver} "$said"`,
        )
        .join("\n");
    const said = await ask(run, host, script, { qemu: text(), lxc: text() }, { timeoutSeconds: 20 });
    return drivers.every(driver => noSuchDomain.test(said[driver]));
}
