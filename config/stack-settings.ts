import { withHostKeys } from "./known-hosts";
import { LabFacts, readLabFacts, withLab } from "./lab-settings";
import { withOperatorKey } from "./operator-key";
import { readSettings, settingKeys, Settings } from "./settings";

/** What a stack's settings take from the machine that they are read on. */
export interface Surroundings {
    labFacts: (lab: string) => LabFacts;
    /** Adds the physical hosts' keys and the operator's. */
    withKeys: (settings: Settings) => Settings;
}

const thisMachine: Surroundings = { labFacts: readLabFacts, withKeys: settings => withOperatorKey(withHostKeys(settings)) };

/**
 * The settings of a stack, for the program and for the command line alike: its configuration, what its lab adds,
 * and the hosts' keys.
 * @param get the text of a configuration key, without the project's prefix; undefined where it is not set
 * @throws UserError naming every mistake
 */
export function readStackSettings(stack: string, get: (key: string) => string | undefined, from: Surroundings = thisMachine): Settings {
    return from.withKeys(readSettings(stack, withLab(givenBy(get), from.labFacts)));
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
