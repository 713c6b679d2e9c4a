/** A resource as the state records it. Secret values in it are encrypted. */
export interface RecordedResource {
    urn: string;
    type: string;
    /** False for components, which only group others. */
    custom: boolean;
    id?: string;
    parent?: string;
    /** The resources before it; the sources of single inputs; the resource whose end takes it away. */
    dependencies?: string[];
    propertyDependencies?: Record<string, string[]>;
    deletedWith?: string;
    /** The urn of its provider, and the provider's id. */
    provider?: string;
    /** With another one it is replaced. */
    replacementTrigger?: unknown;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
}

/** An operation that was under way when the engine was ended. */
export interface PendingOperation {
    type: string;
    resource: RecordedResource;
}

export interface RecordedState {
    time?: string;
    resources: RecordedResource[];
    pending: PendingOperation[];
}

/** One past operation of a stack. */
export interface PastOperation {
    operation: string;
    result: string;
    started: string;
    seconds: number;
}

/** The state in a document as the engine keeps it. */
export function stateOf(whole: unknown): RecordedState {
    const { checkpoint } = whole as {
        checkpoint?: {
            latest?: {
                manifest?: { time?: string };
                resources?: RecordedResource[];
                pending_operations?: PendingOperation[];
            };
        };
    };
    const latest = checkpoint?.latest;
    return {
        time: latest?.manifest?.time,
        resources: latest?.resources ?? [],
        pending: latest?.pending_operations ?? [],
    };
}

/** The resources of a state that the engine has exported, in plain text. */
export const exported = ({ deployment }: { deployment: unknown }): RecordedResource[] =>
    (deployment as { resources?: RecordedResource[] } | undefined)?.resources ?? [];

/** The resources that stand for something: neither components nor the engine's own providers. */
export const realOnes = (resources: readonly RecordedResource[]): RecordedResource[] =>
    resources.filter(r => r.custom && !r.type.startsWith("pulumi:providers:"));

/** The stack's outputs as recorded; a secret one is an encrypted object. */
export function stackOutputs(state: RecordedState): Record<string, unknown> {
    return state.resources.find(r => r.type === "pulumi:pulumi:Stack")?.outputs ?? {};
}

/** Marks a secret in the state, in inputs and outputs alike. */
export const isSecret = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    (value as Record<string, unknown>)["4dabf18193072939515e22adb298388d"] === "1b47061264138c4ac30d75fd1eb44270";
