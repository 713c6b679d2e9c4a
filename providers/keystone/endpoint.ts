import * as pulumi from "@pulumi/pulumi";
import type { ReleaseName } from "../../config/releases";
import { asked, unlessGone } from "../../clients/http";
import { type Identity, identity, type IdentityAccess } from "../../clients/identity";
import { type Endpoint as Found } from "../../clients/v3-endpoints";
import { releaseOf } from "../../releases";
import type { UrlFacts } from "../../releases/release";
import { type Handler, LiveResource, madeAgain, type Problem } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, foundAgain, refuseDifferent } from "./adopt";
import { followsIn, serviceAgain } from "./again";
import { canBeFilledIn } from "./endpoint-url";

interface Inputs {
    identity: IdentityAccess;
    region: string;
    serviceId: string;
    publicUrl: string;
    adminUrl: string;
    internalUrl: string;
    /**
     * Always empty in the program, so that a find of a refresh shows as a difference. So is `malformed` of the endpoint
     * that answers for the catalogue.
     */
    foreign?: string[];
    malformed?: string[];
    /** Endpoints of other regions are foreign too. */
    alone?: true;
    /** Whose keystone fills in the URLs; with `malformed`. */
    release?: ReleaseName;
    /** By these the service is found where it was made again. */
    names?: Names;
}
interface Names {
    service: string;
    type: string;
}
type Api = Pick<Identity, "endpoints" | "services" | "createEndpoint" | "deleteEndpoint" | "forget">;
type Connect = (access: IdentityAccess) => Api;

/** Keystone takes any URL, and then answers 500 to every scoped login if it cannot fill one in. */
function urlProblem(property: string, url: string | undefined): Problem[] {
    if (url === undefined) return [];
    const filled = url.replace(/[$%]\(tenant_id\)s/g, "TENANT");
    const reason = /%|\$\(/.test(filled)
        ? "keystone fills in $(tenant_id)s and nothing else"
        : URL.canParse(filled) && /^https?:\/\/\S+$/.test(filled)
          ? undefined
          : "an endpoint's URL begins with http:// and a host, and has no blanks";
    return reason === undefined ? [] : [{ property, reason: `"${url}": ${reason}` }];
}

const malformedUrl = (e: Found, filled: UrlFacts): string | undefined =>
    [e.publicUrl, e.adminUrl, e.internalUrl].find(url => !canBeFilledIn(url, filled));

const ofService = (all: readonly Found[], { serviceId, region }: Pick<Inputs, "serviceId" | "region">): Found[] =>
    all.filter(e => e.serviceId === serviceId && e.region === region);

/**
 * Others of the same service in the same region, or in any: clients take any of them that they do not choose by region.
 */
const strangers = (all: readonly Found[], id: string, inputs: Inputs): Found[] =>
    (inputs.alone ? all.filter(e => e.serviceId === inputs.serviceId) : ofService(all, inputs)).filter(
        e => e.id !== id,
    );

const strangerInWords = (e: Found, { region }: Inputs): string =>
    `${e.id}: ${e.publicUrl || e.internalUrl || e.adminUrl}${e.region === region ? "" : ` (region ${e.region})`}`;

function malformedOf(all: readonly Found[], { malformed, release }: Inputs): { e: Found; url: string }[] {
    if (!malformed || !release) return [];
    const { endpointUrls } = releaseOf(release);
    return all.flatMap(e => {
        const url = malformedUrl(e, endpointUrls);
        return url === undefined ? [] : [{ e, url }];
    });
}

/** Malformed endpoints, of any maker: while there is one, nobody can log in on a tenant. */
async function mend(api: Connect, inputs: Inputs, id?: string): Promise<void> {
    const own = inputs.foreign ? id : undefined;
    if (!inputs.malformed && own === undefined) return;
    const keystone = api(inputs.identity);
    // Of two that hold the same, one of them made over v3, the second is seen when the first is gone.
    for (let time = 1; time <= 2; time++) {
        keystone.forget("endpoints");
        const all = await keystone.endpoints(),
            wrong = new Set([
                ...malformedOf(all, inputs).map(({ e }) => e),
                ...(own === undefined ? [] : strangers(all, own, inputs)),
            ]);
        if (wrong.size === 0) return;
        for (const e of wrong) await unlessGone(keystone.deleteEndpoint(e));
    }
}

async function create(api: Connect, inputs: Inputs): Promise<{ id: string; outputs: object }> {
    await mend(api, inputs);
    const { region, serviceId, publicUrl, adminUrl, internalUrl } = inputs,
        wanted = { region, serviceId, publicUrl, adminUrl, internalUrl },
        keystone = api(inputs.identity);
    keystone.forget("endpoints");
    const found = ofService(await keystone.endpoints(), wanted);
    const equal = found.find(
        e => e.publicUrl === wanted.publicUrl && e.adminUrl === wanted.adminUrl && e.internalUrl === wanted.internalUrl,
    );
    if (!equal && found[0])
        refuseDifferent(`endpoint ${found[0].id} of service ${wanted.serviceId} in ${wanted.region}`, wanted, found[0]);
    return { id: (equal ?? (await keystone.createEndpoint(wanted))).id, outputs: {} };
}

/** The present id of the service: another one where that was made again. */
const serviceIdNow = async (keystone: Api, { serviceId, names }: Inputs): Promise<string> =>
    (names && (await serviceAgain(keystone, serviceId, names)))?.id ?? serviceId;

/** One that was made over v3 alone cannot be worked with over v2.0. */
function endpointAgain(all: readonly Found[], id: string, { region, serviceId }: Inputs): Found | undefined {
    const isSame = (e: Found) => e.serviceId === serviceId && e.region === region,
        live = foundAgain(all, id, isSame, "an endpoint's id");
    return live?.madeOverV3 && live.id !== id ? undefined : live;
}

async function read(api: Connect, id: string, recorded: Inputs): Promise<Inputs | undefined> {
    const keystone = api(recorded.identity),
        all = await asked(keystone.endpoints());
    // While the endpoint is as recorded, the services are not asked for.
    const isAsRecorded = all.some(e => e.id === id && e.serviceId === recorded.serviceId),
        now = isAsRecorded ? recorded : { ...recorded, serviceId: await serviceIdNow(keystone, recorded) },
        live = endpointAgain(all, id, now);
    if (!live) return undefined;
    const { id: present, madeOverV3: _made, ...properties } = live;
    const malformed = malformedOf(all, recorded).map(({ e, url }) => `${e.id} of service ${e.serviceId}: ${url}`);
    const foreign = strangers(all, present, now).map(e => strangerInWords(e, now));
    return madeAgain(
        {
            ...recorded,
            ...properties,
            ...(recorded.foreign && { foreign }),
            ...(recorded.malformed && { malformed }),
        },
        present,
        live.serviceId === now.serviceId
            ? followsIn({ serviceId: recorded.serviceId }, { serviceId: now.serviceId })
            : [],
    );
}

/** The URLs of a service in a region, found by these two: v2.0 can neither change nor tell apart equal ones. */
export function endpointHandler(api: Connect = identity): Handler<Inputs> {
    return {
        inputs: ["region", "serviceId", "publicUrl", "adminUrl", "internalUrl", "foreign", "malformed"],
        access: ["identity", "release", "alone", "names"],
        replaceOn: ["region", "serviceId", "publicUrl", "adminUrl", "internalUrl"],
        check: ({ region, publicUrl, adminUrl, internalUrl }) => [
            ...nameProblems("region", "a region", region),
            ...urlProblem("publicUrl", publicUrl),
            ...urlProblem("adminUrl", adminUrl),
            ...urlProblem("internalUrl", internalUrl),
        ],
        create: inputs => create(api, inputs),
        read: (id, recorded) => read(api, id, recorded),
        async update(id, _recorded, inputs) {
            await mend(api, inputs, id);
            return {};
        },
        async delete(id, { identity: access }) {
            await unlessGone(api(access).deleteEndpoint({ id }));
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
    /** `$(tenant_id)s` stands for the tenant of the login; nothing else is filled in. */
    publicUrl: pulumi.Input<string>;
    adminUrl: pulumi.Input<string>;
    internalUrl: pulumi.Input<string>;
    /** Also finds and deletes the service's endpoints of other regions. Not by default: they may be somebody's. */
    alone?: true;
    /**
     * Also finds and deletes whatever endpoint of whatever service keeps everybody from logging in, by what the keystone of this
     * release fills in. One in a catalogue does. Not by default.
     */
    answersForCatalogue?: ReleaseName;
    /** The service's: with them the endpoint is known again where somebody made the service again by hand. */
    names?: Names;
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
                ...(answersForCatalogue && { malformed: [], release: answersForCatalogue }),
            },
            opts,
        );
    }
}
