import { Http, type HttpRequest, HttpResponse, type Target } from "../../clients/http";

type Request = [method: string, path: string, json?: unknown];

/** Answers a login with a catalogue, and everything else with the same object; `sent` is what was asked beside logins. */
export class Sent extends Http {
    sent: Request[] = [];
    constructor(
        private readonly catalogue: Record<string, string>,
        private readonly answer: object,
    ) {
        super();
    }

    override async request(_target: Target, { method, path, json }: HttpRequest): Promise<HttpResponse> {
        const serviceCatalog = Object.entries(this.catalogue).map(([type, publicURL]) => ({
            type,
            endpoints: [{ publicURL }],
        }));
        if (path === "/v2.0/tokens")
            return new HttpResponse(
                200,
                {},
                Buffer.from(
                    JSON.stringify({
                        access: { token: { id: "t" }, user: { id: "u", roles: [{ name: "admin" }] }, serviceCatalog },
                    }),
                ),
            );
        this.sent.push(json === undefined ? [method, path] : [method, path, json]);
        return new HttpResponse(200, {}, Buffer.from(JSON.stringify(this.answer)));
    }

    /** What is sent by `use`. */
    async by(use: () => unknown): Promise<Request[]> {
        this.sent = [];
        await use();
        return this.sent;
    }

    /** The lists of a client that are asked for anew after a write: all of them are known before it. */
    async staleAfter<Api>(
        api: Api,
        lists: Record<string, (api: Api) => Promise<unknown>>,
        write: (api: Api) => unknown,
    ): Promise<string[]> {
        for (const list of Object.values(lists)) await list(api);
        await write(api);
        const stale: string[] = [];
        for (const [name, list] of Object.entries(lists))
            if ((await this.by(() => list(api))).length > 0) stale.push(name);
        return stale;
    }
}
