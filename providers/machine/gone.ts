import { ask, text, yesOrNo } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { exec, quote, RemoteError, type RunScript } from "../../clients/ssh";

/**
 * libvirt's words where a host has not got a driver, which is a package of its own (Debian's libvirt-daemon recommends
 * that of containers).
 */
const noSuchDriver = /no connection driver available/i;

/** libvirt's words for a machine that it does not know. */
const noSuchDomain = /failed to get domain|domain not found/i;

/**
 * libvirt's answer about a machine; undefined if it knows none of that name.
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

/**
 * The driver of virtual machines has to know none, for networks and volumes are its own. That of containers may not be there: then
 * a container is unknown where it was not defined either, in libvirt's folder or to a daemon that a host can still start.
 */
async function isUnknown(name: string, host: Connection, run: RunScript): Promise<boolean> {
    const asked = (driver: string) =>
        `if said=$(virsh -q -c ${driver}:///system domstate ${quote(name)} 2>&1); then said=there; fi; say ${driver} "$said"`;
    const script = `${asked("qemu")}
${asked("lxc")}
if [ -e ${quote(`/etc/libvirt/lxc/${name}.xml`)} ] || command -v virtlxcd; then say container yes; else say container no; fi`;
    const fields = { qemu: text(), lxc: text(), container: yesOrNo };
    const { qemu, lxc, container } = await ask(run, host, script, fields, { timeoutSeconds: 20 });
    return noSuchDomain.test(qemu) && (noSuchDomain.test(lxc) || (isDriverless(lxc) && !container));
}

/** Of a host with a daemon for each driver, the socket of one that is not installed is not there. */
const isDriverless = (said: string): boolean =>
    noSuchDriver.test(said) || /virtlxcd-sock': No such file or directory/.test(said);
