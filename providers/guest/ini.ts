/** Options by section; the section `""` is what stands before the first header (python settings, /etc/default). */
export type Options = Record<string, Record<string, string>>;

const header = (line: string): string | undefined => /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1];
/** `key = value` or `key=value`; the value keeps what is inside it. */
const assignment = (line: string): { key: string; value: string } | undefined => {
    const match = /^([A-Za-z0-9_.$%-][^=\s]*)\s*=\s*(.*?)\s*$/.exec(line);
    return match ? { key: match[1]!, value: match[2]! } : undefined;
};

/** Line numbers of a section: its first line after the header, and the one behind its last. */
function extent(lines: readonly string[], section: string): { from: number; to: number } | undefined {
    const start = section === "" ? -1 : lines.findIndex(line => header(line) === section);
    if (section !== "" && start < 0) return undefined;
    const next = lines.findIndex((line, i) => i > start && header(line) !== undefined);
    return { from: start + 1, to: next < 0 ? lines.length : next };
}

/** The file's value of each of the named options; those that it does not set are absent. Where one is set twice, the last counts. */
export function readOptions(text: string, wanted: Record<string, readonly string[]>): Options {
    const lines = text.split("\n");
    const found: Options = {};
    for (const [section, keys] of Object.entries(wanted)) {
        const part = extent(lines, section);
        if (!part) continue;
        for (const line of lines.slice(part.from, part.to)) {
            const set = assignment(line);
            if (set && keys.includes(set.key)) (found[section] ??= {})[set.key] = set.value;
        }
    }
    return found;
}

/**
 * The file with options set (`undefined`: taken out). Everything else, comments included, stays as it is. A new option
 * goes behind the comment that shows its default, else to the end of its section.
 */
export function writeOptions(text: string, wanted: Record<string, Record<string, string | undefined>>): string {
    const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
    for (const [section, options] of Object.entries(wanted)) {
        if (!extent(lines, section)) {
            if (Object.values(options).every(v => v === undefined)) continue;
            lines.push(...(lines.length > 0 && lines[lines.length - 1] !== "" ? [""] : []), `[${section}]`);
        }
        for (const [key, value] of Object.entries(options)) {
            const { from, to } = extent(lines, section)!;
            const at: number[] = [];
            for (let i = from; i < to; i++) if (assignment(lines[i]!)?.key === key) at.push(i);
            const line = `${key} = ${value}`;
            if (value !== undefined && at.length > 0) lines[at[0]!] = line;
            for (const i of at.slice(value === undefined ? 0 : 1).reverse()) lines.splice(i, 1);
            if (value === undefined || at.length > 0) continue;
            const shown = lines.findIndex(
                (l, i) => i >= from && i < to && assignment(l.replace(/^\s*#\s*/, ""))?.key === key,
            );
            let end = to;
            while (end > from && lines[end - 1]!.trim() === "") end--;
            lines.splice(shown >= 0 ? shown + 1 : end, 0, line);
        }
    }
    return lines.length > 0 ? lines.join("\n") + "\n" : "";
}
