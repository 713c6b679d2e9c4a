import { isOf, type OptionName } from "../ini";
import { type Grammar, plain, type Reading, type Setting } from "./grammar";

/** How the services that read a file find its options. */
export interface Reader {
    grammar: Grammar;
    /**
     * By which names they find an option, its own included: in the last file that has one, the first group that is set
     * counts, and in it the last line.
     */
    names(section: string, key: string): readonly (readonly OptionName[])[];
    /** Options that are read in its place wherever they are set and not empty. */
    instead(section: string, key: string): readonly OptionName[];
    /** Whether all that is given to it counts. */
    multi(section: string, key: string): boolean;
    /** Files that they read too, as shell patterns: before it, and after it. */
    before: readonly string[];
    after: readonly string[];
    /** Whether files and folders that the services are started with (`--config-dir`) are read too. */
    isStartedWith?: true;
}

/** A reader that knows one file, in which each option has one name. */
export const simple: Reader = {
    grammar: plain,
    names: (section, key) => [[[section, key]]],
    instead: () => [],
    multi: () => false,
    before: [],
    after: [],
};

/** The same reader, of a file in which all these are managed: none of them is only another name of one of the rest. */
export function amongst(reader: Reader, managed: readonly OptionName[]): Reader {
    const { grammar } = reader;
    const isFree = (name: OptionName, [section, key]: OptionName) =>
        !managed.some(
            ([s, k]) =>
                (s !== section || k !== key) &&
                grammar.section(s) === grammar.section(name[0]) &&
                grammar.key(k) === grammar.key(name[1]),
        );
    return {
        ...reader,
        names: (s, k) => reader.names(s, k).map(group => group.filter(name => isFree(name, [s, k]))),
        instead: (s, k) => reader.instead(s, k).filter(name => isFree(name, [s, k])),
    };
}

/** A file that was read. */
export interface Source {
    path: string;
    text: string;
    /** Where it stands to the file whose options are asked for; `within`: where a line of another has it read. */
    stands: "before" | "itself" | "after" | "within";
}

/** Of the patterns by which files have others read, the paths that they stand for, in order. */
export type Matching = ReadonlyMap<string, readonly string[]>;

/** The value of an option for its services. */
export interface InForce {
    value: string;
    path: string;
    /** Counted from 1. */
    line: number;
    /** The name that it has there. */
    name: OptionName;
    /** It is another option, which is read in the place of the one that was asked for. */
    isInstead: boolean;
}

/** The first line for which a program gives a file up, if there is one. */
export interface Refused {
    path: string;
    line: number;
    reason: string;
}

/** A file, or what of it lies between two lines that have others read. */
interface Part extends Omit<Source, "text"> {
    reading: Reading;
}

/** How deep files may have others read, as MySQL has it. */
const DEPTH = 10;

/**
 * Of a file that another has read, what stands before a line that is refused: with that its reading ends, and the
 * other's goes on.
 */
function untilRefused({ settings, headers, refused, includes = [] }: Reading): Reading {
    const end = refused[0]?.line ?? Infinity;
    return {
        settings: settings.filter(s => s.from < end),
        headers,
        refused: [],
        includes: includes.filter(i => i.line < end),
    };
}

/** Sources as they were understood. */
export class Understood {
    private readonly parts: Part[];
    private readonly itself: string | undefined;

    /** @param sources in the order in which they are read */
    constructor(
        private readonly reader: Reader,
        sources: readonly Source[],
        matching: Matching = new Map(),
    ) {
        const texts = new Map(sources.map(s => [s.path, s.text]));
        const partsOf = ({ path, stands }: Omit<Source, "text">, depth: number): Part[] => {
            const whole = reader.grammar.read(texts.get(path) ?? ""),
                reading = stands === "within" ? untilRefused(whole) : whole,
                { settings, includes = [] } = reading,
                parts: Part[] = [{ path, stands, reading: { ...reading, settings: [] } }];
            const until = [...includes.map(i => i.line), Infinity];
            until.forEach((end, i) => {
                const from = until[i - 1] ?? -1,
                    own = settings.filter(s => s.from > from && s.from < end);
                parts.push({ path, stands, reading: { settings: own, headers: [], refused: [] } });
                for (const other of (depth < DEPTH && matching.get(includes[i]?.pattern ?? "")) || [])
                    parts.push(...partsOf({ path: other, stands: "within" }, depth + 1));
            });
            return parts;
        };
        this.parts = sources.filter(s => s.stands !== "within").flatMap(source => partsOf(source, 0));
        this.itself = sources.find(s => s.stands === "itself")?.path;
    }

    /** The value in force and its place. Undefined if neither the file nor a later file sets the option. */
    find(section: string, key: string): InForce | undefined {
        const { names, instead, multi, grammar } = this.reader;
        for (const source of [...this.parts].reverse()) {
            const other = source.reading.settings.filter(
                s => s.value !== "" && isOf(s, instead(section, key), grammar),
            );
            if (other.length > 0) return inForce(source, other.slice(-1), true);
        }
        const read = [...this.parts].reverse().filter(source => source.stands !== "before");
        if (multi(section, key)) return this.all(read, names(section, key).flat());
        for (const source of read)
            for (const group of names(section, key)) {
                const set = source.reading.settings.filter(s => isOf(s, group, grammar));
                if (set.length > 0) return inForce(source, set.slice(-1), false);
            }
        return undefined;
    }

    /** All values of an option of several; of places the last, of other files before the file's own. */
    private all(read: readonly Part[], names: readonly OptionName[]): InForce | undefined {
        const setIn = ({ reading }: Part) => reading.settings.filter(s => isOf(s, names, this.reader.grammar)),
            set = read.filter(part => setIn(part).length > 0),
            last = set.find(part => part.path !== this.itself) ?? set[0];
        return (
            last && {
                ...inForce(last, setIn(last), false),
                value: valueOf([...set].reverse().flatMap(setIn)),
            }
        );
    }

    /** Whether services get this value for an option. */
    gives([section, key]: OptionName, value: string): boolean {
        const found = this.find(section, key);
        return found !== undefined && !found.isInstead && found.value === this.reader.grammar.literal(value);
    }

    refused(): Refused | undefined {
        for (const { path, reading } of this.parts)
            for (const { line, reason } of reading.refused) return { path, line: line + 1, reason };
        return undefined;
    }
}

const valueOf = (settings: readonly Setting[]): string => [...new Set(settings.map(s => s.value))].join(", ");

function inForce({ path }: Part, settings: readonly Setting[], isInstead: boolean): InForce {
    const last = settings[settings.length - 1]!;
    return { value: valueOf(settings), path, line: last.from + 1, name: [last.section, last.key], isInstead };
}
