/** One line of /etc/hosts. */
export interface HostsEntry {
    address: string;
    names: string[];
}

const BEGIN = (block: string) => `# classroom ${block}: begin (managed, edits are undone)`;
const END = (block: string) => `# classroom ${block}: end`;

/** The entries inside a file's block of that name; undefined when there is no such block. Comments in it are skipped. */
export function readBlock(file: string, block: string): HostsEntry[] | undefined {
    const lines = file.split("\n");
    const begin = lines.indexOf(BEGIN(block)),
        end = lines.indexOf(END(block), begin);
    if (begin < 0 || end < 0) return undefined;
    return lines
        .slice(begin + 1, end)
        .map(line => line.replace(/#.*/, "").trim())
        .filter(Boolean)
        .map(line => {
            const [address = "", ...names] = line.split(/\s+/);
            return { address, names };
        });
}

/** The file with its block holding exactly `entries`; `undefined` takes the block out. Every other line stays as it is. */
export function writeBlock(file: string, block: string, entries: readonly HostsEntry[] | undefined): string {
    const lines = file === "" ? [] : file.replace(/\n$/, "").split("\n");
    const begin = lines.indexOf(BEGIN(block));
    // A block whose end somebody removed reaches no further than its own first line.
    const end = begin < 0 ? -1 : Math.max(lines.indexOf(END(block), begin), begin);
    const text = entries && [BEGIN(block), ...entries.map(e => [e.address, ...e.names].join(" ")), END(block)];
    if (begin >= 0) lines.splice(begin, end - begin + 1, ...(text ?? []));
    else lines.push(...(text ?? []));
    return lines.length > 0 ? lines.join("\n") + "\n" : "";
}
