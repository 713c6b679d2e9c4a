import * as pulumi from "@pulumi/pulumi";

/** Something wrong with a request, found before anything is changed. */
export interface Problem {
    property: string;
    /** The given value and the allowed ones. */
    reason: string;
}

/**
 * The operations of one kind of object, free of the engine and tested without it.
 * `Inputs` are the program's values; `Outputs` are added by the live object (ids, fingerprints).
 */
export interface Handler<Inputs extends object, Outputs extends object = object> {
    /** The properties of the live object: a refresh compares them, a preview shows them old beside new. */
    readonly inputs: readonly (keyof Inputs & string)[];
    /** Inputs that only say how to reach the object (connection, credentials): their change touches nothing remote. */
    readonly access: readonly (keyof Inputs & string)[];
    /** Properties whose change means another object rather than a changed one. */
    readonly replaceOn: readonly (keyof Inputs & string)[];
    /** The machine that goes when this object is replaced, with everything in it. */
    machineOf?(inputs: Inputs): string;
    /** Everything that can be known to be wrong; inputs not known before the update are left out. */
    check?(inputs: Partial<Inputs>): Problem[];
    /** Makes the object, or adopts an equal one; refuses a different one of the same name, with both shown. */
    create(inputs: Inputs): Promise<{ id: string; outputs: Outputs }>;
    /**
     * The live object, or `undefined` when it is gone. Throws {@link Unreachable} when it cannot be asked.
     * One that was made again by hand, and has another id, is returned as {@link madeAgain}.
     * A secret that differs is returned as {@link differs}, never as the live value.
     */
    read(id: string, recorded: Inputs & Outputs): Promise<(Inputs & Outputs) | undefined>;
    update(id: string, recorded: Inputs & Outputs, inputs: Inputs): Promise<Outputs>;
    /** Deleting a missing object is success. */
    delete(id: string, recorded: Inputs & Outputs): Promise<void>;
}

/**
 * The id of an object that is another one each time it is made, though its name stays. It is the id that carries this and
 * no output: the engine knows an id in a preview of an update, too.
 */
export const incarnationOf = (object: string, incarnation: string): string => `${object}#${incarnation}`;
/** The object itself, of any incarnation. */
export const objectOf = (id: string): string => id.split("#")[0]!;

/** Stands for the live value of a secret that is not the recorded one. */
export const differs = "(differs)";

/**
 * Where a value that was read comes from, by its property's path: `options.DEFAULT.debug` → `line 12`. No secret is in
 * it.
 */
export type Places = Readonly<Record<string, string>>;
/** What a handler tells of a live object beside its properties: neither compared nor recorded. */
interface Beside {
    places?: Places;
    /** Its id, where that is another one than the recorded one. */
    id?: string;
    /** Properties that are others with the id of what was made again, and are right so. */
    follows?: readonly string[];
}
// By name: the handler may have been loaded from another copy of the module.
const BESIDE = Symbol.for("classroom beside");
const beside = (live: object | undefined): Beside => (live as { [BESIDE]?: Beside } | undefined)?.[BESIDE] ?? {};
const withBeside = <T extends object>(live: T, more: Beside): T =>
    Object.defineProperty(live, BESIDE, { value: { ...beside(live), ...more }, configurable: true });

/** The live object, with where its values come from. */
export const withPlaces = <T extends object>(live: T, places: Places): T => withBeside(live, { places });
/** Where the values of a live object come from; empty where its handler does not say. */
export const placesOf = (live: object | undefined): Places => beside(live).places ?? {};

/**
 * The live object, where somebody made it again by hand, or made again what it names by an id.
 * @param id its present id @param follows the properties that name by an id what was made again
 */
export const madeAgain = <T extends object>(live: T, id: string, follows: readonly string[] = []): T =>
    withBeside(live, { id, follows });
/** The present id of a live object. @param id the recorded one */
export const idOf = (live: object, id: string): string => beside(live).id ?? id;
/** Properties of a live object whose other values are no difference. */
export const followsOf = (live: object | undefined): readonly string[] => beside(live).follows ?? [];

/**
 * Thrown by `create` when the object exists but is not finished: it is recorded with `outputs`,
 * and the next up calls `update`, which finishes it.
 */
export class Incomplete extends Error {
    override readonly name = "Incomplete";
    constructor(
        readonly id: string,
        readonly outputs: object,
        reason: string,
    ) {
        super(reason);
    }
}

/**
 * A resource whose handler is the export `handler` of the module `bin/providers/<kind>.js`.
 *
 * The engine stores a provider's code with each resource and runs the stored code on refresh and
 * destroy. What is stored here is one line that loads today's handler: it never goes stale and costs
 * a hundred bytes, where serialising a closure costs two kilobytes, twice, in every resource.
 */
export abstract class LiveResource extends pulumi.CustomResource {
    /**
     * @param kind folder and file of the handler, e.g. `keystone/tenant`
     * @param type the last part of the resource's type, e.g. `Tenant`
     * @param props inputs, and outputs as `undefined`
     */
    protected constructor(
        kind: string,
        type: string,
        name: string,
        props: pulumi.Inputs,
        opts?: pulumi.CustomResourceOptions,
    ) {
        const module = kind.split("/")[0];
        const provider = `exports.handler=()=>require(process.cwd()+'/bin/providers/host').provider('${kind}')`;
        super(
            `pulumi-nodejs:dynamic/${module}:${type}`,
            name,
            { ...props, __provider: provider },
            pulumi.mergeOptions({ deleteBeforeReplace: true }, opts),
        );
    }
}
