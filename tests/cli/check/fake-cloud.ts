import { createHash } from "crypto";
import { type CheckedCloud, PREFIX } from "../../../cli/check/cloud";
import type { Compute } from "../../../clients/compute";
import type { DashboardRequest } from "../../../clients/dashboard";
import { HttpError } from "../../../clients/http";
import type { Images } from "../../../clients/image";
import { pikePages } from "../../../releases/dashboard";

const missing = () => new HttpError("GET", "/x", 404, "not found", "there");
const up = (binary: string, host: string, state = "up") => ({
    binary,
    host,
    zone: "nova",
    status: "enabled",
    state,
    updated_at: null,
});

/** A client with the calls that checks make: one that is not here fails the check that makes it. */
const standIn = <T>(calls: Partial<Pick<T, keyof T>>) => calls as Pick<T, keyof T>;

/** An instance of the fake cloud; `files` are those of its disk. */
interface FakeServer {
    name: string;
    flavorId: string;
    status: string;
    host: string;
    files: Map<string, string>;
    /** How it was before its resize. */
    before?: Pick<FakeServer, "flavorId" | "host">;
}
interface FakeVolume {
    name: string;
    asked: number;
    /** The instance that has it. */
    at?: string;
    data?: string;
    status?: string;
}

/** A cloud in which everything works, with a clock that only waiting moves; `breaks` makes one thing of it fail. */
export class FakeCloud implements CheckedCloud {
    clock = 0;
    slept = 0;
    onSleep: () => void = () => undefined;
    readonly servers_ = new Map<string, FakeServer>();
    readonly images_ = new Map<string, { name: string; checksum: string; files?: Map<string, string> }>([
        ["i0", { name: "cirros-0.3.0", checksum: "x" }],
    ]);
    readonly volumes_ = new Map<string, FakeVolume>();
    readonly groups_ = new Map<string, { name: string; rules: string[] }>([["1", { name: "default", rules: [] }]]);
    pages = pikePages;
    iscsiByQemu = true;
    private started = 0;
    private created = 0;
    private readonly of = new Set<string>();
    constructor(
        readonly breaks?: string,
        readonly ec2 = false,
    ) {}

    private broken = (what: string): boolean => this.breaks === what;
    private refuse(what: string, status: number, reason: string): void {
        if (this.broken(what)) throw new HttpError("POST", "/x", status, reason, "there");
    }

    now = () => this.clock;
    /** Those that wait, until when. The clock goes to the next of them as soon as nobody else does anything. */
    private readonly waiting: { until: number; wake: () => void }[] = [];
    sleep = (seconds: number) =>
        new Promise<void>(wake => {
            this.slept++;
            this.waiting.push({ until: this.clock + seconds * 1000, wake });
            if (this.waiting.length === 1) setImmediate(() => this.goOn());
        });
    private goOn(): void {
        const [next] = this.waiting.sort((a, b) => a.until - b.until).splice(0, 1);
        this.clock = next!.until;
        this.onSleep();
        next!.wake();
        if (this.waiting.length > 0) setImmediate(() => this.goOn());
    }
    addSecurityGroup = async (_: string, group: string) => {
        this.of.add(group);
    };
    onApiNode = async (script: string) => {
        const answer = (code: number, stdout = "", stderr = "") => ({ code, stdout, stderr });
        if (script.startsWith(". /root/ec2rc && ")) return answer(...this.euca(script.slice(17).replace(/'/g, "")));
        const [, id, command] = /^ssh .* 'root@172\.16\.9\.(\d+)' '(.*)'$/s.exec(script) ?? [];
        if (id !== undefined)
            return this.broken("ssh")
                ? answer(255, "", `debug1: x\nroot@172.16.9.${id}: Permission denied (publickey).\n`)
                : answer(...this.inside(`s${id}`, command!.replace(/'\\''/g, "'")));
        expect(script).toMatch(/^bash -c '< "\/dev\/tcp\/\$0\/80"' '172\.16\.9\.1'$/);
        const open = [...this.groups_.values()].some(g => this.of.has(g.name) && g.rules.length > 0);
        return this.broken("open") || (open && !this.broken("shut")) ? answer(0) : answer(124);
    };

    /** What a command in an instance does: of the disk that it has, and of the volume. */
    private inside(id: string, command: string): [number, string, string?] {
        const server = this.servers_.get(id)!,
            volume = [...this.volumes_.values()].find(v => v.at === id);
        if (command === "hostname") return [0, `${server.name}\n`];
        const written = /^echo (\w+) > '([^']+)' && sync$/.exec(command);
        if (written) {
            server.files.set(written[2]!, written[1]!);
            return [0, ""];
        }
        const read = /^cat '([^']+)'$/.exec(command);
        if (read) return [0, `${server.files.get(read[1]!) ?? ""}\n`];
        if (!volume) return [1, "", "there is no /dev/vdb\n"];
        const data = /&& echo (\w+) \| dd of=\/dev\/vdb /.exec(command)?.[1];
        if (data !== undefined) volume.data = data;
        else expect(command).toContain("dd if=/dev/vdb");
        return [0, data === undefined ? volume.data! : ""];
    }

    /** As the tutorial shows it. */
    private euca(command: string): [number, string, string?] {
        const line = (state: string) =>
            `INSTANCE\ti-00000007\tami-00000001\t\t\t${state}\tgridka-api-node (acdb, None)\t0\tx1.tiny\t2013-08-29T07:55:15.000Z\tnova\n`;
        switch (command) {
            case "euca-describe-images":
                if (this.broken("keys")) return [1, "", "Unauthorized: Failure communicating with keystone\n"];
                return [
                    0,
                    "IMAGE\tami-00000003\tNone (other)\tx\tavailable\tprivate\nIMAGE\tami-00000001\tNone (cirros-0.3.0)\t0aac\tavailable\tprivate\t\tmachine\t\t\tinstance-store\n",
                ];
            case "euca-run-instances -k gridka-api-node -t x1.tiny ami-00000001":
                this.add("e1", "Server e1");
                return [0, `RESERVATION\tr-e9cq9p1o\tacdb\tdefault\n${line("pending")}`];
            case "euca-describe-instances i-00000007":
                return [0, `RESERVATION\tr-e9cq9p1o\tacdb\tdefault\n${line(this.broken("ec2") ? "error" : "running")}`];
            case "euca-terminate-instances i-00000007":
                this.servers_.delete("e1");
                return [0, "INSTANCE\ti-00000007\n"];
            default:
                throw new Error(`no such command: ${command}`);
        }
    }
    renameServer = async (id: string, name: string) => {
        this.servers_.get(id)!.name = name;
    };

    /** One of any instance, be it an earlier check's. */
    add(id: string, name: string, flavorId = "6", files = new Map<string, string>()): void {
        this.servers_.set(id, { name, flavorId, status: "ACTIVE", host: "compute-1", files });
    }
    private start(name: string, flavorId: string, imageId: string): string {
        const id = `s${++this.started}`;
        this.add(id, name, flavorId, new Map(this.images_.get(imageId)!.files));
        return id;
    }

    dashboard = {
        send: async ({ path, json, fields, file }: DashboardRequest) => {
            if (this.broken("dashboard")) throw missing();
            if (path === "api/nova/servers/") {
                this.refuse("web-quota", 403, "Quota exceeded for instances: Requested 1, but already used 10 of 10");
                const { name, flavor_id, source_id } = json as Record<string, string>;
                this.start(name!, flavor_id!, source_id!);
            } else if (path === "api/glance/images/") {
                const { name } = JSON.parse(fields!["$$originalJSON"]!) as { name: string };
                this.images_.set("iw", { name, checksum: createHash("md5").update(file!.data).digest("hex") });
            } else if (path === "project/volumes/create/") {
                this.volumes_.set("vw", { name: fields!.name!, asked: 0 });
            } else {
                expect(path).toBe("project/images/s1/create/");
                if (!this.broken("web-snapshot")) this.images_.set("is", { name: fields!.name!, checksum: "" });
            }
        },
    };

    compute = standIn<Compute>({
        forget: () => undefined,
        keypair: async (name: string) => {
            if (this.broken("keypair")) throw missing();
            return { name, publicKey: "ssh-rsa A" };
        },
        flavors: async () =>
            [
                { flavorId: "6", name: "x1.tiny", ram: 256, disk: 2, vcpus: 1, isPublic: true },
                { flavorId: "1", name: "m1.tiny", ram: 512, disk: 0, vcpus: 1, isPublic: true },
            ].filter(({ name }) => !this.broken(name)),
        networks: async () => [{ id: "n", label: "net1", cidr: "10.10.0.0/24" }],
        services: async () => [up("nova-compute", "compute-1", this.broken("service") ? "down" : "up")],
        servers: async () => [...this.servers_].map(([id, { name, status }]) => ({ id, name, status, addresses: {} })),
        server: async (id: string) => {
            const found = this.servers_.get(id);
            if (!found) throw missing();
            const failed = this.broken("instance"),
                { name, status, host, flavorId } = found;
            return {
                id,
                name,
                status: failed ? "ERROR" : status,
                host,
                flavorId,
                addresses: {
                    net1: [
                        { addr: "10.10.0.2" },
                        ...(this.broken("address") ? [] : [{ addr: `172.16.9.${id.slice(1)}` }]),
                    ],
                },
                ...(failed && { fault: { message: "No valid host was found." } }),
            };
        },
        createServer: async ({
            name,
            imageId,
            flavorId,
            ...rest
        }: {
            name: string;
            imageId: string;
            flavorId: string;
        }) => {
            expect(rest).toEqual({ keyName: "gridka-api-node" });
            this.refuse("quota", 413, "Quota exceeded for cores: Requested 1, but already used 20 of 20 cores");
            return this.start(name, flavorId, imageId);
        },
        deleteServer: async (id: string) => {
            this.servers_.delete(id);
            for (const volume of this.volumes_.values())
                if (volume.at === id && !this.broken("kept")) volume.at = undefined;
        },
        consoleLog: async () => "login:",
        floatingAddresses: async () =>
            [...this.servers_.keys()].map(id => ({
                address: `172.16.9.${id.slice(1)}`,
                pool: "public",
                project_id: null,
                instance_uuid: this.broken("address") ? null : id,
            })),
        securityGroups: async () => [...this.groups_].map(([id, { name }]) => ({ id, name, rules: [] })),
        createSecurityGroup: async (name: string) => {
            this.groups_.set("2", { name, rules: [] });
            return { id: "2", name, rules: [] };
        },
        deleteSecurityGroup: async (id: string) => {
            expect(this.servers_.size).toBe(0);
            this.groups_.delete(id);
        },
        createRule: async (
            group: string,
            spec: { protocol: string; fromPort: number; toPort: number; cidr: string },
        ) => {
            this.groups_.get(group)!.rules.push("r1");
            return { id: "r1", ...spec };
        },
        deleteRule: async () => {
            if (!this.broken("rule")) for (const g of this.groups_.values()) g.rules = [];
        },
        createImage: async (id: string, name: string) => {
            const files = this.broken("file") ? undefined : new Map(this.servers_.get(id)!.files);
            if (!this.broken("snapshot")) this.images_.set("ia", { name, checksum: "", ...(files && { files }) });
        },
        attachVolume: async (id: string, volumeId: string) => {
            const volume = this.volumes_.get(volumeId)!;
            if (!this.broken("attach")) volume.at = id;
        },
        detachVolume: async (_: string, volumeId: string) => {
            const volume = this.volumes_.get(volumeId)!;
            if (!this.broken("kept")) volume.at = undefined;
            if (this.broken("read")) volume.data = "something else";
        },
        resize: async (id: string, flavorId: string) => {
            const server = this.servers_.get(id)!;
            if (this.broken("resize")) return;
            const { flavorId: own, host } = server;
            Object.assign(server, {
                before: { flavorId: own, host },
                flavorId,
                host: "compute-2",
                status: "VERIFY_RESIZE",
            });
        },
        confirmResize: async (id: string) => {
            this.servers_.get(id)!.status = "ACTIVE";
        },
        revertResize: async (id: string) => {
            const server = this.servers_.get(id)!;
            Object.assign(server, { ...(this.broken("revert") ? {} : server.before), status: "ACTIVE" });
        },
        whyFailed: async (_: string, action: string) =>
            action === "resize" ? "ResizeError: not able to execute ssh command" : "InternalError: no such target",
    });
    images = standIn<Images>({
        forget: () => undefined,
        list: async () => [...this.images_].map(([id, i]) => ({ id, ...i, status: "active", isPublic: true })),
        get: async (id: string) => {
            const image = this.images_.get(id);
            if (!image) throw missing();
            return { id, ...image, status: this.broken("image") ? "queued" : "active", isPublic: false };
        },
        upload: async ({ name, checksum }: { name: string; checksum: string }) => {
            this.images_.set("i1", { name, checksum });
            return { id: "i1", name, status: "queued", isPublic: false };
        },
        delete: async (id: string) => {
            this.images_.delete(id);
        },
    });
    volumes = {
        list: async () => [...this.volumes_].map(([id, { name }]) => ({ id, name, status: "available", sizeGb: 1 })),
        get: async (id: string) => {
            const volume = this.volumes_.get(id);
            if (!volume) throw missing();
            const status = volume.at !== undefined ? "in-use" : volume.asked++ > 0 ? "available" : "creating";
            return {
                id,
                name: volume.name,
                status: this.broken("volume") ? "error" : (volume.status ?? status),
                sizeGb: 1,
            };
        },
        create: async (name: string) => {
            const id = `v${++this.created}`;
            this.volumes_.set(id, { name, asked: 0 });
            return { id, name, status: "creating", sizeGb: 1 };
        },
        delete: async (id: string) => {
            if (this.volumes_.get(id)?.at !== undefined) throw new HttpError("DELETE", "/x", 400, "in use", "there");
            this.volumes_.delete(id);
        },
        forceDetached: async (id: string) => {
            Object.assign(this.volumes_.get(id)!, { at: undefined, status: "error" });
        },
        services: async () => {
            if (this.broken("cinder")) throw new Error("it does not answer");
            return [up("cinder-volume", "volume-node", this.broken("late") && this.clock < 60_000 ? "down" : "up")];
        },
        pools: async () =>
            this.broken("poolless") && this.clock < 60_000
                ? []
                : this.broken("old")
                  ? undefined
                  : ["volume-node@lvm#lvm"],
    };

    /** Names of what is left with the prefix. */
    left = () =>
        [this.servers_, this.images_, this.volumes_, this.groups_]
            .flatMap(m => [...m.values()])
            .map(o => o.name)
            .filter(n => n.startsWith(PREFIX));
}
