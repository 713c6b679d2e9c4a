import { spawnSync } from "child_process";
import { UserError } from "../system/errors";
import { inHome } from "../system/paths";
import { hostRoles } from "./nodes";
import type { Settings } from "./settings";

/** The public keys that a file in OpenSSH's form holds for a host, hashed names included; empty when there are none. */
export function knownKeys(file: string, address: string, port: number): string[] {
    const name = port === 22 ? address : `[${address}]:${port}`;
    const found = spawnSync("ssh-keygen", ["-F", name, "-f", inHome(file)], { encoding: "utf8" });
    return (found.stdout ?? "")
        .split("\n")
        .filter(line => line !== "" && !line.startsWith("#") && !line.startsWith("@"))
        .map(line => line.split(/\s+/).slice(1, 3).join(" "));
}

/**
 * The settings with every physical host's key in them: the configuration's own, else those of the known_hosts file.
 * @throws UserError when a host has none, for nothing is trusted on first use
 */
export function withHostKeys(settings: Settings): Settings {
    const hosts = { ...settings.hosts };
    for (const role of hostRoles) {
        const { address, port, hostKey } = hosts[role];
        const keys = hostKey === undefined ? knownKeys(settings.knownHostsFile, address, port) : [hostKey];
        if (keys.length === 0) {
            throw new UserError(
                `host ${address}: its ssh key is neither in ${settings.knownHostsFile} nor in the configuration (hosts.${role}.hostKey); nothing was changed. ` +
                    `Log in once with ssh -p ${port} root@${address} and compare the fingerprint`,
            );
        }
        hosts[role] = { ...hosts[role], hostKey: keys.join("\n") };
    }
    return { ...settings, hosts };
}
