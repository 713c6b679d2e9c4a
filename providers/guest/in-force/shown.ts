import { differs, type Places } from "../../dynamic";
import type { OptionName, Options } from "../ini";
import type { InForce, Refused, Understood } from "./reader";

/** Options of a file; of those of `secretOptions` no value is shown. */
export interface Given {
    options: Options;
    secretOptions?: Options;
}

/** Every option with its value, secret ones among them. */
export const entriesOf = ({ options, secretOptions = {} }: Given): [OptionName, string][] =>
    [options, secretOptions].flatMap(given =>
        Object.entries(given).flatMap(([s, o]) => Object.entries(o).map(([k, v]): [OptionName, string] => [[s, k], v])),
    );

const shownName = ([section, key]: OptionName): string => (section === "" ? key : `[${section}] ${key}`);

/** Shorter ones may stand in any value by chance. */
const SECRET_LENGTH = 4;

/** The value that counts, as it may be shown: without lines that go on with it, which may be another option's, with a secret in it. */
function told({ value, isInstead, name }: InForce, secrets: readonly string[]): string {
    if (isInstead) return `(${shownName(name)} is read instead)`;
    const [first = "", ...more] = value.split("\n");
    if (secrets.some(s => s.length >= SECRET_LENGTH && first.includes(s))) return differs;
    return more.length === 0
        ? value
        : `${first} (goes on in ${more.length === 1 ? "the next line" : `${more.length} lines`})`;
}

/** What counts in place of a value; of a file that a program gives up, why. */
const toldInstead = (found: InForce | undefined, refused: Refused | undefined, secrets: readonly string[]): string =>
    refused ? `(nothing of the file is read: ${refused.reason})` : told(found!, secrets);

/** Where a value is set, in words: of the file itself the line alone. */
function placeOf(found: { path: string; line: number; name?: OptionName }, path: string, name: OptionName): string {
    const line = `line ${found.line}${found.path === path ? "" : ` of ${found.path}`}`;
    return found.name && shownName(found.name) !== shownName(name) ? `${shownName(found.name)}, ${line}` : line;
}

/** The options of the file at `path` as its services get them, and where from. Of a secret one only whether it is the recorded value. */
export function inForceOf(understood: Understood, recorded: Given & { path: string }): Given & { places: Places } {
    const places: Record<string, string> = {},
        secrets = entriesOf({ options: recorded.secretOptions ?? {} }).map(([, value]) => value);
    // Where nothing of a file is read, that is told once.
    let refused = understood.refused();
    const read = (property: "options" | "secretOptions", given: Options): Options => {
        const live: Options = {};
        for (const [[section, key], value] of entriesOf({ options: given })) {
            const found = understood.find(section, key),
                at = refused ?? found;
            if (!at) continue;
            const isSame = !refused && understood.gives([section, key], value);
            const other = toldInstead(found, refused, secrets);
            (live[section] ??= {})[key] = isSame ? value : property === "options" ? other : differs;
            if (!isSame || at.path !== recorded.path)
                places[`${property}.${section}.${key}`] = placeOf(at, recorded.path, [section, key]);
            refused = undefined;
        }
        return live;
    };
    const options = read("options", recorded.options),
        { secretOptions } = recorded;
    return { options, ...(secretOptions && { secretOptions: read("secretOptions", secretOptions) }), places };
}
