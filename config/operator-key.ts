import * as fs from "fs";
import { agentSocket, agentWith, SomeKeys } from "../system/ssh-agent";
import { type KeyFile, readKeyFile } from "../system/key-file";
import { messageOf, UserError } from "../system/errors";
import { inHome } from "../system/paths";
import { hasCommands } from "./commands";
import { hostRoles } from "./nodes";
import type { Settings } from "./settings";

/**
 * The settings with the public half of the operator's ssh key, which may log in to every node as root (H6). They also say how libvirt's
 * provider signs with the key.
 * @throws UserError if one of the two ssh clients cannot use a key of the operator's
 */
export function withOperatorKey(settings: Settings): Settings {
    const keys = keysOf(settings),
        [[, , { publicKey, heldBy }]] = keys;
    return {
        ...settings,
        operatorKey: publicKey,
        sshAuth: heldBy === "file" ? "privkey" : "agent",
        ...(hasCommands(settings) && { keyTexts: textsOf(keys) }),
    };
}

/**
 * Private keys by the path of their file, for commands, whose plugin is given the key itself.
 * @throws UserError where a key is an agent's: the state would hold the path of a socket that is another one tomorrow
 */
function textsOf(keys: readonly [string, string, KeyFile][]): Record<string, string> {
    return Object.fromEntries(
        keys.map(([setting, file, { heldBy, why }]) => {
            if (heldBy === "agent")
                throw new UserError(
                    `${setting}: commands of a stack need a key in a file without a passphrase, and with ${file} only an agent can sign (${why}). Nothing was changed`,
                );
            return [file, fs.readFileSync(inHome(file), "utf8")];
        }),
    );
}

/**
 * The operator's ssh-agent, as far as it holds the keys that the configuration names and that no file can sign with;
 * undefined where files can.
 * @throws UserError where it does not hold one of them
 */
export async function agentFor(settings: Settings): Promise<SomeKeys | undefined> {
    const needed = keysOf(settings).filter(([, , { heldBy }]) => heldBy === "agent");
    for (const [setting, file, key] of needed) {
        try {
            await agentWith(key, file);
        } catch (e) {
            throw refused(setting, e);
        }
    }
    if (needed.length === 0) return undefined;
    return new SomeKeys(
        agentSocket()!,
        needed.map(([, , { publicKey }]) => publicKey),
    );
}

/** Every key file that a configuration names, with the name of its setting; that of the hosts and nodes first. */
function keysOf({ sshKeyFile, hosts }: Settings): [[string, string, KeyFile], ...[string, string, KeyFile][]] {
    const key = (setting: string, file: string): [string, string, KeyFile] => {
        try {
            return [setting, file, readKeyFile(file)];
        } catch (e) {
            throw refused(setting, e);
        }
    };
    const onTheWay = hostRoles.flatMap(role => {
        const file = hosts[role].jump?.sshKeyFile;
        return file === undefined ? [] : [key(`hosts.${role}.jump.sshKeyFile`, file)];
    });
    return [key("sshKeyFile", sshKeyFile), ...onTheWay];
}

const refused = (setting: string, e: unknown): UserError =>
    new UserError(`${setting}: ${messageOf(e)}. Nothing was changed`);
