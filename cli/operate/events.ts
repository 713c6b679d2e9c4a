import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";
import { unknownValue } from "@pulumi/pulumi/runtime";
import { type NodeName, nodeNames } from "../../config/nodes";
import { isSecret } from "../../engine/state";
import { nameOf, shortType } from "../../engine/urn";
import { visible } from "../../system/output";
import { recordNotices } from "../../system/handed-over";
import { withAdvice } from "../hosts/libvirt-words";
import { isTrace } from "../shell/run-log";

/**
 * The meaning of a run's events: planned steps, answers of resources, a comparison of the answers with the program, or
 * finished steps.
 */
export type Reading = "plan" | "answers" | "comparison" | "changes";

/** What happens to a resource, for `--json`; without a property where all of it comes or goes. */
export interface ResourceChange {
    resource: string;
    type: string;
    action: string;
    property?: string;
    old?: unknown;
    new?: unknown;
    /** Where the value that was found is set, e.g. `line 12 of /etc/nova/nova-compute.conf`. */
    where?: string;
    restarts?: string[];
}

/** What happened to resources in one operation, counted while it runs. */
export interface Tally {
    created: number;
    updated: number;
    replaced: number;
    deleted: number;
    unchanged: number;
    failed: number;
    /** Names of resources that a refresh found gone or different. */
    drifted: string[];
}

/** What could not be mended; `node` is where it is. */
export interface Unmended {
    resource: string;
    node?: string;
    reason: string;
}

/** What a handler says of a node's record; none of any other message. */
function noticeIn(message: string): { node: string; unmended?: string } | undefined {
    const [, node, said = ""] = /^([a-z0-9-]+): (.+)$/s.exec(message.trim()) ?? [];
    if (!nodeNames.some(name => name === node) || !Object.values(recordNotices).some(begin => said.startsWith(begin)))
        return undefined;
    const { unmended } = recordNotices;
    return { node: node!, ...(said.startsWith(unmended) && { unmended: said.slice(unmended.length) }) };
}

/** The node that inputs are of something in. */
export const nodeOf = (inputs: unknown): NodeName | undefined => {
    const { connection } = (inputs ?? {}) as { connection?: { name?: unknown } };
    return nodeNames.find(node => node === connection?.name);
};

/** Words of an operation's step in a line of output; steps that are not shown are absent. */
const words: Readonly<Record<string, { doing: string; done: string; sign: string }>> = {
    create: { doing: "creating", done: "created", sign: "+" },
    update: { doing: "updating", done: "updated", sign: "~" },
    delete: { doing: "deleting", done: "deleted", sign: "-" },
    "delete-replaced": { doing: "deleting the old", done: "deleted the old", sign: "-" },
    "create-replacement": { doing: "creating the new", done: "created the new", sign: "+" },
    replace: { doing: "replacing", done: "replaced", sign: "±" },
};

const label = (step: StepEventMetadata): string => `${shortType(step.type)} ${nameOf(step.urn)}`;

/** Neither a component nor one of the engine's own providers. */
export const isReal = (step: StepEventMetadata): boolean =>
    Boolean((step.new ?? step.old)?.custom) && !step.type.startsWith("pulumi:providers:");

/** One changed property; absent sides are undefined. Secrets come as the engine shows them: `[secret]`. */
export interface Change {
    path: string;
    old: unknown;
    new: unknown;
    /** Where the live value is set, if its handler tells. */
    where?: string;
}

/** Stands for a secret, as the engine shows it. */
const SECRET = "[secret]";

const isRecord = (v: unknown): v is Record<string, unknown> =>
    typeof v === "object" && v !== null && !Array.isArray(v) && !isSecret(v);

/** Every leaf in which two values differ, with its path: `options.DEFAULT.rabbit_host`. */
export function changes(old: unknown, now: unknown, path = ""): Change[] {
    const keys = keysWithin(old, now, path);
    if (keys) {
        const at = (v: unknown, key: string) => (isRecord(v) ? v[key] : undefined);
        return keys.flatMap(key => changes(at(old, key), at(now, key), path ? `${path}.${key}` : key));
    }
    if (Array.isArray(old) && Array.isArray(now)) {
        const items = itemChanges(old, now, path);
        if (items.length > 0) return items;
    }
    const shown = (v: unknown) => (isSecret(v) ? SECRET : v);
    return JSON.stringify(old) === JSON.stringify(now) ? [] : [{ path, old: shown(old), new: shown(now) }];
}

/** The keys below which two values are compared; undefined where they are compared as wholes. */
function keysWithin(old: unknown, now: unknown, path: string): string[] | undefined {
    // One that is absent has no leaves; one that is empty differs from it all the same.
    const keysOf = (v: unknown): string[] | undefined =>
        isRecord(v) ? Object.keys(v) : v === undefined && path ? [] : undefined;
    const [before, after] = [keysOf(old), keysOf(now)];
    if (!before || !after) return undefined;
    const keys = [...new Set([...before, ...after])].sort();
    return keys.length > 0 || (isRecord(old) && isRecord(now)) ? keys : undefined;
}

/** The items that only one of two lists has. */
function itemChanges(old: unknown[], now: unknown[], path: string): Change[] {
    const within = (list: unknown[], item: unknown) => list.some(i => JSON.stringify(i) === JSON.stringify(item));
    return [
        ...old.filter(i => !within(now, i)).map(i => ({ path, old: i, new: undefined })),
        ...now.filter(i => !within(old, i)).map(i => ({ path, old: undefined, new: i })),
    ];
}

/** A value in one line, however it was found: with nothing in it that a terminal obeys. */
const show = (value: unknown): string => {
    if (value === undefined) return "(none)";
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (text.includes(unknownValue)) return "(not known yet)";
    // Far more than is shown, of what may be as long as a node likes.
    return inShort(visible(text.slice(0, 1000)), 120);
};

/** As much of a text as may stand in a line. */
const inShort = (text: string, length: number): string => {
    const all = [...text];
    return all.length > length ? `${all.slice(0, length - 3).join("")}…` : text;
};

/** The properties in which a step changes its resource; two secrets look alike, so of them only that they differ. */
export function propertyChanges(step: StepEventMetadata): Change[] {
    const keep = (side: Record<string, unknown> | undefined) =>
        Object.fromEntries(
            Object.entries(side ?? {}).filter(
                ([k]) =>
                    !k.startsWith("__") &&
                    !(
                        step.diffs &&
                        step.diffs.length > 0 &&
                        !step.diffs.some(d => d === k || d.startsWith(`${k}.`) || d.startsWith(`${k}[`))
                    ),
            ),
        );
    const found = changes(
        keep(step.old?.inputs as Record<string, unknown>),
        keep(step.new?.inputs as Record<string, unknown>),
    );
    const quiet = (step.diffs ?? [])
        .map(d => d.split(/[.[]/)[0]!)
        .filter(d => !d.startsWith("__") && !found.some(c => c.path === d || c.path.startsWith(`${d}.`)));
    return [...found, ...[...new Set(quiet)].map(path => ({ path, old: SECRET, new: SECRET }))];
}

/** Whether a type keeps the record of a node's rest. */
export const keepsRecord = (type: string): boolean => type === "guest:Ground" || type === "guest:Baseline";

/** Of what keeps a node's record: they follow the program's own changes, and change nothing in the node. */
const followers = ["connection", "expects", "key", "managed", "ready", "services"];

/** A step as its user sees it: a record that only follows what other steps change is the same. */
const asSeen = (step: StepEventMetadata): StepEventMetadata =>
    step.op === "update" &&
    keepsRecord(shortType(step.type)) &&
    propertyChanges(step).every(({ path }) => followers.includes(path.split(/[.[]/)[0]!))
        ? { ...step, op: "same" }
        : step;

export const changeLine = (c: Change): string =>
    visible(
        (c.old === SECRET && c.new === SECRET
            ? `${c.path}: differs (secret)`
            : `${c.path}: ${show(c.old)} → ${show(c.new)}`) + placeOf(c),
    );

/** ` (line 12)`, where it is known. A path in it is a node's own: no longer than may stand in a line. */
export const placeOf = ({ where }: Pick<Change, "where">): string =>
    where === undefined ? "" : ` (${inShort(visible(where.slice(0, 1000)), 200)})`;

/** How a file is reached and who reads it. */
const access = ["connection", "restarts", "ready"];
/** Who may read a file. */
const fileAccess = ["owner", "group", "mode"];

/** Whether a change is one of what a service reads; of options files also whether it can, where that is known from before. */
function isRead({ type }: StepEventMetadata, { path, old }: Change): boolean {
    const property = path.split(".")[0]!;
    if (fileAccess.includes(property)) return shortType(type) === "guest:OptionsFile" && old !== undefined;
    return !access.includes(property);
}

const isWithin = (path: string, whole: string): boolean => path === whole || path.startsWith(`${whole}.`);

/** The services that restart because of an update: those that read the file. */
function restartsOf(step: StepEventMetadata, found: readonly Change[]): string[] {
    const { restarts } = (step.new?.inputs ?? {}) as { restarts?: unknown };
    return Array.isArray(restarts) && found.some(c => isRead(step, c)) ? (restarts as string[]) : [];
}

/**
 * Outputs without the parts that change by themselves. @pulumi/libvirt records the present leases of a domain's cards. It records their
 * network by name, id or bridge, depending on its state. DomainPower has the domain's power.
 */
function steady(type: string, outputs: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
    if (!type.startsWith("libvirt:index/domain:") || !Array.isArray(outputs?.networkInterfaces)) return outputs;
    const cards = (outputs.networkInterfaces as Record<string, unknown>[]).map(({ mac }) => ({ mac }));
    const { running: _anothers, ...rest } = outputs;
    return { ...rest, networkInterfaces: cards };
}

/** What handlers tell of the resource of a type and id. */
interface Told {
    /** Paths of the properties that a refresh found changed, secret ones included. */
    differing(type: string, id: string): string[];
    /** Where such properties are set, by their paths. */
    places(type: string, id: string): Readonly<Record<string, string>>;
    /** Properties that name by an id what was made again by hand. */
    follows(type: string, id: string): readonly string[];
}

/** Turns the engine's events into lines as they come, and counts. */
export class Renderer {
    readonly tally: Tally = { created: 0, updated: 0, replaced: 0, deleted: 0, unchanged: 0, failed: 0, drifted: [] };
    private readonly started = new Map<string, number>();
    private readonly begin = Date.now();
    private shown = 0;
    private seen = 0;
    /** Everything that changes, for `--json`. */
    readonly changes: ResourceChange[] = [];
    /** Of a diagnosis: what the program has and the state, in which an earlier refresh recorded it as gone, has not. */
    readonly missing: { urn: string; type: string; inputs: Record<string, unknown> }[] = [];
    private readonly refreshing = new Set<string>();
    /** What failed, by its name; the node that it is in, where it is in one. */
    private readonly failing = new Map<string, NodeName | undefined>();
    /** What a resource says that it could not mend, though it went on: what stands on it does not wait for it. */
    readonly leftBehind: Unmended[] = [];
    /** What the engine called errors, each already written. */
    readonly errors: string[] = [];

    /** How the beginning and the end of a step are read. */
    private readonly steps: Readonly<
        Record<Reading, Readonly<Record<"before" | "after", (step: StepEventMetadata) => void>>>
    > = {
        plan: { before: step => this.planned(step), after: () => undefined },
        answers: { before: step => this.begun(step), after: step => this.ended(step, () => this.answered(step)) },
        comparison: {
            before: step => this.begun(step),
            after: step => this.ended(step, (_took, asked) => (asked ? this.answered(step) : this.wanted(step))),
        },
        changes: {
            before: step => this.begun(step),
            after: step => this.ended(step, took => this.changed(step, took)),
        },
    };

    /**
     * @param total how many resources the last operation knew, for "how far"; 0 where it is not known
     * @param told what the handlers tell of their resources
     */
    constructor(
        private readonly write: (line: string) => void,
        private readonly engine: { name: string; reading: Reading },
        private readonly total = 0,
        private readonly verbose = false,
        private readonly told: Partial<Told> = {},
    ) {}

    /** Names of what failed. */
    get failures(): string[] {
        return [...this.failing.keys()];
    }

    /** What failed, and why. */
    unmended(): Unmended[] {
        return [...this.failing].map(([resource, node]) => {
            const said = this.errors.find(error => error.startsWith(`${resource}: `));
            return {
                resource,
                ...(node !== undefined && { node }),
                reason: said === undefined ? "the engine does not say why" : said.slice(resource.length + 2),
            };
        });
    }

    /** What runs, how far and how long: the line below all others. */
    status(): string {
        const running = [...this.started]
            .sort(([, a], [, b]) => a - b)
            .map(([urn, since]) => `${nameOf(urn)} ${Math.round((Date.now() - since) / 1000)} s`);
        const more = running.length > 3 ? ` and ${running.length - 3} more` : "";
        return `${this.engine.name} · ${this.far()} · ${this.clock().trim()}${running.length > 0 ? ` · ${running.slice(0, 3).join(", ")}${more}` : ""}`;
    }

    private far(): string {
        return `${this.shown}/${Math.max(this.total, this.seen)}`;
    }

    handle(event: EngineEvent): void {
        const { before, after } = this.steps[this.engine.reading];
        if (event.resourcePreEvent) before(asSeen(event.resourcePreEvent.metadata));
        if (event.resOutputsEvent) after(asSeen(event.resOutputsEvent.metadata));
        if (event.resOpFailedEvent) this.failed(event.resOpFailedEvent.metadata);
        const diagnostic = event.diagnosticEvent;
        // The engine's notes are its own trace; what a resource could not ask is in the report.
        if (
            diagnostic &&
            ((this.verbose && !isTrace(event)) ||
                diagnostic.severity === "error" ||
                diagnostic.severity === "warning" ||
                noticeIn(diagnostic.message))
        )
            this.diagnostic(diagnostic);
    }

    private begun(step: StepEventMetadata): void {
        if (isReal(step)) this.seen++;
        if (step.op === "refresh") this.refreshing.add(step.urn);
        if (words[step.op] || step.op === "refresh" || step.op === "read") this.started.set(step.urn, Date.now());
    }

    private planned(step: StepEventMetadata): void {
        this.count(step);
        const word = words[step.op];
        if (
            !word ||
            step.type.startsWith("pulumi:providers:") ||
            step.type === "pulumi:pulumi:Stack" ||
            step.op === "delete-replaced" ||
            step.op === "create-replacement"
        )
            return;
        this.write(`${word.sign} ${step.op} ${label(step)}`);
        this.record(step, step.op === "create" || step.op === "delete" ? [] : propertyChanges(step), "    ");
    }

    /** @param read is told how many seconds the step took, and whether it only asked */
    private ended(step: StepEventMetadata, read: (took: string, asked: boolean) => void): void {
        const since = this.started.get(step.urn) ?? Date.now();
        this.started.delete(step.urn);
        if (isReal(step)) read(((Date.now() - since) / 1000).toFixed(1), this.refreshing.delete(step.urn));
    }

    private changed(step: StepEventMetadata, took: string): void {
        this.shown++;
        this.count(step);
        const word = words[step.op];
        if (!word) return;
        this.write(
            `${this.clock()} ${word.sign} ${word.done} ${label(step)} (${took} s)${this.total ? ` [${this.far()}]` : ""}`,
        );
        this.record(step, step.op === "update" ? propertyChanges(step) : [], "           ");
    }

    private answered(step: StepEventMetadata): void {
        this.shown++;
        if (step.old && !step.new) {
            this.tally.drifted.push(nameOf(step.urn));
            this.write(`${this.clock()} ! ${label(step)} is gone`);
            this.record(step, [], "", "gone");
            return;
        }
        this.madeAgain(step);
        const shown = this.shownDrift(step),
            found = [...shown, ...this.secretDrift(step, shown)];
        if (found.length === 0) {
            this.tally.unchanged++;
            return;
        }
        this.tally.drifted.push(nameOf(step.urn));
        this.write(`${this.clock()} ! ${label(step)} has drifted`);
        this.record(step, found, "           ", "drifted");
    }

    /** The outputs in which a refresh found a resource different. */
    private shownDrift({ type, old, new: now }: StepEventMetadata): Change[] {
        const follows = this.told.follows?.(shortType(type), now?.id ?? "") ?? [];
        return changes(steady(type, old?.outputs), steady(type, now?.outputs)).filter(
            c => !c.path.startsWith("__") && !follows.includes(c.path),
        );
    }

    /** What only the handler knows to differ, for the engine shows two secrets alike. */
    private secretDrift(step: StepEventMetadata, shown: readonly Change[]): Change[] {
        const differing = this.told.differing?.(shortType(step.type), step.new?.id ?? "") ?? [];
        return differing
            .filter(path => !shown.some(c => isWithin(path, c.path) || isWithin(c.path, path)))
            .map(path => ({ path, old: SECRET, new: "(differs)" }));
    }

    /** Told, and no drift: what it is, its own differences say. */
    private madeAgain(step: StepEventMetadata): void {
        const [recorded, present] = [step.old?.id, step.new?.id];
        if (!recorded || !present || recorded === present) return;
        const id = inShort(visible(present.slice(0, 1000)), 120);
        this.write(`${this.clock()} ~ ${label(step)} was made again by hand: its id is now ${id}`);
    }

    /** What the program would change though the refresh found it as recorded: an earlier refresh has recorded the drift. */
    private wanted(step: StepEventMetadata): void {
        if (this.tally.drifted.includes(nameOf(step.urn))) return;
        if (step.op === "create") this.goneBefore(step);
        if (step.op === "update" || step.op === "replace") this.driftedBefore(step);
    }

    private goneBefore(step: StepEventMetadata): void {
        this.missing.push({
            urn: step.urn,
            type: step.type,
            inputs: (step.new?.inputs ?? {}) as Record<string, unknown>,
        });
        this.tally.drifted.push(nameOf(step.urn));
        this.record(step, [], "", "gone");
    }

    private driftedBefore(step: StepEventMetadata): void {
        const recorded = (step.old?.inputs ?? {}) as Record<string, unknown>;
        const found = propertyChanges(step).filter(
            c =>
                !JSON.stringify(c.new ?? null).includes(unknownValue) &&
                !access.includes(c.path) &&
                // A property that is not recorded at all came with a later version of the program: nobody has changed it.
                c.path.split(".")[0]! in recorded,
        );
        if (found.length === 0) return;
        this.tally.drifted.push(nameOf(step.urn));
        this.record(
            step,
            found.map(({ path, old, new: now }) =>
                old === SECRET && now === SECRET ? { path, old, new: "(differs)" } : { path, old: now, new: old },
            ),
            "           ",
            "drifted",
        );
    }

    private record(step: StepEventMetadata, found: Change[], indent: string, action: string = step.op): void {
        const restarts = step.op === "update" ? restartsOf(step, found) : [];
        const what = {
            resource: nameOf(step.urn),
            type: shortType(step.type),
            action,
            ...(restarts.length > 0 && { restarts }),
        };
        if (found.length === 0) this.changes.push(what);
        const places = action === "drifted" ? this.placesOf(step) : {};
        for (const change of found) {
            const where = places[change.path];
            this.write(`${indent}${changeLine({ ...change, where })}`);
            this.changes.push({ ...what, ...forJson(change), ...(where !== undefined && { where }) });
        }
        if (restarts.length > 0) this.write(`${indent}restarts ${restarts.join(", ")}`);
    }

    /** Where a resource's drifted properties are set, if its handler tells. */
    private placesOf({ type, old, new: now }: StepEventMetadata): Readonly<Record<string, string>> {
        return this.told.places?.(shortType(type), (now ?? old)?.id ?? "") ?? {};
    }

    private failed(step: StepEventMetadata): void {
        this.started.delete(step.urn);
        this.tally.failed++;
        this.failing.set(nameOf(step.urn), nodeOf((step.new ?? step.old)?.inputs));
        this.write(`${this.clock()} x ${words[step.op]?.doing ?? step.op} ${label(step)} failed`);
    }

    private diagnostic({ urn, severity, message }: { urn?: string; severity: string; message: string }): void {
        // The engine colours its messages with tags of its own.
        const said = message.replace(/<\{%[^%]*%\}>/g, "").trim(),
            text = urn ? withAdvice(nameOf(urn), said) : said;
        if (text === "" || saidElsewhere.some(words => words.test(text))) return;
        const notice = noticeIn(said);
        if (notice?.unmended !== undefined) {
            const { node, unmended } = notice;
            this.leftBehind.push({ resource: node, node, reason: visible(unmended) });
        } else if (severity === "error") this.error(text, urn);
        else this.write(`note${urn ? ` ${nameOf(urn)}` : ""}: ${text}`);
    }

    private error(text: string, urn?: string): void {
        const error = urn ? `${nameOf(urn)}: ${text}` : text;
        // The engine tells a program's failure twice.
        if (this.errors.includes(error)) return;
        this.errors.push(error);
        this.write(`error${urn ? " " : ": "}${error}`);
    }

    private count(step: StepEventMetadata): void {
        if (!isReal(step)) return;
        if (step.op === "create") this.tally.created++;
        else if (step.op === "update") this.tally.updated++;
        else if (step.op === "replace") this.tally.replaced++;
        else if (step.op === "delete") this.tally.deleted++;
        else if (step.op === "same") this.tally.unchanged++;
    }

    private clock(): string {
        return `${Math.round((Date.now() - this.begin) / 1000)} s`.padStart(6);
    }
}

/** A change as `--json` has it, which knows no undefined. */
const forJson = (change: Change): Pick<ResourceChange, "property" | "old" | "new"> => ({
    property: change.path,
    old: change.old ?? null,
    new: change.new ?? null,
});

/** Words of the engine that say nothing new. */
const saidElsewhere = [
    // The launcher of dynamic resources is on PATH on purpose (engine/plugins.ts).
    /^using pulumi-resource-pulumi-nodejs from \$PATH/,
    // The failure itself is told, at its resource.
    /^Unhandled exception: Error: (error serializing .*: )?resource \S+ \[\S+\] failed to register/,
];

/** `3 created, 1 updated, 310 unchanged`; parts that are zero are left out. */
export function summary(tally: Tally): string {
    const parts = (["created", "updated", "replaced", "deleted", "unchanged", "failed"] as const)
        .filter(k => tally[k] > 0)
        .map(k => `${tally[k]} ${k}`);
    return parts.length > 0 ? parts.join(", ") : "nothing to do";
}
