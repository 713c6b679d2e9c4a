/** An endpoint as v2.0 has it: the URLs of a service in a region. */
export interface Endpoint {
    id: string;
    region: string;
    serviceId: string;
    publicUrl: string;
    adminUrl: string;
    internalUrl: string;
    /** Made over the v3 API, which has an endpoint for each URL: v2.0 cannot delete it, and not every release's shows it. */
    madeOverV3?: true;
}

/** An endpoint as v3 has it. */
export interface UrlOfV3 {
    id: string;
    region?: string | null;
    service_id: string;
    interface: string;
    url?: string | null;
}

/**
 * The endpoints of v2.0, and those of v3 that v2.0 does not show. Only their content tells which ones are the same. So an equal endpoint
 * of v3 stays unseen while its double in v2.0 is there. Some releases' v2.0 shows v3's too, under ids of v3's.
 */
export function withThoseOfV3(v2: readonly Endpoint[], v3: readonly UrlOfV3[]): Endpoint[] {
    const ofV3 = new Set(v3.map(({ id }) => id)),
        own = v2.filter(({ id }) => !ofV3.has(id));
    const keyOf = (...parts: string[]) => JSON.stringify(parts);
    const shown = new Set(
        own.flatMap(e => [
            keyOf(e.serviceId, e.region, "public", e.publicUrl),
            keyOf(e.serviceId, e.region, "admin", e.adminUrl),
            keyOf(e.serviceId, e.region, "internal", e.internalUrl),
        ]),
    );
    const alone = v3.filter(e => !shown.has(keyOf(e.service_id, e.region ?? "", e.interface, e.url ?? "")));
    const urlOf = (e: UrlOfV3, of: string) => (e.interface === of ? (e.url ?? "") : "");
    return [
        ...own,
        ...alone.map(e => ({
            id: e.id,
            region: e.region ?? "",
            serviceId: e.service_id,
            publicUrl: urlOf(e, "public"),
            adminUrl: urlOf(e, "admin"),
            internalUrl: urlOf(e, "internal"),
            madeOverV3: true as const,
        })),
    ];
}
