import * as http from "http";
import * as net from "net";
import type { Connection } from "../clients/connection";
import { Http } from "../clients/http";
import type { CloudAccess, IdentityAccess } from "../clients/identity";

type Item = Record<string, unknown> & { id: string };
/** Status and content. */
type Answer = [number, unknown?];

const via = { name: "host a" } as Connection;
const TENANT = "tenant-0";

/**
 * A cloud's APIs with state, each request answered after a while: what it costs to talk to one is counted on it.
 * It takes whatever it is given: how Grizzly really answers is in tests/data/grizzly.
 */
export class StandIn {
    readonly identity: IdentityAccess = { via, host: "auth-node", adminPort: 35357, adminToken: "ADMIN" };
    readonly cloud: CloudAccess = {
        via,
        identityHost: "auth-node",
        adminPort: 35357,
        publicPort: 5000,
        username: "admin",
        password: "pw-admin",
        tenant: "admin",
    };
    /** Logins on a tenant; trying a password is one without. */
    logins = 0;
    passwordsTried = 0;
    /** Images whose data were asked for. */
    dataAsked = 0;
    /** Requests for a list, by its path. */
    readonly lists = new Map<string, number>();
    writes = 0;
    private readonly all = new Map<string, Item[]>();
    /** Writes until nobody is answered any more, and whether the last one is still done. */
    private cut: { writes: number; done: boolean } | undefined;
    private readonly server = http.createServer((request, response) => this.receive(request, response));
    private next = 0;

    constructor(private readonly milliseconds = 0) {}

    /** Starts to listen on loopback, where it does not yet. @returns the port */
    async listen(): Promise<number> {
        if (!this.server.listening) await new Promise<void>(resolve => this.server.listen(0, "127.0.0.1", resolve));
        return (this.server.address() as net.AddressInfo).port;
    }

    /** A client for one run: what it knows is forgotten with it. */
    client(): Http {
        this.cut = undefined;
        return new Http(
            async () => net.connect(await this.listen(), "127.0.0.1"),
            undefined,
            async () => undefined,
        );
    }

    /** From this write on nobody is answered any more, as where who asks is killed; it may be done all the same. The next client is answered again. */
    cutAt(write: number, done: boolean): void {
        this.cut = { writes: write, done };
    }

    /** All there is, without ids, which differ from one time to the other. */
    contents(): Record<string, unknown[]> {
        return Object.fromEntries(
            [...this.all]
                .filter(([, items]) => items.length > 0)
                .map(([kind, items]) => [
                    kind,
                    items
                        .map(item =>
                            JSON.stringify(item, (key, value: unknown) =>
                                key === "id" || key === "access" ? undefined : value,
                            ),
                        )
                        .sort(),
                ]),
        );
    }

    /** From here on only. */
    count(): void {
        this.logins = this.passwordsTried = this.dataAsked = this.writes = 0;
        this.lists.clear();
    }

    async close(): Promise<void> {
        this.server.closeAllConnections();
        if (this.server.listening) await new Promise(resolve => this.server.close(resolve));
    }

    private receive(request: http.IncomingMessage, response: http.ServerResponse): void {
        const parts: Buffer[] = [];
        request
            .on("data", (d: Buffer) => parts.push(d))
            .on("end", () =>
                setTimeout(() => this.respond(request, Buffer.concat(parts).toString(), response), this.milliseconds),
            );
    }

    private respond(request: http.IncomingMessage, text: string, response: http.ServerResponse): void {
        const fate = this.fateOf(request);
        if (fate === "lost") {
            request.socket.destroy();
            return;
        }
        const isJson = /json/.test(request.headers["content-type"] ?? ""),
            [status, answer] = this.answer(request, isJson ? JSON.parse(text) : undefined);
        if (fate === "done") {
            request.socket.destroy();
            return;
        }
        response
            .writeHead(status, { "Content-Type": "application/json" })
            .end(Buffer.isBuffer(answer) ? answer : answer === undefined ? "" : JSON.stringify(answer));
    }

    /** What {@link cutAt} makes of a request: one that is done is not answered all the same. */
    private fateOf({ method, url }: http.IncomingMessage): "lost" | "done" | "answered" {
        const { cut } = this;
        if (cut === undefined) return "answered";
        if (cut.writes === 0) return "lost";
        const isWrite = method !== "GET" && url !== "/v2.0/tokens";
        if (!isWrite || --cut.writes !== 0) return "answered";
        return cut.done ? "done" : "lost";
    }

    private kind(name: string): Item[] {
        if (!this.all.has(name))
            this.all.set(name, name === "/os-security-groups" ? [{ id: "1", name: "default", rules: [] }] : []);
        return this.all.get(name)!;
    }

    private answer({ method, headers, url }: http.IncomingMessage, json?: Record<string, never>): Answer {
        const path = url!.replace(/\?.*/, "").replace(`/v2/${TENANT}`, "");
        if (path === "/v2.0/tokens") return [200, this.login(json!.auth)];
        if (method === "GET") return this.read(path, new URL(url!, "http://stand-in").searchParams.get("name"));
        this.writes++;
        return method === "DELETE" ? this.remove(path) : this.write(path, headers, json);
    }

    /** @param name of the one item that is asked for; null where it is all */
    private read(path: string, name: string | null): Answer {
        const image = path.startsWith("/v1/images/") && this.kind("/v2/images").find(i => path.endsWith(`/${i.id}`));
        if (image) {
            this.dataAsked++;
            return [200, Buffer.alloc(Number(image.size))];
        }
        this.lists.set(path, (this.lists.get(path) ?? 0) + 1);
        const list = this.kind(path.replace(/^(\/flavors)\/detail$/, "$1"));
        if (/^\/os-keypairs\/./.test(path)) return this.keypair(path);
        return name === null ? [200, { [listNameOf(path)]: list }] : this.named(path, name);
    }

    private write(path: string, headers: http.IncomingHttpHeaders, json?: Record<string, never>): Answer {
        if (/\/action$/.test(path)) return [202];
        if (path === "/os-floating-ips-bulk/delete")
            return this.remove(`/os-floating-ips-bulk/${(json as unknown as { ip_range: string }).ip_range}`);
        const grant = /^(.*\/roles)\/OS-KSADM\/(.*)$/.exec(path);
        if (grant) return this.grant(this.kind(grant[1]!), grant[2]!);
        if (path === "/v1/images") return [201, { image: this.addImage(headers) }];
        if (/OS-EC2$/.test(path))
            return [200, { credential: this.add(path, { ...json, access: `access-${this.next}`, secret: "s" }) }];
        const [[name, given] = ["", {}]] = Object.entries<Record<string, unknown>>(json ?? {});
        return this.create(path, name, given);
    }

    /** @param name what the object is called in the request, and mostly in the answer */
    private create(path: string, name: string, given: Record<string, unknown>): Answer {
        switch (path) {
            case "/os-floating-ips-bulk":
                this.addFloating(given);
                return [200, {}];
            case "/os-security-group-rules":
                return [200, { security_group_rule: this.addRule(given) }];
            case "/os-keypairs":
                this.add(path, given);
                return [200, {}];
            default:
                return [200, { [name]: this.add(path, given) }];
        }
    }

    private grant(roles: Item[], id: string): Answer {
        if (roles.some(role => role.id === id))
            return [409, { error: { message: "Conflict occurred attempting to store role grant" } }];
        roles.push({ id });
        return [200, {}];
    }

    private login(auth: { tenantName?: string; passwordCredentials: { username: string } }): unknown {
        if (auth.tenantName === undefined) this.passwordsTried++;
        else this.logins++;
        const endpoint = (type: string, port: number, path: string) => ({
            type,
            endpoints: [{ publicURL: `http://api-node.example.org:${port}${path}` }],
        });
        return {
            access: {
                token: { id: "token" },
                user: { id: "user", roles: [{ name: "admin" }] },
                serviceCatalog: [endpoint("compute", 8774, `/v2/${TENANT}`), endpoint("image", 9292, "/v2")],
            },
        };
    }

    private keypair(path: string): Answer {
        const found = this.kind("/os-keypairs").find(k => path.endsWith(`/${k.name}`));
        return found ? [200, { keypair: found }] : [404, { itemNotFound: { message: "not found" } }];
    }

    private named(path: string, name: string): Answer {
        const found = this.kind(path).find(item => item.name === name);
        return found
            ? [200, { [path.slice(path.lastIndexOf("/") + 1, -1)]: found }]
            : [404, { error: { message: "not found" } }];
    }

    private addRule(rule: Record<string, unknown>): unknown {
        const made = { ...rule, id: `rule-${++this.next}`, ip_range: { cidr: rule.cidr } };
        (this.kind("/os-security-groups")[0]!.rules as unknown[]).push(made);
        return made;
    }

    private addImage(headers: http.IncomingHttpHeaders): Item {
        return this.add("/v2/images", {
            name: headers["x-image-meta-name"],
            status: "active",
            checksum: headers["x-image-meta-checksum"],
            size: Number(headers["x-image-meta-size"]),
            disk_format: "qcow2",
            container_format: "bare",
            visibility: "public",
        });
    }

    private addFloating({ ip_range: address, pool }: Record<string, unknown>): void {
        this.add("/os-floating-ips-bulk", { address, pool, project_id: null, instance_uuid: null });
    }

    private add(kind: string, object: Record<string, unknown>): Item {
        const made = { enabled: true, ...object, id: String(object.id ?? `id-${++this.next}`) };
        this.kind(kind).push(made);
        return made;
    }

    /** By its id, or by what it is called in its place. */
    private remove(path: string): Answer {
        const at = path
                .replace("/OS-KSADM/", /roles\/OS-KSADM/.test(path) ? "/" : "/OS-KSADM/")
                .replace("/v1/", "/v2/"),
            id = decodeURIComponent(at.slice(at.lastIndexOf("/") + 1)),
            kind = at.slice(0, at.lastIndexOf("/"));
        const from =
            kind === "/os-security-group-rules"
                ? (this.kind("/os-security-groups")[0]!.rules as Item[])
                : this.kind(kind);
        const index = from.findIndex(item => [item.id, item.access, item.address, item.name].includes(id));
        if (index < 0) return [404, { itemNotFound: { message: "not found" } }];
        from.splice(index, 1);
        return [204];
    }

    /** That nova has heard of an agent. */
    agent(host: string, binary: string): void {
        this.add("/os-services", { host, binary, status: "enabled", state: "up", zone: "nova", updated_at: null });
    }
}

/** What a list is called in its answer, where its path does not say so. */
const NAMES: Record<string, string> = {
    "/v2.0/OS-KSADM/services": "OS-KSADM:services",
    "/os-floating-ips-bulk": "floating_ip_info",
    "/os-security-groups": "security_groups",
    "/flavors/detail": "flavors",
    "/os-networks": "networks",
    "/os-services": "services",
};

function listNameOf(path: string): string {
    if (/\/roles$/.test(path)) return "roles";
    if (/OS-EC2$/.test(path)) return "credentials";
    return NAMES[path] ?? path.slice(path.lastIndexOf("/") + 1);
}
