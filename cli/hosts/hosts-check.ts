import { ask as inquire } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { aheadBy, readClock } from "../../clients/machine-clock";
import { connect, exec, forward, forwardSocket, ForwardingForbidden, HostKeyMismatch } from "../../clients/ssh";
import { hostConnection } from "../../components/host-pair";
import { isKnown, knownName } from "../../config/known-hosts";
import { type HostRole, hostRoles } from "../../config/nodes";
import { agentFor } from "../../config/operator-key";
import type { Settings } from "../../config/settings";
import { besideThisOne } from "../../providers/machine/clock";
import { messageOf, UserError } from "../../system/errors";
import { within } from "../../system/within";
import { LIBVIRT_SOCKET } from "./host-libvirt";
import { lacks, preflightFields, preflightScript, wantedOf } from "./preflight";

/** How long a host may take to be connected with. */
const SECONDS = 5;
/** Time for a host's answers: libvirt may be starting. */
const PREFLIGHT_SECONDS = 30;

/** A physical host that cannot be worked with. */
export interface HostDown {
    role: HostRole;
    address: string;
    reason: string;
    cure?: string;
}

/**
 * Runs a script on both physical hosts at once. Tells its answer, or why the host does not answer with its known key.
 * Without this the engine would fail in the middle of its work, or wait for a mute host for ever.
 */
async function askHosts<T>(
    settings: Settings,
    deadlineSeconds: number,
    ask: (to: Connection, role: HostRole) => Promise<T>,
): Promise<(HostDown | T)[]> {
    await agentFor(settings);
    return await Promise.all(
        hostRoles.map(async (role): Promise<HostDown | T> => {
            const to = hostConnection(settings, role);
            try {
                await connectWithin(deadlineSeconds, to, settings.hosts[role].port);
                return await ask(to, role);
            } catch (e) {
                return downOf(settings, role, to.name, e);
            }
        }),
    );
}

/** @throws Error where the host cannot be connected with, or not in time: a mute one is waited for no longer */
async function connectWithin(seconds: number, to: Connection, port: number): Promise<void> {
    await within<unknown>(seconds, connect(to), () => {
        throw new Error(`no ssh session within ${seconds} s (port ${port})`);
    });
}

/** A host that could not be asked, with the reason in its error, and the remedy where one is known. */
function downOf(settings: Settings, role: HostRole, name: string, error: unknown): HostDown {
    const { address, port } = settings.hosts[role];
    const reason = messageOf(error)
        .replace(`${name}: `, "")
        .replace(`${name} (${address}, port ${port}): `, "")
        .replace(/; nothing was changed$/, "");
    if (/^getaddrinfo /.test(reason))
        return {
            role,
            address,
            reason: `hosts.${role}.address: "${address}" does not resolve; allowed is an address, or a name that this machine can look up`,
        };
    return {
        role,
        address,
        reason,
        ...(error instanceof HostKeyMismatch && { cure: mend(settings, role, error) }),
    };
}

const SSH_OF_NODES = 22;

/**
 * What keeps libvirt's provider from libvirt on a host whose ssh answers; undefined where nothing does. OpenSSH says the
 * same of a socket that it may not connect with as of one that is not there.
 * @param there whether the host has that socket, where it was asked
 */
export async function libvirtLack(to: Connection, there = false): Promise<string | undefined> {
    try {
        (await forwardSocket(to, LIBVIRT_SOCKET)).destroy();
        return undefined;
    } catch (e) {
        return there
            ? `its sshd makes no connection to libvirt's socket, which is there (${LIBVIRT_SOCKET}: ${messageOf(e)}): let AllowStreamLocalForwarding be yes, PermitOpen any and DisableForwarding no for root in its sshd_config`
            : `its ssh leads to no libvirt (${LIBVIRT_SOCKET}: ${messageOf(e)}): libvirtd or virtproxyd has to run, and sshd to allow AllowStreamLocalForwarding`;
    }
}

/** The obstacle for ssh to the nodes, which are reached through their host; undefined without one. */
async function forwardingLack(to: Connection): Promise<string | undefined> {
    try {
        // Whether something listens there does not matter.
        (await forward(to, "127.0.0.1", SSH_OF_NODES)).destroy();
    } catch (e) {
        if (e instanceof ForwardingForbidden)
            return "its sshd forbids connections to other machines, the way to its nodes: set AllowTcpForwarding yes, PermitOpen any and DisableForwarding no for root in its sshd_config";
    }
    return undefined;
}

const downLine = ({ address, reason, cure }: HostDown): string =>
    `host ${address}: ${reason}; nothing was changed${cure ? `. ${cure}` : ""}`;

/** @throws UserError with a line for each of the hosts */
function refuse(down: readonly HostDown[], exitCode?: number): void {
    if (down.length > 0) throw new UserError(down.map(downLine).join("\n"), exitCode);
}

/** Physical hosts that do not answer, or not with the key they should have. */
export async function hostsDown(settings: Settings, deadlineSeconds = SECONDS): Promise<HostDown[]> {
    const asked = await askHosts(settings, deadlineSeconds, async to => {
        await exec(to, "true", { timeoutSeconds: deadlineSeconds, openSeconds: deadlineSeconds });
    });
    return asked.filter(host => host !== undefined);
}

/** @throws UserError with a line for each host that cannot be worked with */
export async function checkHosts(settings: Settings, exitCode = 1, deadlineSeconds = SECONDS): Promise<void> {
    refuse(await hostsDown(settings, deadlineSeconds), exitCode);
}

/** The words about a wrong clock of a host. The clock is a resource, and `up` sets it when it asks for drift. */
export function clockNotes(host: string, reading: Parameters<typeof aheadBy>[0]): string[] {
    const ahead = aheadBy(reading);
    return ahead === 0 ? [] : [`${host}: its clock is ${besideThisOne(ahead)}; up --refresh sets it`];
}

/**
 * Before what is recorded is asked or taken away: whether both hosts answer, and libvirt on them.
 * @throws UserError with a line for each host that cannot be worked with
 */
export async function checkLibvirt(settings: Settings, exitCode = 1, deadlineSeconds = SECONDS): Promise<void> {
    const asked = await askHosts(settings, deadlineSeconds, async (to, role) => {
        await exec(to, "true", { timeoutSeconds: deadlineSeconds });
        const reason = await libvirtLack(to);
        return reason === undefined ? undefined : { role, address: settings.hosts[role].address, reason };
    });
    refuse(
        asked.filter(host => host !== undefined),
        exitCode,
    );
}

/** The findings about a host before anything is made. */
export interface HostFindings {
    role: HostRole;
    address: string;
    /** Its gaps: a sentence each. */
    findings: string[];
    /** The remedy if the only finding is a wrong answer. */
    cure?: string;
    /** Faults that `up` mends. */
    notes: string[];
}

/** Asks both hosts for an answer and for the stack's needs; changes nothing. */
export async function hostFindings(settings: Settings, deadlineSeconds = SECONDS): Promise<HostFindings[]> {
    const asked = await askHosts(settings, deadlineSeconds, async (to, role): Promise<HostFindings> => {
        const wanted = wantedOf(settings, role);
        const [said, reading, forwarding] = await Promise.all([
            inquire(exec, to, preflightScript(wanted), preflightFields, {
                timeoutSeconds: PREFLIGHT_SECONDS,
                openSeconds: deadlineSeconds,
            }),
            readClock(exec, to),
            forwardingLack(to),
        ]);
        const mute = said.libvirt.some(driver => driver.startsWith("qemu "))
            ? await libvirtLack(to, said.socket)
            : undefined;
        return {
            role,
            address: settings.hosts[role].address,
            findings: [...lacks(wanted, said), ...[mute, forwarding].filter(lack => lack !== undefined)],
            notes: clockNotes(to.name, reading),
        };
    });
    return asked.map(host =>
        "findings" in host
            ? host
            : {
                  role: host.role,
                  address: host.address,
                  findings: [host.reason],
                  ...(host.cure !== undefined && { cure: host.cure }),
                  notes: [],
              },
    );
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
    const hosts = await hostFindings(settings, deadlineSeconds);
    hosts.flatMap(({ notes }) => notes).forEach(note);
    refuse(hosts.flatMap(({ findings, ...host }) => findings.map(reason => ({ ...host, reason }))));
}

/** The remedy for a reinstalled machine's new key. It depends on the place of the old key. */
function mend(settings: Settings, role: HostRole, { at }: HostKeyMismatch): string {
    const { jump, ...host } = settings.hosts[role],
        onTheWay = jump !== undefined && at?.host === jump.address && at.port === jump.port,
        { address, port, hostKey } = onTheWay ? jump : host,
        file = settings.knownHostsFile;
    if (!isKnown(file, address, port, hostKey!.split("\n")[0]!))
        return `If the ${onTheWay ? "bastion" : "host"} was reinstalled, correct hosts.${role}.${onTheWay ? "jump." : ""}hostKey in the stack's configuration`;
    return `If the ${onTheWay ? "bastion" : "host"} was reinstalled, remove the old key: ssh-keygen -R '${knownName(address, port)}'${file === "~/.ssh/known_hosts" ? "" : ` -f ${file}`}`;
}
