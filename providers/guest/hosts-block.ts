import { isIP } from "net";

/** One line of /etc/hosts. */
export interface HostsEntry {
    address: string;
    names: string[];
}

const BEGIN = (block: string) => `# classroom ${block}: begin (managed, edits are undone)`;
const END = (block: string) => `# classroom ${block}: end`;

/** A line as the C library reads it: carriage returns are blanks, a comment ends it. */
function entryOf(line: string): HostsEntry | undefined {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    return address === "" ? undefined : { address, names };
}

/**
 * Where the first block of that name is: its first line and its last. One whose end somebody removed is no further than
 * its begin.
 */
function extent(lines: readonly string[], block: string): { begin: number; end: number; isWhole: boolean } | undefined {
    const trimmed = lines.map(line => line.trimEnd()),
        begin = trimmed.indexOf(BEGIN(block)),
        end = trimmed.indexOf(END(block), begin);
    return begin < 0 ? undefined : { begin, end: Math.max(end, begin), isWhole: end >= 0 };
}

/**
 * The entries inside a file's block of that name; undefined when there is no such block. Comments in it are skipped.
 */
export function readBlock(file: string, block: string): HostsEntry[] | undefined {
    const lines = file.split("\n"),
        found = extent(lines, block);
    if (!found?.isWhole) return undefined;
    return lines.slice(found.begin + 1, found.end).flatMap(line => entryOf(line) ?? []);
}

/**
 * The file with its block holding exactly `entries`; `undefined` takes the block out. Every other line stays as it is;
 * a second block of that name goes.
 */
export function writeBlock(file: string, block: string, entries: readonly HostsEntry[] | undefined): string {
    const lines = file === "" ? [] : file.replace(/\n$/, "").split("\n"),
        first = extent(lines, block);
    const text = entries && [BEGIN(block), ...entries.map(e => [e.address, ...e.names].join(" ")), END(block)];
    for (let at = first; at; at = extent(lines, block)) lines.splice(at.begin, at.end - at.begin + 1);
    lines.splice(first?.begin ?? lines.length, 0, ...(text ?? []));
    return lines.length > 0 ? lines.join("\n") + "\n" : "";
}

/** A line above a block that has another address for one of its names: the first line that has a name counts. */
export interface HostsShadow {
    /** Counted from 0. */
    line: number;
    address: string;
    name: string;
}

/**
 * What is above a block and read in its place.
 * @param itself the machine's own name, which has a loopback address of its own in Debian's and Ubuntu's files
 */
export function shadowsOf(file: string, block: string, wanted: readonly HostsEntry[], itself: string): HostsShadow[] {
    const lines = file.split("\n"),
        above = lines.slice(0, extent(lines, block)?.begin ?? lines.length),
        found = new Map<string, HostsShadow | undefined>();
    const addresses = new Map(wanted.flatMap(e => e.names.map(name => [name.toLowerCase(), e.address] as const)));
    above.forEach((text, line) => {
        const { address, names } = entryOf(text) ?? { address: "", names: [] };
        if (isIP(address) === 0) return;
        for (const given of names) {
            const name = given.toLowerCase(),
                isOwn = name === itself.toLowerCase() && address.startsWith("127.");
            if (!addresses.has(name) || found.has(name)) continue;
            found.set(name, isOwn || addresses.get(name) === address ? undefined : { line, address, name });
        }
    });
    return [...found.values()].flatMap(shadow => shadow ?? []);
}

/** Whether the first line with each of an entry's names gives it the entry's address: a line of one's own outside a block does so, too. */
function isGiven(file: string, { address, names }: HostsEntry): boolean {
    const all = file.split("\n").flatMap(line => entryOf(line) ?? []),
        first = (name: string) =>
            all.find(e => isIP(e.address) !== 0 && e.names.some(given => given.toLowerCase() === name.toLowerCase()));
    return names.every(name => first(name)?.address === address);
}

/** The entries of a block; a wanted one that stands outside of it is among them. */
export function given(file: string, inBlock: readonly HostsEntry[], wanted: readonly HostsEntry[]): HostsEntry[] {
    const same = (a: HostsEntry) => (b: HostsEntry) => JSON.stringify(a) === JSON.stringify(b),
        there = wanted.filter(entry => inBlock.some(same(entry)) || isGiven(file, entry));
    if (there.every(entry => inBlock.some(same(entry)))) return [...inBlock];
    return [...there, ...inBlock.filter(entry => !wanted.some(same(entry)))];
}

/** Entries as the machine gets them: a name that is shadowed has the address of that line. */
export function inForce(entries: readonly HostsEntry[], shadows: readonly HostsShadow[]): HostsEntry[] {
    return entries.flatMap(({ address, names }) => {
        const shadowed = names.flatMap(name => {
            const by = shadows.find(s => s.name === name.toLowerCase());
            return by ? [{ address: by.address, names: [name] }] : [];
        });
        const left = names.filter(name => !shadowed.some(s => s.names[0] === name));
        return [...(left.length > 0 || names.length === 0 ? [{ address, names: left }] : []), ...shadowed];
    });
}

/** A line without some names; undefined where no other is left. */
function withoutNames(line: string, names: readonly string[]): string | undefined {
    const [, before, comment] = /^([^#]*)([^]*)$/.exec(line)!,
        isGone = (word: string) => names.includes(word.toLowerCase());
    if (entryOf(before!)!.names.every(isGone)) return undefined;
    const kept = before!.split(/(\s+)/).filter((word, i) => i % 2 === 1 || !isGone(word));
    return kept.join("").trimEnd() + (comment === "" ? "" : ` ${comment}`);
}

/** The file without names that are shadows; a line that has no other name goes as a whole. */
export function withoutShadows(file: string, block: string, wanted: readonly HostsEntry[], itself: string): string {
    const lines = file.split("\n"),
        begin = extent(lines, block)?.begin ?? lines.length;
    // Names whose first line is right: later lines do not count.
    const settled = new Set<string>();
    const kept = lines.slice(0, begin).flatMap(line => {
        const own = shadowsOf(line, block, wanted, itself).map(s => s.name),
            shadows = own.filter(name => !settled.has(name));
        const { address, names } = entryOf(line) ?? { address: "", names: [] };
        for (const name of names.map(n => n.toLowerCase()))
            if (isIP(address) !== 0 && !own.includes(name)) settled.add(name);
        return shadows.length === 0 ? [line] : (withoutNames(line, shadows) ?? []);
    });
    return [...kept, ...lines.slice(begin)].join("\n");
}
