import { compute, type Compute } from "../../clients/compute";
import type { Connection } from "../../clients/connection";
import type { CloudAccess } from "../../clients/identity";
import type { HttpRequest, HttpResponse, Target } from "../../clients/http";
import { recorded, Replay } from "./replay";
import { Sent } from "./sent";

const admin: CloudAccess = {
    via: { name: "host a" } as Connection,
    identityHost: "auth-node",
    adminPort: 35357,
    publicPort: 5000,
    username: "admin",
    password: "admin_pass",
    tenant: "admin",
};
const [network, server] = ["513f8a35-1f89-46e5-9a49-e9dda369d712", "9cdb2ab4-5a0a-4c38-8395-ece69633af37"];
const outcome = (p: Promise<unknown>) =>
    p.then(
        () => "done",
        e => [e.status, e.reason],
    );

/** Runs a test as admin against the recorded cases; the login is one of them. */
async function grizzly(cases: string, use: (nova: Compute) => Promise<void>): Promise<void> {
    const replay = new Replay("nova", "auth-admin-admin", ...cases.split(" "));
    try {
        await use(compute(admin, replay.http));
    } finally {
        await replay.finished();
    }
}

test("networks", () =>
    grizzly(
        "network-list-after-deletes network-create network-create-dup network-create-no-cidr network-disassociate-full network-delete-full network-delete-missing network-delete-in-use",
        async nova => {
            const spec = { label: "private", cidr: "10.0.0.0/24" };
            expect(await nova.createNetwork(spec)).toEqual({
                ...spec,
                id: network,
                bridge: "br100",
                bridgeInterface: "lo",
                gateway: "10.0.0.1",
                dns1: "8.8.4.4",
                dns2: undefined,
                multiHost: false,
                projectId: undefined,
            });
            expect((await nova.networks()).map(n => n.label)).toEqual(expect.arrayContaining(["private", "nn", "gid"]));
            expect(await outcome(nova.createNetwork(spec))).toEqual([
                409,
                "There was a conflict when trying to complete your request.",
            ]);
            expect(await outcome(nova.createNetwork({ label: "x" } as never))).toEqual([
                422,
                "Network cidr or cidr_v6 is required",
            ]);
            await nova.disassociateNetwork("1b32bcc7-4a4c-47df-8308-6aeb10a828ec");
            await nova.deleteNetwork("1b32bcc7-4a4c-47df-8308-6aeb10a828ec");
            expect(await outcome(nova.deleteNetwork("99999999-2222-3333-4444-555555555555"))).toEqual([
                404,
                "The resource could not be found.",
            ]);
            expect(await outcome(nova.deleteNetwork(network!))).toEqual([
                500,
                "The server has either erred or is incapable of performing the requested operation.",
            ]);
        },
    ));

test("floating addresses", () =>
    grizzly("fbulk-list-count fbulk-create fbulk-create-dup fbulk-create-single fbulk-delete-superset", async nova => {
        expect((await nova.floatingAddresses()).map(a => a.address)).toContain("172.24.4.6");
        await nova.createFloatingAddresses("172.24.4.0/29", "public");
        expect(await outcome(nova.createFloatingAddresses("172.24.4.0/29", "public"))).toEqual([
            400,
            "Floating ip 172.24.4.1 already exists.",
        ]);
        await nova.createFloatingAddresses("172.24.6.9", "other");
        await nova.deleteFloatingAddresses("172.24.3.248/29");
    }));

test("security groups and rules", () =>
    grizzly("sg-list sg-create sg-dup sgr-create sgr-icmp sgr-bad-ports sgr-delete sg-get-with-rules", async nova => {
        expect(await nova.securityGroups()).toEqual([{ id: "1", name: "default", rules: [] }]);
        expect((await nova.createSecurityGroup("web", "w")).id).toBe("2");
        expect(await outcome(nova.createSecurityGroup("web", "w"))).toEqual([400, "Security group web already exists"]);
        expect(await nova.createRule("2", { protocol: "tcp", fromPort: 80, toPort: 80, cidr: "0.0.0.0/0" })).toEqual({
            id: "1",
            protocol: "tcp",
            fromPort: 80,
            toPort: 80,
            cidr: "0.0.0.0/0",
        });
        await nova.createRule("2", { protocol: "icmp", fromPort: -1, toPort: -1, cidr: "0.0.0.0/0" });
        expect(
            await outcome(nova.createRule("2", { protocol: "tcp", fromPort: 90, toPort: 80, cidr: "0.0.0.0/0" })),
        ).toEqual([400, expect.stringMatching(/^Invalid port range 90:80/)]);
        await nova.deleteRule("1");
        expect((await nova.securityGroup("2")).rules.map(r => [r.protocol, r.fromPort])).toEqual(
            expect.arrayContaining([
                ["tcp", 81],
                ["icmp", -1],
                ["tcp", 90],
            ]),
        );
    }));

test("flavors: no body with a delete, which nova would refuse", () =>
    grizzly(
        "flavor-list-all flavor-recreate-same-id flavor-create-dup-name-case flavor-delete flavor-delete-again",
        async nova => {
            expect((await nova.flavors())[0]).toEqual({
                flavorId: "1",
                name: "m1.tiny",
                ram: 512,
                disk: expect.any(Number),
                vcpus: 1,
                isPublic: true,
            });
            const spec = { flavorId: "100", name: "f1", ram: 64, vcpus: 1, disk: 1, isPublic: true };
            expect(await nova.createFlavor(spec)).toEqual(spec);
            expect(await outcome(nova.createFlavor({ ...spec, flavorId: "101", name: "F1" }))).toEqual([
                409,
                "Instance Type with name F1 already exists.",
            ]);
            await nova.deleteFlavor("100");
            expect(await outcome(nova.deleteFlavor("100"))).toEqual([404, "Flavor 100 could not be found."]);
        },
    ));

test("keypairs: Grizzly knows no ed25519", () =>
    grizzly("keypair-get keypair-import keypair-delete keypair-ed25519", async nova => {
        const pair = await nova.keypair("k2");
        expect(pair.publicKey).toMatch(/^ssh-rsa AAAA/);
        await nova.importKeypair(pair);
        await nova.deleteKeypair("k2");
        expect(
            await outcome(
                nova.importKeypair({
                    name: "ked",
                    publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1JzCqZ5b0uX0o9Jw2o4W0zGm4b9lY8cZ9cQm0xkq7F x@y",
                }),
            ),
        ).toEqual([400, "Keypair data is invalid"]);
    }));

test("a service is found by its binary: `service`, as later releases' documentation has it, is refused", async () => {
    expect(recorded("nova", "service-disable")).toMatchObject({
        status: 422,
        req_body: '{"host": "grizzly", "service": "nova-compute"}',
    });
    const http = new Sent({ compute: "http://h:8774/v2/abc" }, {}),
        nova = compute(admin, http);
    await nova.enableService("compute-1", "nova-compute", false);
    await nova.enableService("compute-1", "nova-compute", true);
    expect(http.sent).toEqual(
        ["disable", "enable"].map(what => [
            "PUT",
            `/v2/abc/os-services/${what}`,
            { host: "compute-1", binary: "nova-compute" },
        ]),
    );
});

test("services", () =>
    grizzly("services-filter", async nova => {
        expect((await nova.services()).map(s => [s.binary, s.state])).toContainEqual(["nova-compute", "up"]);
    }));

test("servers and their floating addresses", () =>
    grizzly(
        "server-create server-get server-bad-key fip-allocate-admin-2 server-add-floating fip-delete-associated server-delete server-poll-delete servers-list",
        async nova => {
            const imageId = "3dffc24d-0374-4e11-a595-7df7d15027f0";
            expect(
                await nova.createServer({ name: "s1", imageId, flavorId: "1", keyName: "k1", networkIds: [network!] }),
            ).toBe(server);
            expect(await outcome(nova.createServer({ name: "s", imageId, flavorId: "1", keyName: "nosuch" }))).toEqual([
                400,
                "Invalid key_name provided.",
            ]);
            expect(await nova.server(server!)).toMatchObject({
                status: "ACTIVE",
                host: "grizzly",
                addresses: { private: [{ addr: "10.0.0.2" }] },
            });
            expect(await nova.allocateFloatingIp("public")).toMatchObject({ id: 2, ip: "172.24.4.2" });
            await nova.addFloatingIp(server!, "172.24.4.2");
            await nova.releaseFloatingIp(2);
            await nova.deleteServer(server!);
            expect(await outcome(nova.server(server!))).toEqual([404, "Instance could not be found"]);
            expect(await nova.servers(true)).toEqual([]);
        },
    ));

/** One object of each name that an answer may have. */
const anything = {
    network: {},
    networks: [],
    floating_ip_info: [],
    floating_ip: { ip: "172.16.1.9" },
    floating_ips: [{ id: 1, ip: "172.16.1.9" }],
    security_group: { rules: [] },
    security_groups: [],
    security_group_rule: { ip_range: {} },
    flavor: {},
    flavors: [],
    services: [],
    hypervisors: [{ id: 1 }],
    server: { id: "s" },
    servers: [{ id: "s" }],
    output: "login:",
};
const lists: Record<string, (nova: Compute) => Promise<unknown>> = {
    networks: nova => nova.networks(),
    floating: nova => nova.floatingAddresses(),
    groups: nova => nova.securityGroups(),
    flavors: nova => nova.flavors(),
    services: nova => nova.services(),
};
const sending = () => {
    const http = new Sent({ compute: "http://h:8774/v2/abc" }, anything);
    return { http, nova: compute(admin, http) };
};

test.each<[keyof Compute, string, unknown[]]>([
    ["createNetwork", "networks", [{ label: "n", cidr: "10.0.0.0/24" }]],
    ["disassociateNetwork", "networks", ["n"]],
    ["deleteNetwork", "networks", ["n"]],
    ["createFloatingAddresses", "floating", ["172.16.1.9", "p"]],
    ["deleteFloatingAddresses", "floating", ["172.16.1.9"]],
    ["allocateFloatingIp", "floating", ["p"]],
    ["releaseFloatingIp", "floating", [1]],
    ["addFloatingIp", "floating", ["s", "a"]],
    ["removeFloatingIp", "floating", ["s", "a"]],
    ["createSecurityGroup", "groups", ["g", ""]],
    ["deleteSecurityGroup", "groups", ["1"]],
    ["createRule", "groups", ["1", {}]],
    ["deleteRule", "groups", ["1"]],
    ["createFlavor", "flavors", [{}]],
    ["deleteFlavor", "flavors", ["1"]],
    ["enableService", "services", ["h", "b", true]],
])("%s: %s are asked for anew, and nothing else", async (write, kind, args) => {
    const { http, nova } = sending();
    expect(
        await http.staleAfter(nova, lists, () => (nova[write] as (...args: unknown[]) => Promise<unknown>)(...args)),
    ).toEqual([kind]);
});

test.each(Object.keys(lists))(
    "%s are asked for anew when they are to be forgotten, and nothing else is",
    async kind => {
        const { http, nova } = sending();
        expect(await http.staleAfter(nova, lists, () => nova.forget(kind as "networks"))).toEqual([kind]);
    },
);

test("what has no recorded answer is sent as nova's documentation has it", async () => {
    const { http, nova } = sending();
    expect(await nova.hypervisors()).toEqual([{ id: 1 }]);
    expect(await nova.floatingIps()).toEqual([{ id: 1, ip: "172.16.1.9" }]);
    expect((await nova.servers()).map(s => s.id)).toEqual(["s"]);
    expect([await nova.consoleLog("s"), await nova.consoleLog("s", 20)]).toEqual(["login:", "login:"]);
    await nova.removeFloatingIp("s", "172.16.1.1");
    await nova.deleteSecurityGroup("7");
    await nova.createRule("c0ffee", { protocol: "tcp", fromPort: 1, toPort: 2, cidr: "0.0.0.0/0" });
    await nova.createRule("7", { protocol: "tcp", fromPort: 1, toPort: 2, cidr: "0.0.0.0/0" });
    await nova.keypair("a b/c").catch(() => undefined);
    await nova.deleteKeypair("a b/c");
    const rule = { ip_protocol: "tcp", from_port: 1, to_port: 2, cidr: "0.0.0.0/0" };
    expect(http.sent).toEqual([
        ["GET", "/v2/abc/os-hypervisors"],
        ["GET", "/v2/abc/os-floating-ips"],
        ["GET", "/v2/abc/servers/detail"],
        ["POST", "/v2/abc/servers/s/action", { "os-getConsoleOutput": {} }],
        ["POST", "/v2/abc/servers/s/action", { "os-getConsoleOutput": { length: 20 } }],
        ["POST", "/v2/abc/servers/s/action", { removeFloatingIp: { address: "172.16.1.1" } }],
        ["DELETE", "/v2/abc/os-security-groups/7"],
        ["POST", "/v2/abc/os-security-group-rules", { security_group_rule: { ...rule, parent_group_id: "c0ffee" } }],
        ["POST", "/v2/abc/os-security-group-rules", { security_group_rule: { ...rule, parent_group_id: 7 } }],
        ["GET", "/v2/abc/os-keypairs/a%20b%2Fc"],
        ["DELETE", "/v2/abc/os-keypairs/a%20b%2Fc"],
    ]);
});

test("what nova leaves empty, and says in other ways", async () => {
    const nothing = { bridge: null, bridge_interface: null, gateway: null, dns1: null, dns2: null, project_id: null };
    const http = new Sent(
        { compute: "http://h:8774/v2/abc" },
        {
            networks: [
                { ...nothing, id: "n", label: "six", cidr: null, multi_host: 1 },
                {
                    ...nothing,
                    id: "m",
                    label: "four",
                    cidr: "10.0.0.0/24",
                    dns2: "8.8.8.8",
                    multi_host: null,
                    project_id: "p",
                },
            ],
            security_groups: [
                {
                    id: 1,
                    name: "default",
                    rules: [
                        { id: 2, ip_protocol: null, from_port: null, to_port: null, ip_range: {} },
                        { id: 3, ip_protocol: "TCP", from_port: 0, to_port: 9, ip_range: { cidr: "10.0.0.0/8" } },
                    ],
                },
            ],
            flavors: [
                { id: "1", name: "f", ram: 1, disk: 2, vcpus: 3 },
                { id: "2", name: "g", ram: 1, disk: 2, vcpus: 3, "os-flavor-access:is_public": false },
            ],
            server: {
                id: "s",
                name: "s1",
                status: "ERROR",
                addresses: {},
                fault: { message: "no host" },
                "OS-EXT-SRV-ATTR:host": null,
            },
        },
    );
    const nova = compute(admin, http),
        none = {
            bridge: undefined,
            bridgeInterface: undefined,
            gateway: undefined,
            dns1: undefined,
            dns2: undefined,
            projectId: undefined,
        };
    expect(await nova.networks()).toStrictEqual([
        { ...none, id: "n", label: "six", cidr: "", multiHost: true },
        { ...none, id: "m", label: "four", cidr: "10.0.0.0/24", dns2: "8.8.8.8", multiHost: false, projectId: "p" },
    ]);
    expect(await nova.securityGroups()).toEqual([
        {
            id: "1",
            name: "default",
            rules: [
                { id: "2", protocol: "", fromPort: -1, toPort: -1, cidr: "" },
                { id: "3", protocol: "tcp", fromPort: 0, toPort: 9, cidr: "10.0.0.0/8" },
            ],
        },
    ]);
    expect((await nova.flavors()).map(f => [f.flavorId, f.isPublic])).toEqual([
        ["1", true],
        ["2", false],
    ]);
    expect(await nova.server("s")).toStrictEqual({
        id: "s",
        name: "s1",
        status: "ERROR",
        addresses: {},
        host: undefined,
        fault: { message: "no host" },
        flavorId: undefined,
    });
});

test("an instance's snapshot, resize and volumes are asked for as nova's documentation has it", async () => {
    const { http, nova } = sending();
    await nova.createImage("s", "n");
    await nova.resize("s", "6");
    await nova.confirmResize("s");
    await nova.revertResize("s");
    await nova.attachVolume("s", "v", "/dev/vdb");
    await nova.detachVolume("s", "v");
    expect(http.sent).toEqual([
        ["POST", "/v2/abc/servers/s/action", { createImage: { name: "n", metadata: {} } }],
        ["POST", "/v2/abc/servers/s/action", { resize: { flavorRef: "6" } }],
        ["POST", "/v2/abc/servers/s/action", { confirmResize: null }],
        ["POST", "/v2/abc/servers/s/action", { revertResize: null }],
        [
            "POST",
            "/v2/abc/servers/s/os-volume_attachments",
            { volumeAttachment: { volumeId: "v", device: "/dev/vdb" } },
        ],
        ["DELETE", "/v2/abc/servers/s/os-volume_attachments/v"],
    ]);
});

describe("why an action failed", () => {
    const action = (start_time: string, request_id: string) => ({ action: "resize", request_id, start_time });
    const why = (instanceAction: object, instanceActions: object[] = [action("1", "r1"), action("2", "r2")]) => {
        const http = new Sent({ compute: "http://h:8774/v2/abc" }, { instanceActions, instanceAction });
        return compute(admin, http)
            .whyFailed("s", "resize")
            .then(words => [words, http.sent.at(-1)![1].split("/").pop()]);
    };

    test("is the last line of what its last event that failed tells", async () => {
        const events = [
            { result: "Success" },
            { result: "Error", traceback: "  File x\n    y\nResizeError: no ssh\n" },
        ];
        expect(await why({ message: "Error", events })).toEqual(["ResizeError: no ssh", "r2"]);
    });

    test("is nova's word on it where no event tells", async () => {
        expect(await why({ message: "No valid host", events: [{ result: null }] })).toEqual(["No valid host", "r2"]);
        expect(await why({ message: null })).toEqual([undefined, "r2"]);
    });

    test("is not known where there was no such action", async () => {
        expect(await why({}, [{ ...action("3", "r3"), action: "create" }])).toEqual([undefined, "os-instance-actions"]);
    });
});

test("a network has three minutes, for nova makes a row for each of its addresses; other answers have the usual time", async () => {
    const seen: unknown[] = [];
    class Seen extends Sent {
        override request(target: Target, request: HttpRequest): Promise<HttpResponse> {
            seen.push([request.path, request.deadlineSeconds]);
            return super.request(target, request);
        }
    }
    const nova = compute(admin, new Seen({ compute: "http://h:8774/v2/abc" }, { network: {}, networks: [] }));
    await nova.createNetwork({ label: "n", cidr: "10.0.0.0/16" });
    await nova.networks();
    expect(seen.slice(1)).toEqual([
        ["/v2/abc/os-networks", 180],
        ["/v2/abc/os-networks", undefined],
    ]);
});

test("whatever is in a name or an id is one part of the path: a flavor `a?b` is not the flavor `a`", async () => {
    const { http, nova } = sending(),
        odd = "a/b?c#d&e f";
    const one = "a%2Fb%3Fc%23d%26e%20f";
    const asked = await http.by(async () => {
        await nova.deleteFlavor(odd);
        await nova.keypair(odd).catch(() => undefined);
        await nova.deleteKeypair(odd);
        await nova.disassociateNetwork(odd);
        await nova.deleteNetwork(odd);
        await nova.securityGroup(odd);
        await nova.deleteSecurityGroup(odd);
        await nova.deleteRule(odd);
        await nova.server(odd);
        await nova.deleteServer(odd);
        await nova.consoleLog(odd);
        await nova.addFloatingIp(odd, "172.16.1.1");
        await nova.removeFloatingIp(odd, "172.16.1.1");
        await nova.releaseFloatingIp(7);
    });
    expect(asked.map(([, path]) => path.replace(/^\/v2\/[^/]+/, ""))).toEqual([
        `/flavors/${one}`,
        `/os-keypairs/${one}`,
        `/os-keypairs/${one}`,
        `/os-networks/${one}/action`,
        `/os-networks/${one}`,
        `/os-security-groups/${one}`,
        `/os-security-groups/${one}`,
        `/os-security-group-rules/${one}`,
        `/servers/${one}`,
        `/servers/${one}`,
        `/servers/${one}/action`,
        `/servers/${one}/action`,
        `/servers/${one}/action`,
        "/os-floating-ips/7",
    ]);
});
