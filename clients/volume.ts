import { type Http, type HttpRequest, shared, unlessGone } from "./http";
import { identifier } from "./identifiers";
import { type CloudAccess, type Session, session } from "./identity";
import { path } from "./path";
import { servicesIn, type ServiceState } from "./service-state";

export interface Volume {
    id: string;
    name: string;
    /** `creating`, then `available`, or `error` when no host has room. */
    status: string;
    sizeGb: number;
}

interface WireVolume {
    id: string;
    display_name?: string | null;
    status: string;
    size: number;
}
const toVolume = (v: WireVolume): Volume => ({
    id: identifier(v.id, "a volume's id"),
    name: v.display_name ?? "",
    status: v.status,
    sizeGb: v.size,
});

/** Block storage v1. */
export class Volumes {
    constructor(private readonly session: Session) {}

    private async ask<T>(method: HttpRequest["method"], path: string, json?: unknown): Promise<T> {
        const answer = await this.session.request("volume", { method, path, json });
        return method === "DELETE" ? (undefined as T) : answer.json<T>();
    }

    private async tell(path: string, json: unknown): Promise<void> {
        await this.session.request("volume", { method: "POST", path, json });
    }

    private async listOf<T>(name: string, path: string): Promise<T[]> {
        return (await this.session.request("volume", { method: "GET", path })).list<T>(name);
    }

    async list(allTenants = false): Promise<Volume[]> {
        const answer = allTenants
            ? this.session.requestAsAdmin("volume", { method: "GET", path: "/volumes/detail?all_tenants=1" })
            : this.session.request("volume", { method: "GET", path: "/volumes/detail" });
        return (await answer).list<WireVolume>("volumes").map(toVolume);
    }
    async get(id: string): Promise<Volume> {
        return toVolume((await this.ask<{ volume: WireVolume }>("GET", path`/volumes/${id}`)).volume);
    }
    /** Answers at once: wait for `available`. */
    async create(name: string, sizeGb: number): Promise<Volume> {
        return toVolume(
            (
                await this.ask<{ volume: WireVolume }>("POST", "/volumes", {
                    volume: { size: sizeGb, display_name: name },
                })
            ).volume,
        );
    }
    /** Answers at once: wait until it is gone. */
    delete(id: string): Promise<void> {
        return this.ask("DELETE", path`/volumes/${id}`);
    }

    /** Says that nobody has it attached and that it is spoilt, whatever is so: it can be deleted then. */
    forceDetached(id: string): Promise<void> {
        return this.tell(path`/volumes/${id}/action`, {
            "os-reset_status": { status: "error", attach_status: "detached" },
        });
    }

    /**
     * Names of the pools that the scheduler knows of, `host@backend#pool`, and puts volumes into. Each cinder-volume tells
     * it once a minute: one that is up may not have yet.
     * @returns undefined where the release does not say (before Kilo)
     */
    async pools(): Promise<string[] | undefined> {
        const pools = await unlessGone(this.listOf<{ name: string }>("pools", "/scheduler-stats/get_pools"));
        return pools?.map(p => p.name);
    }

    async services(): Promise<ServiceState[]> {
        return servicesIn(await this.session.request("volume", { method: "GET", path: "/os-services" }));
    }
}

export const volumes = (access: CloudAccess, http: Http = shared): Volumes => new Volumes(session(access, http));
