import * as fs from "fs";

interface Reported {
    event: string;
    kind: string;
    id: string;
    reason?: string;
    differs?: string[];
    newId?: string;
    follows?: string[];
    places?: Record<string, string>;
}

/** A resource that was not asked; `type` and `id` are the state's. */
export interface Unasked {
    resource: string;
    type: string;
    id: string;
    reason: string;
}

/** Says which nodes are off, so that what is in them was not asked; no line where none is. `nodes` has a name, or several, for each resource. */
export const offLines = (nodes: readonly string[]): string[] =>
    nodes.length === 0
        ? []
        : [
              `not asked, for their nodes are off by configuration (${[...new Set(nodes.flatMap(n => n.split(", ")))].sort().join(", ")}): ${nodes.length} resources`,
          ];

/** `guest/database-grant` tells of the type `guest:DatabaseGrant`. */
const typeOf = (kind: string): string => {
    const [module, name] = kind.split("/");
    return `${module}:${name!
        .split("-")
        .map(word => word[0]!.toUpperCase() + word.slice(1))
        .join("")}`;
};

/** What the handlers of one operation tell of themselves; each line is read once, when it has come. */
export class Report {
    private readonly lines: Reported[] = [];

    /** @param read how much of the file is not this one's */
    constructor(
        private readonly file: string,
        private read = 0,
    ) {}

    /** The report of what is told from now on. */
    later(): Report {
        return new Report(this.file, fs.existsSync(this.file) ? fs.statSync(this.file).size : 0);
    }

    private all(): Reported[] {
        if (!fs.existsSync(this.file)) return this.lines;
        const { size } = fs.statSync(this.file);
        if (size === this.read) return this.lines;
        const added = fs.readFileSync(this.file).subarray(this.read),
            end = added.lastIndexOf("\n") + 1;
        this.lines.push(
            ...added
                .subarray(0, end)
                .toString()
                .split("\n")
                .filter(Boolean)
                .map(line => JSON.parse(line) as Reported),
        );
        this.read += end;
        return this.lines;
    }

    /** Paths of properties that a handler found to differ, secret ones included. */
    differing(type: string, id: string): string[] {
        return this.asked(type, id).flatMap(r => r.differs ?? []);
    }

    /** Where a resource's values come from, by their paths, as far as its handler tells. */
    places(type: string, id: string): Readonly<Record<string, string>> {
        const asked = this.asked(type, id);
        return asked[asked.length - 1]?.places ?? {};
    }

    /** Properties that name by an id what was made again by hand: that they are others is right. */
    follows(type: string, id: string): readonly string[] {
        return this.asked(type, id).flatMap(r => r.follows ?? []);
    }

    /** @param id the recorded one or, of what was made again by hand, the present one */
    private asked(type: string, id: string): Reported[] {
        return this.all().filter(
            r => r.event === "asked" && (r.id === id || r.newId === id) && typeOf(r.kind) === type,
        );
    }

    /** Resources that were kept as recorded because what they live in did not answer. */
    unreachable(): Unasked[] {
        return this.unasked("unreachable");
    }

    /** Resources that were not asked because a node is off by configuration; the reason is the node's name, or several. */
    off(): Unasked[] {
        return this.unasked("off");
    }

    private unasked(event: string): Unasked[] {
        return this.all()
            .filter(r => r.event === event)
            .map(r => ({ resource: `${r.kind} ${r.id}`, type: typeOf(r.kind), id: r.id, reason: r.reason! }));
    }
}
