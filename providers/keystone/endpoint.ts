import * as pulumi from "@pulumi/pulumi";
import { asked, unlessGone } from "../../clients/http";
import { Endpoint as Found, Identity, identity, IdentityAccess } from "../../clients/identity";
import { Handler, LiveResource, Problem } from "../dynamic";
import { AccessArgs, refuseDifferent } from "./adopt";

interface Inputs {
    identity: IdentityAccess;
    region: string;
    serviceId: string;
    publicUrl: string;
    adminUrl: string;
    internalUrl: string;
    /** Always empty in the program, as `malformed` is where it answers for the catalogue: what a refresh finds shows as a difference. */
    foreign?: string[];
    malformed?: string[];
}
type Api = Pick<Identity, "endpoints" | "createEndpoint" | "deleteEndpoint" | "forget">;

/** Keystone takes any URL, and then answers 500 to every scoped login if it cannot fill one in. */
function urlProblem(property: string, url: string | undefined): Problem[] {
    if (url === undefined) return [];
    const filled = url.replace(/[$%]\(tenant_id\)s/g, "TENANT");
    const reason = /%|\$\(/.test(filled)
        ? "keystone fills in $(tenant_id)s and nothing else"
        : URL.canParse(filled) && /^https?:\/\//.test(filled)
          ? undefined
          : "an endpoint's URL begins with http:// and a host";
    return reason === undefined ? [] : [{ property, reason: `"${url}": ${reason}` }];
}

/** What keystone's releases fill in; what is not for certain wrong is nobody's business. */
const FILLED_IN = [
    "tenant_id",
    "project_id",
    "user_id",
    "public_bind_host",
    "admin_bind_host",
    "bind_host",
    "compute_host",
    "public_port",
    "admin_port",
    "compute_port",
    "public_endpoint",
    "admin_endpoint",
];
const FORMATS = new RegExp(
    `%%|%(\\((${FILLED_IN.join("|")})\\))?[-#0 +]*\\d*(\\.\\d+)?[rs]|%\\((admin|public|compute)_port\\)d`,
    "g",
);
/** Keystone cannot fill it in: `$(` is `%(` to it, and the rest is Python's. */
const isMalformed = (url: string): boolean => url.replace(/\$\(/g, "%(").replace(FORMATS, "").includes("%");
const malformedUrl = (e: Found): string | undefined => [e.publicUrl, e.adminUrl, e.internalUrl].find(isMalformed);

/** The URLs of a service in a region, found by these two: v2.0 can neither change nor tell apart equal ones. */
export function endpointHandler(api: (access: IdentityAccess) => Api = identity): Handler<Inputs> {
    const ofService = (all: readonly Found[], { serviceId, region }: Pick<Inputs, "serviceId" | "region">): Found[] =>
        all.filter(e => e.serviceId === serviceId && e.region === region);
    /** Others of the same service in the same region: clients take any of them. */
    const strangers = (all: readonly Found[], id: string, inputs: Inputs): Found[] =>
        ofService(all, inputs).filter(e => e.id !== id);
    /** Whoever made them: of a malformed one nobody can log in on a tenant while it is there. */
    const mend = async (inputs: Inputs, id?: string) => {
        const own = inputs.foreign ? id : undefined;
        if (!inputs.malformed && own === undefined) return;
        const keystone = api(inputs.identity);
        keystone.forget("endpoints");
        const all = await keystone.endpoints(),
            wrong = new Set([
                ...(inputs.malformed ? all.filter(malformedUrl) : []),
                ...(own === undefined ? [] : strangers(all, own, inputs)),
            ]);
        for (const e of wrong) await unlessGone(keystone.deleteEndpoint(e.id));
    };
    return {
        inputs: ["region", "serviceId", "publicUrl", "adminUrl", "internalUrl", "foreign", "malformed"],
        access: ["identity"],
        replaceOn: ["region", "serviceId", "publicUrl", "adminUrl", "internalUrl"],
        check: ({ publicUrl, adminUrl, internalUrl }) => [
            ...urlProblem("publicUrl", publicUrl),
            ...urlProblem("adminUrl", adminUrl),
            ...urlProblem("internalUrl", internalUrl),
        ],
        async create(inputs) {
            await mend(inputs);
            const { identity: access, malformed: _malformed, foreign: _foreign, ...wanted } = inputs,
                keystone = api(access);
            keystone.forget("endpoints");
            const found = ofService(await keystone.endpoints(), wanted);
            const equal = found.find(
                e =>
                    e.publicUrl === wanted.publicUrl &&
                    e.adminUrl === wanted.adminUrl &&
                    e.internalUrl === wanted.internalUrl,
            );
            if (!equal && found[0])
                refuseDifferent(
                    `endpoint ${found[0].id} of service ${wanted.serviceId} in ${wanted.region}`,
                    wanted,
                    found[0],
                );
            return { id: (equal ?? (await keystone.createEndpoint(wanted))).id, outputs: {} };
        },
        async read(id, recorded) {
            const all = await asked(api(recorded.identity).endpoints()),
                live = all.find(e => e.id === id);
            if (!live) return undefined;
            const { id: _id, ...properties } = live;
            const malformed = all
                .filter(malformedUrl)
                .map(e => `${e.id} of service ${e.serviceId}: ${malformedUrl(e)}`);
            const foreign = strangers(all, id, recorded).map(e => `${e.id}: ${e.publicUrl}`);
            return {
                ...recorded,
                ...properties,
                ...(recorded.foreign && { foreign }),
                ...(recorded.malformed && { malformed }),
            };
        },
        async update(id, _recorded, inputs) {
            await mend(inputs, id);
            return {};
        },
        async delete(id, { identity: access }) {
            await unlessGone(api(access).deleteEndpoint(id));
        },
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
    /** Also finds and deletes whatever endpoint of whatever service keeps everybody from logging in. One in a catalogue does. Default false. */
    answersForCatalogue?: boolean;
}

/** Where a service is reached (K4, K6). Its `id` is keystone's. */
export class Endpoint extends LiveResource {
    constructor(name: string, { answersForCatalogue, ...args }: EndpointArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "keystone/endpoint",
            "Endpoint",
            name,
            {
                ...args,
                identity: pulumi.secret(args.identity),
                foreign: [],
                ...(answersForCatalogue && { malformed: [] }),
            },
            opts,
        );
    }
}
