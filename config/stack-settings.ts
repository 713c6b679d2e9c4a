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
    return withOperatorKey(withHostKeys(readSettings(stack, withLab(givenBy(get)))));
}

/** What a stack's configuration gives, values parsed. */
export function givenBy(get: (key: string) => string | undefined): Record<string, unknown> {
    const given: Record<string, unknown> = {};
    for (const key of settingKeys) {
        const text = get(key);
        if (text !== undefined && !isEmpty(key, text)) given[key] = parse(text);
    }
    return given;
}

/**
 * The engine wants a default of every key that Pulumi.yaml declares. Where there is none, or a lab has a say in it, it is
 * empty there: the key is not set then. A lab's number, 0, is nobody else's.
 */
const isEmpty = (key: string, text: string): boolean => text === "" || text === "{}" || (key === "number" && text === "0");

/** Structured values and numbers come as JSON, words as they are. */
function parse(text: string): unknown {
    try { return JSON.parse(text); } catch { return text; }
}
