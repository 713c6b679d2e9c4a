import { type CheckedCloud, PREFIX } from "../../../cli/check/cloud";
import { HttpError } from "../../../clients/http";

const missing = () => new HttpError("GET", "/x", 404, "not found", "there");
const up = (binary: string, host: string, state = "up") => ({
    binary,
    host,
    zone: "nova",
    status: "enabled",
    state,
    updated_at: null,
});

/** A cloud in which everything works, with a clock that only waiting moves; `breaks` makes one thing of it fail. */
export class FakeCloud implements CheckedCloud {
    clock = 0;
    slept = 0;
    onSleep: () => void = () => undefined;
    readonly servers_ = new Map<string, { name: string; deleted?: boolean }>();
    readonly images_ = new Map<string, { name: string; checksum: string }>([
        ["i0", { name: "cirros-0.3.0", checksum: "x" }],
    ]);
    readonly volumes_ = new Map<string, { name: string; asked: number }>();
    readonly groups_ = new Map<string, { name: string; rules: string[] }>([["1", { name: "default", rules: [] }]]);
    private readonly of = new Set<string>();
    constructor(
        readonly breaks?: string,
        readonly ec2 = false,
    ) {}

    now = () => this.clock;
    sleep = async (seconds: number) => {
        this.clock += seconds * 1000;
        this.slept++;
        this.onSleep();
    };
    addSecurityGroup = async (_: string, group: string) => {
        this.of.add(group);
    };
    onApiNode = async (script: string) => {
        const answer = (code: number, stdout = "", stderr = "") => ({ code, stdout, stderr });
        if (script.startsWith(". /root/ec2rc && ")) return answer(...this.euca(script.slice(17).replace(/'/g, "")));
        if (script.startsWith("ssh ")) {
            expect(script).toContain("'root@172.16.9.1' hostname");
            return this.breaks === "ssh"
                ? answer(255, "", "debug1: x\nroot@172.16.9.1: Permission denied (publickey).\n")
                : answer(0, `${[...this.servers_.values()][0]!.name}\n`);
        }
        expect(script).toBe(`bash -c '< "/dev/tcp/$0/80"' '172.16.9.1'`);
        const open = [...this.groups_.values()].some(g => this.of.has(g.name) && g.rules.length > 0);
        return this.breaks === "open" || (open && this.breaks !== "shut") ? answer(0) : answer(124);
    };

    /** As the tutorial shows it. */
    private euca(command: string): [number, string, string?] {
        const line = (state: string) =>
            `INSTANCE\ti-00000007\tami-00000001\t\t\t${state}\tgridka-api-node (acdb, None)\t0\tx1.tiny\t2013-08-29T07:55:15.000Z\tnova\n`;
        switch (command) {
            case "euca-describe-images":
                if (this.breaks === "keys") return [1, "", "Unauthorized: Failure communicating with keystone\n"];
                return [
                    0,
                    "IMAGE\tami-00000003\tNone (other)\tx\tavailable\tprivate\nIMAGE\tami-00000001\tNone (cirros-0.3.0)\t0aac\tavailable\tprivate\t\tmachine\t\t\tinstance-store\n",
                ];
            case "euca-run-instances -k gridka-api-node -t x1.tiny ami-00000001":
                this.servers_.set("e1", { name: "Server e1" });
                return [0, `RESERVATION\tr-e9cq9p1o\tacdb\tdefault\n${line("pending")}`];
            case "euca-describe-instances i-00000007":
                return [
                    0,
                    `RESERVATION\tr-e9cq9p1o\tacdb\tdefault\n${line(this.breaks === "ec2" ? "error" : "running")}`,
                ];
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

    compute = {
        forget: () => undefined,
        keypair: async (name: string) => ({ name, publicKey: "ssh-rsa A" }),
        flavors: async () => [{ flavorId: "6", name: "x1.tiny", ram: 256, disk: 2, vcpus: 1, isPublic: true }],
        networks: async () => [{ id: "n", label: "net1", cidr: "10.10.0.0/24" }],
        services: async () => [up("nova-compute", "compute-1", this.breaks === "service" ? "down" : "up")],
        servers: async () =>
            [...this.servers_].map(([id, { name }]) => ({ id, name, status: "ACTIVE", addresses: {} })),
        server: async (id: string) => {
            const found = this.servers_.get(id);
            if (!found) throw missing();
            const failed = this.breaks === "instance",
                none = this.breaks === "address";
            return {
                id,
                name: found.name,
                status: failed ? "ERROR" : "ACTIVE",
                host: "compute-1",
                addresses: { net1: [{ addr: "10.10.0.2" }, ...(none ? [] : [{ addr: "172.16.9.1" }])] },
                ...(failed && { fault: { message: "No valid host was found." } }),
            };
        },
        createServer: async ({ name, ...rest }: { name: string }) => {
            expect(rest).toEqual({ imageId: "i0", flavorId: "6", keyName: "gridka-api-node" });
            this.servers_.set("s1", { name });
            return "s1";
        },
        deleteServer: async (id: string) => {
            this.servers_.delete(id);
        },
        consoleLog: async () => "login:",
        floatingAddresses: async () => [
            {
                address: "172.16.9.1",
                pool: "public",
                project_id: null,
                instance_uuid: this.breaks === "address" ? null : "s1",
            },
        ],
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
            if (this.breaks !== "rule") for (const g of this.groups_.values()) g.rules = [];
        },
    };
    images = {
        forget: () => undefined,
        list: async () => [...this.images_].map(([id, i]) => ({ id, ...i, status: "active", isPublic: true })),
        get: async (id: string) => {
            const image = this.images_.get(id);
            if (!image) throw missing();
            return { id, ...image, status: this.breaks === "image" ? "queued" : "active", isPublic: false };
        },
        upload: async ({ name, checksum }: { name: string; checksum: string }) => {
            this.images_.set("i1", { name, checksum });
            return { id: "i1", name, status: "queued", isPublic: false };
        },
        delete: async (id: string) => {
            this.images_.delete(id);
        },
    };
    volumes = {
        list: async () => [...this.volumes_].map(([id, { name }]) => ({ id, name, status: "available", sizeGb: 1 })),
        get: async (id: string) => {
            const volume = this.volumes_.get(id);
            if (!volume) throw missing();
            return {
                id,
                name: volume.name,
                status: this.breaks === "volume" ? "error" : volume.asked++ > 0 ? "available" : "creating",
                sizeGb: 1,
            };
        },
        create: async (name: string) => {
            this.volumes_.set("v1", { name, asked: 0 });
            return { id: "v1", name, status: "creating", sizeGb: 1 };
        },
        delete: async (id: string) => {
            this.volumes_.delete(id);
        },
        services: async () => {
            if (this.breaks === "cinder") throw new Error("it does not answer");
            return [up("cinder-volume", "volume-node", this.breaks === "late" && this.clock < 60_000 ? "down" : "up")];
        },
        pools: async () =>
            this.breaks === "poolless" && this.clock < 60_000
                ? []
                : this.breaks === "old"
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
