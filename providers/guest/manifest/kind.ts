/** A kind of things of a node that are no files, each a line. */
export interface Kind {
    /** Shell that prints them. */
    ask: string;
    /** It asks nothing: its lines are in what this other kind's question prints. */
    with?: string;
    /** What counts of what was printed. */
    lines(printed: readonly string[]): string[];
    /** The first word of a line names it: the rest is what it is. One that was not recorded is a difference where `mend` has a way. */
    named?: true;
    /** With a name: one that was recorded and is not there any more is a difference all the same. */
    kept?: true;
    /** The file that a line is in: only lines of files that the program manages count, and what reads the file restarts when one is mended. */
    inFile?(line: string): string | undefined;
    /** None is right, whatever was recorded. */
    never?: true;
    words: {
        added(line: string): string;
        gone(line: string): string;
        /** Of those with a name. */
        changed?(name: string, now: string, before: string): string;
    };
    /** Shell that puts it right; none where nothing can be done. */
    mend?: {
        added?(line: string): string | undefined;
        gone?(line: string): string | undefined;
        changed?(name: string, now: string, before: string): string | undefined;
    };
}

/** Printed lines without blanks at their ends and without empty ones. */
export const nonEmpty = (printed: readonly string[]): string[] => printed.map(line => line.trim()).filter(Boolean);

/** A line's first word, and all behind it. */
export function apart(line: string): [first: string, rest: string] {
    const at = line.indexOf(" ");
    return [line.slice(0, at), line.slice(at + 1)];
}

/** Goes before one command that Ubuntu 12.04 lacks: it is not run on a machine without systemd. */
export const IF_SYSTEMD = "[ ! -d /run/systemd/system ] ||";
/** The same of several commands. */
export const withSystemd = (shell: string): string => `${IF_SYSTEMD} { ${shell}; }`;

/** Whether a statement or a command may hold a name as it is; others are told alone. */
export const isPlain = (name: string): boolean => /^[\w.%:/][\w.%:/-]{0,63}$/.test(name);
