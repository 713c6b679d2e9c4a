import { knownHostsOf, withHostKeys } from "./known-hosts";
import { type LabFacts, readLabFacts, withLab } from "./lab-settings";
import { withOperatorKey } from "./operator-key";
import { readSettings, type Settings } from "./settings";

/** The facts of this machine that a stack's settings use. */
export interface Surroundings {
    labFacts: (lab: string) => LabFacts;
    /** Adds the physical hosts' keys and the operator's, and the file that libvirt's provider reads them from. */
    withKeys: (settings: Settings, stack: string) => Settings;
}

const thisMachine: Surroundings = {
    labFacts: readLabFacts,
    withKeys: (settings, stack) => ({
        ...withOperatorKey(withHostKeys(settings)),
        knownHosts: knownHostsOf(stack),
    }),
};

/**
 * The settings of a stack, for the program and for the command line alike: its configuration, what its lab adds,
 * and the hosts' keys.
 * @param texts of every key of the project's that is set, by its name without the project's prefix
 * @throws UserError naming every mistake
 */
export function readStackSettings(stack: string, texts: Texts, from: Surroundings = thisMachine): Settings {
    const given = givenBy(texts),
        settings = from.withKeys(readSettings(stack, withLab(given, from.labFacts)), stack);
    return given.lab === undefined ? settings : { ...settings, lab: String(given.lab) };
}

type Texts = Readonly<Record<string, string>>;

/** The project's own part of an engine's configuration, which holds other packages' keys too. */
export function ofProject<T>(project: string, config: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(
        Object.entries(config).flatMap(([key, value]) =>
            key.startsWith(`${project}:`) ? [[key.slice(project.length + 1), value]] : [],
        ),
    );
}

/** A stack's configuration with parsed values. An unknown key is left for the check to name. */
export function givenBy(texts: Texts): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(texts)
            .filter(([key, text]) => !isEmpty(key, text))
            .map(([key, text]) => [key, parse(text)]),
    );
}

/**
 * The engine wants a default of every key that Pulumi.yaml declares. Where there is none, or a lab has a say in it, it is
 * empty there: the key is not set then. A lab's number, 0, is nobody else's.
 */
const isEmpty = (key: string, text: string): boolean =>
    text === "" || text === "{}" || (key === "number" && text === "0");

/** Structured values and numbers come as JSON, words as they are. */
function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}
