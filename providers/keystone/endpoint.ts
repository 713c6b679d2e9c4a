import * as pulumi from "@pulumi/pulumi";
import { asked, unlessGone } from "../../clients/http";
import { Identity, identity, IdentityAccess } from "../../clients/identity";
import { Handler, LiveResource, Problem } from "../dynamic";
import { AccessArgs, refuseDifferent } from "./adopt";

interface Inputs { identity: IdentityAccess; region: string; serviceId: string; publicUrl: string; adminUrl: string; internalUrl: string }
type Api = Pick<Identity, "endpoints" | "createEndpoint" | "deleteEndpoint" | "forget">;

/** Keystone takes any URL, and then answers 500 to every scoped login if it cannot fill one in. */
function urlProblem(property: string, url: string | undefined): Problem[] {
    if (url === undefined) return [];
    const filled = url.replace(/[$%]\(tenant_id\)s/g, "TENANT");
    const reason = /%|\$\(/.test(filled) ? "keystone fills in $(tenant_id)s and nothing else"
        : URL.canParse(filled) && /^https?:\/\//.test(filled) ? undefined : "an endpoint's URL begins with http:// and a host";
    return reason === undefined ? [] : [{ property, reason: `"${url}": ${reason}` }];
}

/** The URLs of a service in a region, found by these two: v2.0 can neither change nor tell apart equal ones. */
export function endpointHandler(api: (access: IdentityAccess) => Api = identity): Handler<Inputs> {
    return {
        inputs: ["region", "serviceId", "publicUrl", "adminUrl", "internalUrl"], access: ["identity"],
        replaceOn: ["region", "serviceId", "publicUrl", "adminUrl", "internalUrl"],
        check: ({ publicUrl, adminUrl, internalUrl }) =>
            [...urlProblem("publicUrl", publicUrl), ...urlProblem("adminUrl", adminUrl), ...urlProblem("internalUrl", internalUrl)],
        async create({ identity: access, ...wanted }) {
            const keystone = api(access);
            keystone.forget("endpoints");
            const found = (await keystone.endpoints()).filter(e => e.serviceId === wanted.serviceId && e.region === wanted.region);
            const equal = found.find(e => e.publicUrl === wanted.publicUrl && e.adminUrl === wanted.adminUrl && e.internalUrl === wanted.internalUrl);
            if (!equal && found[0]) refuseDifferent(`endpoint ${found[0].id} of service ${wanted.serviceId} in ${wanted.region}`, wanted, found[0]);
            return { id: (equal ?? await keystone.createEndpoint(wanted)).id, outputs: {} };
        },
        async read(id, recorded) {
            const live = (await asked(api(recorded.identity).endpoints())).find(e => e.id === id);
            if (!live) return undefined;
            const { id: _id, ...properties } = live;
            return { ...recorded, ...properties };
        },
        async update() { return {}; },
        async delete(id, { identity: access }) { await unlessGone(api(access).deleteEndpoint(id)); },
    };
}
export const handler = endpointHandler();

export interface EndpointArgs {
    /** Identity's admin API; the token in it is a secret. */
    identity: AccessArgs<IdentityAccess>;
    region: pulumi.Input<string>;
    /** Id of a `Service`. */
    serviceId: pulumi.Input<string>;
    /** `$(tenant_id)s` stands for the tenant of whoever logs in; nothing else is filled in. */
    publicUrl: pulumi.Input<string>;
    adminUrl: pulumi.Input<string>;
    internalUrl: pulumi.Input<string>;
}

/** Where a service is reached (K4, K6). Its `id` is keystone's. */
export class Endpoint extends LiveResource {
    constructor(name: string, args: EndpointArgs, opts?: pulumi.CustomResourceOptions) {
        super("keystone/endpoint", "Endpoint", name, { ...args, identity: pulumi.secret(args.identity) }, opts);
    }
}
