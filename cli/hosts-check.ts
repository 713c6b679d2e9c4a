import { exec, HostKeyMismatch } from "../clients/ssh";
import { hostConnection } from "../components/host-pair";
import { knownKeys } from "../config/known-hosts";
import { HostRole, hostRoles } from "../config/nodes";
import type { Settings } from "../config/settings";
import { messageOf, UserError } from "../system/errors";

/** How long a host may take to run one command. */
const SECONDS = 5;

/** A physical host that cannot be worked with. */
export interface HostDown { role: HostRole; address: string; reason: string; cure?: string }

/**
 * Asks both physical hosts at once whether they answer, with the key they should have: the engine would fail on one
 * of them only in the middle of its work, or wait for a mute one for ever.
 */
export async function hostsDown(settings: Settings, deadlineSeconds = SECONDS): Promise<HostDown[]> {
    const wrong = await Promise.all(hostRoles.map(async (role): Promise<HostDown | undefined> => {
        const { address, port } = settings.hosts[role];
        const to = hostConnection(settings, role);
        let timer: NodeJS.Timeout | undefined;
        try {
            await Promise.race([exec(to, "true", { timeoutSeconds: deadlineSeconds }), new Promise<never>((_, reject) => {
                timer = setTimeout(() => reject(new Error(`no ssh session within ${deadlineSeconds} s (port ${port})`)), deadlineSeconds * 1000);
            })]);
            return undefined;
        } catch (e) {
            const reason = messageOf(e).replace(`${to.name}: `, "").replace(`${to.name} (${address}, port ${port}): `, "").replace(/; nothing was changed$/, "");
            return { role, address, reason, ...(e instanceof HostKeyMismatch && { cure: mend(settings, role) }) };
        } finally { clearTimeout(timer); }
    }));
    return wrong.filter(host => host !== undefined);
}

/** @throws UserError with a line for each host that cannot be worked with */
export async function checkHosts(settings: Settings, exitCode = 1, deadlineSeconds = SECONDS): Promise<void> {
    const down = await hostsDown(settings, deadlineSeconds);
    if (down.length === 0) return;
    throw new UserError(down.map(({ address, reason, cure }) => `host ${address}: ${reason}; nothing was changed${cure ? `. ${cure}` : ""}`).join("\n"), exitCode);
}

/** What to do where a reinstalled host has a new key: it depends on where the old one was written down. */
function mend(settings: Settings, role: keyof Settings["hosts"]): string {
    const { address, port, hostKey } = settings.hosts[role];
    const file = settings.knownHostsFile, name = port === 22 ? address : `[${address}]:${port}`;
    if (!knownKeys(file, address, port).includes(hostKey!.split("\n")[0]!)) {
        return `If the host was reinstalled, correct hosts.${role}.hostKey in the stack's configuration`;
    }
    return `If the host was reinstalled, remove the old key: ssh-keygen -R '${name}'${file === "~/.ssh/known_hosts" ? "" : ` -f ${file}`}`;
}
