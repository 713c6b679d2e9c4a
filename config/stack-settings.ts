import { withHostKeys } from "./known-hosts";
import { withLab } from "./lab-settings";
import { withOperatorKey } from "./operator-key";
import { readSettings, settingKeys, Settings } from "./settings";

/**
 * The settings of a stack, for the program and for the command line alike: its configuration, what its lab adds,
 * and the hosts' keys.
 * @param get the text of a configuration key, without the project's prefix; undefined where it is not set
 * @throws UserError naming every mistake
 */
export function readStackSettings(stack: string, get: (key: string) => string | undefined): Settings {
    const given: Record<string, unknown> = {};
    for (const key of settingKeys) {
        const text = get(key);
        if (text !== undefined) given[key] = parse(text);
    }
    return withOperatorKey(withHostKeys(readSettings(stack, withLab(given))));
}

/** Structured values and numbers come as JSON, words as they are. */
function parse(text: string): unknown {
    try { return JSON.parse(text); } catch { return text; }
}
