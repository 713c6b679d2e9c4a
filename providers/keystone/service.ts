import * as pulumi from "@pulumi/pulumi";
import { unlessGone } from "../../clients/http";
import { type Identity, identity, type IdentityAccess } from "../../clients/identity";
import { type Handler, LiveResource, madeAgain } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, refuseDifferent } from "./adopt";
import { serviceAgain } from "./again";

interface Inputs {
    identity: IdentityAccess;
    service: string;
    type: string;
    description: string;
}
type Api = Pick<Identity, "services" | "createService" | "deleteService" | "forget">;

/**
 * A service of the catalogue, found by name and type: keystone itself takes any number of equal ones, and cannot change
 * one.
 */
export function serviceHandler(api: (access: IdentityAccess) => Api = identity): Handler<Inputs> {
    return {
        inputs: ["service", "type", "description"],
        access: ["identity"],
        replaceOn: ["service", "type", "description"],
        check: ({ service, type }) => [
            ...nameProblems("service", "a service", service),
            ...(type === undefined || /^[a-z0-9-]{1,255}$/.test(type)
                ? []
                : [{ property: "type", reason: `"${type}" is not a type of service such as compute` }]),
        ],
        async create({ identity: access, service, type, description }) {
            const keystone = api(access);
            keystone.forget("services");
            const found = (await keystone.services()).filter(s => s.name === service && s.type === type);
            const equal = found.find(s => s.description === description);
            if (!equal && found[0]) refuseDifferent(`service ${service} (${type})`, { description }, found[0]);
            return {
                id: (equal ?? (await keystone.createService({ name: service, type, description }))).id,
                outputs: {},
            };
        },
        async read(id, recorded) {
            const live = await serviceAgain(api(recorded.identity), id, recorded);
            if (!live) return undefined;
            const { name: service, type, description } = live;
            return madeAgain({ ...recorded, service, type, description }, live.id);
        },
        async update() {
            return {};
        },
        async delete(id, { identity: access }) {
            await unlessGone(api(access).deleteService(id));
        },
    };
}
export const handler = serviceHandler();

export interface ServiceArgs {
    /** Identity's admin API; the token in it is a secret. */
    identity: AccessArgs<IdentityAccess>;
    /** The service's name, e.g. nova. */
    service: pulumi.Input<string>;
    /** The type that clients look for: identity, image, volume, compute, ec2. */
    type: pulumi.Input<string>;
    /** Default "". */
    description?: pulumi.Input<string>;
}

/** A service of the catalogue (K4, K6). Its `id` is keystone's; its endpoints go with it. */
export class Service extends LiveResource {
    constructor(name: string, args: ServiceArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "keystone/service",
            "Service",
            name,
            { description: "", ...args, identity: pulumi.secret(args.identity) },
            opts,
        );
    }
}
