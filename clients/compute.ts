import { type Http, type HttpRequest, shared } from "./http";
import { addressIn, identifier } from "./identifiers";
import { type CloudAccess, type Session, session } from "./identity";
import { path } from "./path";
import { servicesIn, type ServiceState } from "./service-state";

/** The fields that os-networks honours. There is no update. */
export interface NetworkSpec {
    label: string;
    cidr: string;
    bridge?: string;
    bridgeInterface?: string;
    gateway?: string;
    dns1?: string;
    dns2?: string;
    multiHost?: boolean;
}
export interface Network extends NetworkSpec {
    id: string;
    projectId?: string;
}

export interface FloatingAddress {
    address: string;
    pool: string;
    project_id: string | null;
    instance_uuid: string | null;
}
export interface FloatingIp {
    id: number;
    ip: string;
    pool: string;
    instance_id: string | null;
    fixed_ip: string | null;
}

export interface RuleSpec {
    protocol: string;
    fromPort: number;
    toPort: number;
    cidr: string;
}
export interface Rule extends RuleSpec {
    id: string;
}
export interface SecurityGroup {
    id: string;
    name: string;
    rules: Rule[];
}

export interface FlavorSpec {
    flavorId: string;
    name: string;
    ram: number;
    disk: number;
    vcpus: number;
    isPublic: boolean;
}
export interface Keypair {
    name: string;
    publicKey: string;
}

export interface ServerSpec {
    name: string;
    imageId: string;
    flavorId: string;
    keyName?: string;
    networkIds?: string[];
}
export interface Server {
    id: string;
    name: string;
    status: string;
    host?: string;
    addresses: Record<string, { addr: string; "OS-EXT-IPS:type"?: string }[]>;
    /** Why it is in ERROR. */
    fault?: { message: string };
    /** Undefined where nova does not say. */
    flavorId?: string;
}

interface WireNetwork {
    id: string;
    label: string;
    cidr: string | null;
    bridge?: string | null;
    bridge_interface?: string | null;
    gateway?: string | null;
    dns1?: string | null;
    dns2?: string | null;
    multi_host?: boolean | number | null;
    project_id?: string | null;
}
interface WireRule {
    id: number | string;
    ip_protocol: string | null;
    from_port: number | null;
    to_port: number | null;
    ip_range?: { cidr?: string };
}
interface WireGroup {
    id: number | string;
    name: string;
    rules?: WireRule[];
}
interface WireFlavor {
    id: string;
    name: string;
    ram: number;
    disk: number;
    vcpus: number;
    "os-flavor-access:is_public"?: boolean;
}
interface WireServer extends Omit<Server, "flavorId"> {
    "OS-EXT-SRV-ATTR:host"?: string | null;
    flavor?: { id?: string };
}
interface WireAction {
    action: string;
    request_id: string;
    start_time: string;
    message?: string | null;
    events?: { result?: string | null; traceback?: string | null }[];
}

const toNetwork = (n: WireNetwork): Network => ({
    id: n.id,
    label: n.label,
    cidr: n.cidr ?? "",
    bridge: n.bridge ?? undefined,
    bridgeInterface: n.bridge_interface ?? undefined,
    gateway: n.gateway ?? undefined,
    dns1: n.dns1 ?? undefined,
    dns2: n.dns2 ?? undefined,
    multiHost: Boolean(n.multi_host),
    projectId: n.project_id ?? undefined,
});
const toRule = (r: WireRule): Rule => ({
    id: String(r.id),
    protocol: (r.ip_protocol ?? "").toLowerCase(),
    fromPort: r.from_port ?? -1,
    toPort: r.to_port ?? -1,
    cidr: r.ip_range?.cidr ?? "",
});
const toGroup = (g: WireGroup): SecurityGroup => ({
    id: String(g.id),
    name: g.name,
    rules: (g.rules ?? []).map(toRule),
});
const toFlavor = (f: WireFlavor): FlavorSpec => ({
    flavorId: f.id,
    name: f.name,
    ram: f.ram,
    disk: f.disk,
    vcpus: f.vcpus,
    isPublic: f["os-flavor-access:is_public"] ?? true,
});
const toServer = (s: WireServer): Server => ({
    id: identifier(s.id, "an instance's id"),
    name: s.name,
    status: s.status,
    addresses: Object.fromEntries(
        Object.entries(s.addresses ?? {}).map(([network, all]) => [
            network,
            all.map(a => ({ ...a, addr: addressIn(a.addr, "an instance's address") })),
        ]),
    ),
    host: s["OS-EXT-SRV-ATTR:host"] ?? undefined,
    fault: s.fault,
    flavorId: s.flavor?.id,
});

const toFloatingAddress = (f: FloatingAddress): FloatingAddress => ({
    ...f,
    address: addressIn(f.address, "a floating address"),
    instance_uuid: (f.instance_uuid ?? null) && identifier(f.instance_uuid, "an instance's id"),
});
const toFloatingIp = (f: FloatingIp): FloatingIp => ({ ...f, ip: addressIn(f.ip, "a floating address") });

type Kind = "networks" | "floating" | "groups" | "flavors" | "services";

/** Compute v2 with nova-network, as Grizzly to Ocata have it. */
export class Compute {
    constructor(private readonly session: Session) {}

    private async ask<T>(
        method: HttpRequest["method"],
        path: string,
        json?: unknown,
        deadlineSeconds?: number,
    ): Promise<T> {
        return (await this.session.request("compute", { method, path, json, deadlineSeconds })).json<T>();
    }
    private async listOf<T>(name: string, path: string): Promise<T[]> {
        return (await this.session.request("compute", { method: "GET", path })).list<T>(name);
    }
    /** A list of which nova shows only a part to a user without admin. */
    private async listAsAdmin<T>(name: string, path: string): Promise<T[]> {
        return (await this.session.requestAsAdmin("compute", { method: "GET", path })).list<T>(name);
    }

    /** For answers that are empty, a page, or not of interest. */
    private async tell(method: HttpRequest["method"], path: string, json?: unknown): Promise<void> {
        await this.session.request("compute", { method, path, json });
    }
    private changing<T>(kind: Kind, write: () => Promise<T>): Promise<T> {
        return this.session.lists.changing([kind], write);
    }

    /** The next list of a kind is asked for: for a look-up before a write. */
    forget(kind: Kind): void {
        this.session.lists.drop([kind]);
    }

    networks(): Promise<Network[]> {
        return this.session.lists.get("networks", async () =>
            (await this.listAsAdmin<WireNetwork>("networks", "/os-networks")).map(toNetwork),
        );
    }
    /** A row for each address is made within the request: 21 s for a /16. */
    createNetwork({
        label,
        cidr,
        bridge,
        bridgeInterface,
        gateway,
        dns1,
        dns2,
        multiHost,
    }: NetworkSpec): Promise<Network> {
        const network = {
            label,
            cidr,
            bridge,
            bridge_interface: bridgeInterface,
            gateway,
            dns1,
            dns2,
            multi_host: multiHost,
        };
        return this.changing("networks", async () =>
            toNetwork((await this.ask<{ network: WireNetwork }>("POST", "/os-networks", { network }, 180)).network),
        );
    }
    /** From its tenant: a network that has one cannot be deleted. */
    disassociateNetwork(id: string): Promise<void> {
        return this.changing("networks", () =>
            this.tell("POST", path`/os-networks/${id}/action`, { disassociate: null }),
        );
    }
    deleteNetwork(id: string): Promise<void> {
        return this.changing("networks", () => this.tell("DELETE", path`/os-networks/${id}`));
    }

    /** Every floating address of the cloud, in use or not. */
    floatingAddresses(): Promise<FloatingAddress[]> {
        return this.session.lists.get("floating", async () =>
            (await this.listOf<FloatingAddress>("floating_ip_info", "/os-floating-ips-bulk")).map(toFloatingAddress),
        );
    }
    /** A network without its first and last address, or one address; refused as a whole when one of them exists. */
    createFloatingAddresses(range: string, pool: string): Promise<void> {
        return this.changing("floating", () =>
            this.tell("POST", "/os-floating-ips-bulk", { floating_ips_bulk_create: { ip_range: range, pool } }),
        );
    }
    /** Takes them away even while they are in use. */
    deleteFloatingAddresses(range: string): Promise<void> {
        return this.changing("floating", () => this.tell("PUT", "/os-floating-ips-bulk/delete", { ip_range: range }));
    }

    /** The tenant's own. */
    securityGroups(): Promise<SecurityGroup[]> {
        return this.session.lists.get("groups", async () =>
            (await this.listOf<WireGroup>("security_groups", "/os-security-groups")).map(toGroup),
        );
    }
    async securityGroup(id: string): Promise<SecurityGroup> {
        return toGroup(
            (await this.ask<{ security_group: WireGroup }>("GET", path`/os-security-groups/${id}`)).security_group,
        );
    }
    createSecurityGroup(name: string, description: string): Promise<SecurityGroup> {
        return this.changing("groups", async () =>
            toGroup(
                (
                    await this.ask<{ security_group: WireGroup }>("POST", "/os-security-groups", {
                        security_group: { name, description },
                    })
                ).security_group,
            ),
        );
    }
    deleteSecurityGroup(id: string): Promise<void> {
        return this.changing("groups", () => this.tell("DELETE", path`/os-security-groups/${id}`));
    }
    createRule(groupId: string, { protocol, fromPort, toPort, cidr }: RuleSpec): Promise<Rule> {
        const rule = {
            parent_group_id: Number.isNaN(Number(groupId)) ? groupId : Number(groupId),
            ip_protocol: protocol,
            from_port: fromPort,
            to_port: toPort,
            cidr,
        };
        return this.changing("groups", async () =>
            toRule(
                (
                    await this.ask<{ security_group_rule: WireRule }>("POST", "/os-security-group-rules", {
                        security_group_rule: rule,
                    })
                ).security_group_rule,
            ),
        );
    }
    deleteRule(id: string): Promise<void> {
        return this.changing("groups", () => this.tell("DELETE", path`/os-security-group-rules/${id}`));
    }

    /** Public and private ones. By id alone a deleted flavor still answers. */
    flavors(): Promise<FlavorSpec[]> {
        return this.session.lists.get("flavors", async () =>
            (await this.listAsAdmin<WireFlavor>("flavors", "/flavors/detail?is_public=None")).map(toFlavor),
        );
    }
    createFlavor({ flavorId, name, ram, disk, vcpus, isPublic }: FlavorSpec): Promise<FlavorSpec> {
        const flavor = { name, ram, vcpus, disk, id: flavorId, rxtx_factor: 1, "os-flavor-access:is_public": isPublic };
        return this.changing("flavors", async () =>
            toFlavor((await this.ask<{ flavor: WireFlavor }>("POST", "/flavors", { flavor })).flavor),
        );
    }
    deleteFlavor(flavorId: string): Promise<void> {
        return this.changing("flavors", () => this.tell("DELETE", path`/flavors/${flavorId}`));
    }

    async keypair(name: string): Promise<Keypair> {
        const answer = await this.session.request("compute", { method: "GET", path: path`/os-keypairs/${name}` });
        const keypair = answer.object<{ name: string; public_key: string }>("keypair");
        return { name: keypair.name, publicKey: keypair.public_key };
    }
    importKeypair({ name, publicKey }: Keypair): Promise<void> {
        return this.tell("POST", "/os-keypairs", { keypair: { name, public_key: publicKey } });
    }
    deleteKeypair(name: string): Promise<void> {
        return this.tell("DELETE", path`/os-keypairs/${name}`);
    }

    services(): Promise<ServiceState[]> {
        return this.session.lists.get("services", async () =>
            servicesIn(await this.session.request("compute", { method: "GET", path: "/os-services" })),
        );
    }
    enableService(host: string, binary: string, enabled: boolean): Promise<void> {
        return this.changing("services", () =>
            this.tell("PUT", `/os-services/${enabled ? "enable" : "disable"}`, { host, binary }),
        );
    }
    hypervisors(): Promise<{ id: number; hypervisor_hostname: string }[]> {
        return this.listOf("hypervisors", "/os-hypervisors");
    }

    async servers(allTenants = false): Promise<Server[]> {
        const servers = allTenants
            ? this.listAsAdmin<WireServer>("servers", "/servers/detail?all_tenants=1")
            : this.listOf<WireServer>("servers", "/servers/detail");
        return (await servers).map(toServer);
    }
    async server(id: string): Promise<Server> {
        return toServer((await this.ask<{ server: WireServer }>("GET", path`/servers/${id}`)).server);
    }
    /** Answers at once, with the id alone: wait for ACTIVE. */
    async createServer({ name, imageId, flavorId, keyName, networkIds }: ServerSpec): Promise<string> {
        const server = {
            name,
            imageRef: imageId,
            flavorRef: flavorId,
            key_name: keyName,
            networks: networkIds?.map(uuid => ({ uuid })),
        };
        const made = await this.ask<{ server: { id: string } }>("POST", "/servers", { server });
        return identifier(made.server.id, "an instance's id");
    }
    /** Answers at once: wait until it is gone. */
    deleteServer(id: string): Promise<void> {
        return this.tell("DELETE", path`/servers/${id}`);
    }
    private act(id: string, action: Record<string, unknown>): Promise<void> {
        return this.tell("POST", path`/servers/${id}/action`, action);
    }
    /** Answers at once, without the image's id: wait until glance lists it as `active`. */
    createImage(id: string, name: string): Promise<void> {
        return this.act(id, { createImage: { name, metadata: {} } });
    }
    /** Answers at once: wait for VERIFY_RESIZE. */
    resize(id: string, flavorId: string): Promise<void> {
        return this.act(id, { resize: { flavorRef: flavorId } });
    }
    /** Answers at once: wait for ACTIVE. */
    confirmResize(id: string): Promise<void> {
        return this.act(id, { confirmResize: null });
    }
    /** Answers at once: wait for ACTIVE. */
    revertResize(id: string): Promise<void> {
        return this.act(id, { revertResize: null });
    }
    /** Answers at once: wait until the volume is `in-use`. `device`: `/dev/vdb`. */
    attachVolume(id: string, volumeId: string, device: string): Promise<void> {
        return this.tell("POST", path`/servers/${id}/os-volume_attachments`, {
            volumeAttachment: { volumeId, device },
        });
    }
    /** Answers at once: wait until the volume is `available`. */
    detachVolume(id: string, volumeId: string): Promise<void> {
        return this.tell("DELETE", path`/servers/${id}/os-volume_attachments/${volumeId}`);
    }
    /** Why the last action of a name (`resize`) on an instance failed, in nova's words; undefined where it does not say so. */
    async whyFailed(id: string, action: string): Promise<string | undefined> {
        const all = await this.listOf<WireAction>("instanceActions", path`/servers/${id}/os-instance-actions`);
        const last = all.filter(a => a.action === action).sort((a, b) => (a.start_time < b.start_time ? 1 : -1))[0];
        if (!last) return undefined;
        const answer = await this.session.request("compute", {
            method: "GET",
            path: path`/servers/${id}/os-instance-actions/${last.request_id}`,
        });
        const { message, events = [] } = answer.object<WireAction>("instanceAction");
        const failed = events.find(e => e.result === "Error")?.traceback;
        return failed?.trim().split("\n").pop()?.trim() ?? message ?? undefined;
    }
    async consoleLog(id: string, lines?: number): Promise<string> {
        return (
            await this.ask<{ output: string }>("POST", path`/servers/${id}/action`, {
                "os-getConsoleOutput": lines === undefined ? {} : { length: lines },
            })
        ).output;
    }

    async floatingIps(): Promise<FloatingIp[]> {
        return (await this.listOf<FloatingIp>("floating_ips", "/os-floating-ips")).map(toFloatingIp);
    }
    allocateFloatingIp(pool: string): Promise<FloatingIp> {
        return this.changing("floating", async () =>
            toFloatingIp(
                (await this.ask<{ floating_ip: FloatingIp }>("POST", "/os-floating-ips", { pool })).floating_ip,
            ),
        );
    }
    releaseFloatingIp(id: number): Promise<void> {
        return this.changing("floating", () => this.tell("DELETE", path`/os-floating-ips/${String(id)}`));
    }
    addFloatingIp(serverId: string, address: string): Promise<void> {
        return this.changing("floating", () =>
            this.tell("POST", path`/servers/${serverId}/action`, { addFloatingIp: { address } }),
        );
    }
    removeFloatingIp(serverId: string, address: string): Promise<void> {
        return this.changing("floating", () =>
            this.tell("POST", path`/servers/${serverId}/action`, { removeFloatingIp: { address } }),
        );
    }
}

export const compute = (access: CloudAccess, http: Http = shared): Compute => new Compute(session(access, http));
