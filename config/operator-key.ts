import * as fs from "fs";
import { utils } from "ssh2";
import type { Settings } from "./settings";
import { UserError } from "../system/errors";
import { inHome } from "../system/paths";

/**
 * The settings with the public half of the operator's ssh key in them, which may log in to every node as root (H6).
 * It is read from the key's .pub file, else from the key itself.
 * @throws UserError when neither can be read
 */
export function withOperatorKey(settings: Settings): Settings {
    const file = inHome(settings.sshKeyFile);
    const words = (text: string) => text.trim().split(/\s+/).slice(0, 2).join(" ");
    try {
        return { ...settings, operatorKey: words(fs.readFileSync(`${file}.pub`, "utf8")) };
    } catch {
        /* made from the key itself */
    }
    try {
        const parsed = utils.parseKey(fs.readFileSync(file));
        if (parsed instanceof Error) throw parsed;
        return { ...settings, operatorKey: `${parsed.type} ${parsed.getPublicSSH().toString("base64")}` };
    } catch (e) {
        throw new UserError(
            `sshKeyFile: the key ${settings.sshKeyFile} cannot be read (${(e as Error).message}), and there is no ${settings.sshKeyFile}.pub; make one with: ssh-keygen -t ed25519 -f ${settings.sshKeyFile}`,
        );
    }
}
