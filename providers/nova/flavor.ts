import * as pulumi from "@pulumi/pulumi";
import { asked, unlessGone } from "../../clients/http";
import { type Compute, compute, type FlavorSpec } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { type Handler, LiveResource, madeAgain, type Problem } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, foundAgain, refuseDifferent, sameName } from "../keystone/adopt";

interface Inputs extends FlavorSpec {
    cloud: CloudAccess;
}
type Api = Pick<Compute, "flavors" | "createFlavor" | "deleteFlavor" | "forget">;
type Connect = (access: CloudAccess) => Api;

/** A greater number is another one to nova's database. */
const GREATEST = 2 ** 31 - 1;

/**
 * Nova takes any id, but finds no flavor by an id that its URLs cannot hold. It takes the text behind a dot for the
 * answer's format.
 */
function idProblem(flavorId: string): string | undefined {
    if (flavorId === "auto" || flavorId === "") return "Grizzly makes no id of its own; give one";
    if (flavorId.length > 255) return "an id has at most 255 characters";
    if (!/^[A-Za-z0-9_.-]([A-Za-z0-9_. -]*[A-Za-z0-9_.-])?$/.test(flavorId) || /^\.+$/.test(flavorId))
        return "letters, digits, _.- and blanks within only";
    return /\.(json|xml)$/.test(flavorId) ? "an id does not end in .json or .xml" : undefined;
}

const PROPERTIES = ["flavorId", "name", "ram", "disk", "vcpus", "isPublic"] as const;

function check({ flavorId, name, ram, vcpus, disk }: Partial<Inputs>): Problem[] {
    const atLeast = (property: string, value: number | undefined, least: number): Problem[] =>
        value === undefined || (Number.isInteger(value) && value >= least && value <= GREATEST)
            ? []
            : [{ property, reason: `${value} is not a whole number from ${least} to ${GREATEST}` }];
    const id = flavorId === undefined ? undefined : idProblem(flavorId);
    const nameless = nameProblems("name", "a flavor", name);
    return [
        ...(id === undefined ? [] : [{ property: "flavorId", reason: `"${flavorId}": ${id}` }]),
        ...nameless,
        ...(name === undefined || nameless.length > 0 || /^[A-Za-z0-9_. -]+$/.test(name)
            ? []
            : [{ property: "name", reason: `"${name}": letters, digits and _.- only` }]),
        ...atLeast("ram", ram, 1),
        ...atLeast("vcpus", vcpus, 1),
        ...atLeast("disk", disk, 0),
    ];
}

async function create(api: Connect, { cloud, ...wanted }: Inputs): Promise<{ id: string; outputs: object }> {
    const nova = api(cloud);
    nova.forget("flavors");
    const all = await nova.flavors();
    const found = all.find(f => f.flavorId === wanted.flavorId) ?? all.find(f => sameName(f.name, wanted.name));
    if (found) refuseDifferent(`flavor ${found.name} (id ${found.flavorId})`, wanted, found);
    else await nova.createFlavor(wanted);
    return { id: wanted.flavorId, outputs: {} };
}

/** One that was made again with another id differs in that. */
async function read(api: Connect, id: string, recorded: Inputs): Promise<Inputs | undefined> {
    const all = (await asked(api(recorded.cloud).flavors())).map(f => ({ ...f, id: f.flavorId }));
    const found = foundAgain(all, id, f => sameName(f.name, recorded.name), "a flavor's id");
    if (!found) return undefined;
    const { id: present, ...live } = found;
    return madeAgain({ ...recorded, ...live }, present);
}

/** A size of instances, found by its id or its name; nova cannot change one. */
export function flavorHandler(api: Connect = compute): Handler<Inputs> {
    return {
        inputs: PROPERTIES,
        access: ["cloud"],
        replaceOn: PROPERTIES,
        check,
        create: inputs => create(api, inputs),
        read: (id, recorded) => read(api, id, recorded),
        async update() {
            return {};
        },
        async delete(id, { cloud }) {
            await unlessGone(api(cloud).deleteFlavor(id));
        },
    };
}
export const handler = flavorHandler();

export interface FlavorArgs {
    /** The cloud's admin; the password in it is a secret. */
    cloud: AccessArgs<CloudAccess>;
    flavorId: pulumi.Input<string>;
    name: pulumi.Input<string>;
    /** MiB */
    ram: pulumi.Input<number>;
    /** GiB */
    disk: pulumi.Input<number>;
    vcpus: pulumi.Input<number>;
    /** Default true. */
    isPublic?: pulumi.Input<boolean>;
}

/** A size of instances, without swap or ephemeral disk (V4). Its `id` is the flavor's. */
export class Flavor extends LiveResource {
    constructor(name: string, args: FlavorArgs, opts?: pulumi.CustomResourceOptions) {
        super("nova/flavor", "Flavor", name, { isPublic: true, ...args, cloud: pulumi.secret(args.cloud) }, opts);
    }
}
