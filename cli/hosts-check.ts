import type { Connection } from "../clients/connection";
import { aheadBy, readClock } from "../clients/machine-clock";
import { connect, exec, HostKeyMismatch } from "../clients/ssh";
import { hostConnection } from "../components/host-pair";
import { knownKeys } from "../config/known-hosts";
import { HostRole, hostRoles } from "../config/nodes";
import type { Settings } from "../config/settings";
import { besideThisOne } from "../providers/machine/clock";
import { messageOf, UserError } from "../system/errors";
import { lacks, preflightScript, wantedOf } from "./preflight";

/** How long a host may take to be connected with. */
const SECONDS = 5;
/** How long it may take to say what it has: libvirt may be starting. */
const PREFLIGHT_SECONDS = 30;

/** A physical host that cannot be worked with. */
export interface HostDown {
    role: HostRole;
    address: string;
    reason: string;
    cure?: string;
}

/**
 * Runs a script on both physical hosts at once, and tells what it said, or why the host does not answer with the key that it
 * should have: the engine would fail on one of them only in the middle of its work, or wait for a mute one for ever.
 */
async function askHosts<T>(
    settings: Settings,
    deadlineSeconds: number,
    ask: (to: Connection, role: HostRole) => Promise<T>,
): Promise<(HostDown | T)[]> {
    return await Promise.all(
        hostRoles.map(async (role): Promise<HostDown | T> => {
            const { address, port } = settings.hosts[role];
            const to = hostConnection(settings, role);
            let timer: NodeJS.Timeout | undefined;
            try {
                await Promise.race([
                    connect(to),
                    new Promise<never>((_, reject) => {
                        timer = setTimeout(
                            () => reject(new Error(`no ssh session within ${deadlineSeconds} s (port ${port})`)),
                            deadlineSeconds * 1000,
                        );
                    }),
                ]);
                return await ask(to, role);
            } catch (e) {
                const reason = messageOf(e)
                    .replace(`${to.name}: `, "")
                    .replace(`${to.name} (${address}, port ${port}): `, "")
                    .replace(/; nothing was changed$/, "");
                if (/^getaddrinfo /.test(reason))
                    return {
                        role,
                        address,
                        reason: `hosts.${role}.address: "${address}" does not resolve; allowed is an address, or a name that this machine can look up`,
                    };
                return { role, address, reason, ...(e instanceof HostKeyMismatch && { cure: mend(settings, role) }) };
            } finally {
                clearTimeout(timer);
            }
        }),
    );
}

const downLine = ({ address, reason, cure }: HostDown): string =>
    `host ${address}: ${reason}; nothing was changed${cure ? `. ${cure}` : ""}`;

/** Physical hosts that do not answer, or not with the key they should have. */
export async function hostsDown(settings: Settings, deadlineSeconds = SECONDS): Promise<HostDown[]> {
    const asked = await askHosts(settings, deadlineSeconds, async to => {
        await exec(to, "true", { timeoutSeconds: deadlineSeconds });
    });
    return asked.filter(host => host !== undefined);
}

/** @throws UserError with a line for each host that cannot be worked with */
export async function checkHosts(settings: Settings, exitCode = 1, deadlineSeconds = SECONDS): Promise<void> {
    const down = await hostsDown(settings, deadlineSeconds);
    if (down.length > 0) throw new UserError(down.map(downLine).join("\n"), exitCode);
}

/** What is said of a host's clock where it is not right: it is a resource, which `up` puts right when it asks for drift. */
export function clockNotes(host: string, reading: Parameters<typeof aheadBy>[0]): string[] {
    const ahead = aheadBy(reading);
    return ahead === 0 ? [] : [`${host}: its clock is ${besideThisOne(ahead)}; up --refresh sets it`];
}

/**
 * Before anything is made: whether both hosts answer, and have what the stack wants of them.
 * @param note is told of a clock that is not right
 * @throws UserError with a line for each thing that one of them lacks
 */
export async function checkReady(
    settings: Settings,
    note: (line: string) => void,
    deadlineSeconds = SECONDS,
): Promise<void> {
    const asked = await askHosts(settings, deadlineSeconds, async (to, role) => {
        const wanted = wantedOf(settings, role);
        const [{ stdout }, reading] = await Promise.all([
            exec(to, preflightScript(wanted), { timeoutSeconds: PREFLIGHT_SECONDS }),
            readClock(exec, to),
        ]);
        clockNotes(to.name, reading).forEach(note);
        return lacks(wanted, stdout).map(lack => `host ${settings.hosts[role].address}: ${lack}; nothing was changed`);
    });
    const lines = asked.flatMap(host => (Array.isArray(host) ? host : [downLine(host)]));
    if (lines.length > 0) throw new UserError(lines.join("\n"));
}

/** What to do where a reinstalled host has a new key: it depends on where the old one was written down. */
function mend(settings: Settings, role: keyof Settings["hosts"]): string {
    const { address, port, hostKey } = settings.hosts[role];
    const file = settings.knownHostsFile,
        name = port === 22 ? address : `[${address}]:${port}`;
    if (!knownKeys(file, address, port).includes(hostKey!.split("\n")[0]!)) {
        return `If the host was reinstalled, correct hosts.${role}.hostKey in the stack's configuration`;
    }
    return `If the host was reinstalled, remove the old key: ssh-keygen -R '${name}'${file === "~/.ssh/known_hosts" ? "" : ` -f ${file}`}`;
}
