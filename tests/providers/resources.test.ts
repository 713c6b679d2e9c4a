import type { CloudAccess, IdentityAccess } from "../../clients/identity";
import type { Handler } from "../../providers/dynamic";
import { Image } from "../../providers/glance/image";
import { Ec2Credential } from "../../providers/keystone/ec2-credential";
import { Endpoint } from "../../providers/keystone/endpoint";
import { Grant } from "../../providers/keystone/grant";
import { Role } from "../../providers/keystone/role";
import { Service } from "../../providers/keystone/service";
import { Tenant } from "../../providers/keystone/tenant";
import { User } from "../../providers/keystone/user";
import { Flavor } from "../../providers/nova/flavor";
import { FloatingRange } from "../../providers/nova/floating-range";
import { Keypair } from "../../providers/nova/keypair";
import { Network } from "../../providers/nova/network";
import { SecurityRule } from "../../providers/nova/security-rule";
import { ServiceState } from "../../providers/nova/service-state";

jest.mock("@pulumi/pulumi", () => jest.requireActual("../doubles/pulumi.js"));

interface Registered {
    type: string;
    name: string;
    props: Record<string, unknown>;
    opts: object;
}
const identity = { host: "auth-node" } as IdentityAccess,
    cloud = { tenant: "admin" } as CloudAccess,
    opts = { protect: true };
const url = "http://api-node:8774/v2/$(tenant_id)s",
    urls = { publicUrl: url, adminUrl: url, internalUrl: url };
const [asToken, asUser] = [{ identity: { secret: identity } }, { cloud: { secret: cloud } }];
const image = { name: "cirros", file: "cirros.img", sha256: "0".repeat(64), diskFormat: "qcow2" },
    flavor = { flavorId: "6", name: "x1.tiny", ram: 256, disk: 2, vcpus: 1 };
const user = { user: "nova", password: "pw" },
    service = { service: "nova", type: "compute" },
    rule = { protocol: "tcp", fromPort: 22, toPort: 22, cidr: "0.0.0.0/0" };
const endpoint = { region: "RegionOne", serviceId: "s", ...urls },
    agent = { host: "compute-1", binary: "nova-compute" };

test.each<[kind: string, type: string, resource: object, props: object, given?: object]>([
    [
        "keystone/tenant",
        "Tenant",
        new Tenant("r", { identity, tenant: "t" }, opts),
        { ...asToken, tenant: "t", description: "", enabled: true },
    ],
    [
        "keystone/tenant",
        "Tenant",
        new Tenant("r", { identity, tenant: "t", description: "d", enabled: false }, opts),
        { ...asToken, tenant: "t", description: "d", enabled: false },
    ],
    [
        "keystone/user",
        "User",
        new User("r", { identity, ...user }, opts),
        { ...asToken, user: "nova", password: { secret: "pw" }, enabled: true },
    ],
    [
        "keystone/user",
        "User",
        new User("r", { identity, ...user, email: "e", tenantId: "t", enabled: false }, opts),
        { ...asToken, user: "nova", password: { secret: "pw" }, email: "e", tenantId: "t", enabled: false },
    ],
    ["keystone/role", "Role", new Role("r", { identity, role: "Member" }, opts), { ...asToken, role: "Member" }],
    [
        "keystone/grant",
        "Grant",
        new Grant("r", { identity, tenantId: "t", userId: "u", roleId: "r" }, opts),
        { ...asToken, tenantId: "t", userId: "u", roleId: "r" },
    ],
    [
        "keystone/grant",
        "Grant",
        new Grant("r", { identity, tenantId: "t", userId: "u", roleId: "r", password: "pw" }, opts),
        { ...asToken, tenantId: "t", userId: "u", roleId: "r", password: { secret: "pw" } },
    ],
    [
        "keystone/service",
        "Service",
        new Service("r", { identity, ...service }, opts),
        { ...asToken, ...service, description: "" },
    ],
    [
        "keystone/endpoint",
        "Endpoint",
        new Endpoint("r", { identity, ...endpoint }, opts),
        { ...asToken, ...endpoint, foreign: [] },
    ],
    [
        "keystone/endpoint",
        "Endpoint",
        new Endpoint("r", { identity, ...endpoint, answersForCatalogue: "grizzly" }, opts),
        { ...asToken, ...endpoint, foreign: [], malformed: [], release: "grizzly" },
    ],
    [
        "keystone/ec2-credential",
        "Ec2Credential",
        new Ec2Credential("r", { cloud, userId: "u", tenantId: "t" }, opts),
        { ...asUser, userId: "u", tenantId: "t", access: undefined, secret: undefined },
        { additionalSecretOutputs: ["secret"] },
    ],
    [
        "glance/image",
        "Image",
        new Image("r", { cloud, ...image }, opts),
        {
            ...asUser,
            ...image,
            containerFormat: "bare",
            isPublic: false,
            status: "active",
            data: "whole",
            checksum: undefined,
            size: undefined,
        },
    ],
    ["nova/flavor", "Flavor", new Flavor("r", { cloud, ...flavor }, opts), { ...asUser, ...flavor, isPublic: true }],
    [
        "nova/floating-range",
        "FloatingRange",
        new FloatingRange("r", { cloud, range: "172.16.1.0/24", pool: "public" }, opts),
        { ...asUser, range: "172.16.1.0/24", pool: "public", missing: [], foreign: [] },
    ],
    [
        "nova/keypair",
        "Keypair",
        new Keypair("r", { cloud, name: "k", publicKey: "ssh-rsa A" }, opts),
        { ...asUser, name: "k", publicKey: "ssh-rsa A" },
    ],
    [
        "nova/network",
        "Network",
        new Network("r", { cloud, label: "net1", cidr: "10.0.0.0/24" }, opts),
        { ...asUser, label: "net1", cidr: "10.0.0.0/24" },
    ],
    [
        "nova/security-rule",
        "SecurityRule",
        new SecurityRule("r", { cloud, ...rule }, opts),
        { ...asUser, ...rule, group: "default" },
    ],
    [
        "nova/service-state",
        "ServiceState",
        new ServiceState("r", { cloud, ...agent }, opts),
        { ...asUser, ...agent, enabled: true, state: "up" },
    ],
])(
    "%s: what is not given has its default, access is a secret, and the code is today's handler",
    (kind, type, resource, props, given = {}) => {
        const { __provider, ...inputs } = (resource as { registered: Registered }).registered.props;
        expect((resource as { registered: Registered }).registered).toMatchObject({
            type: `pulumi-nodejs:dynamic/${kind.split("/")[0]}:${type}`,
            name: "r",
        });
        expect((resource as { registered: Registered }).registered.opts).toEqual({
            deleteBeforeReplace: true,
            ...given,
            ...opts,
        });
        // Also a property without a value has to be there: the engine knows outputs by it.
        expect(inputs).toStrictEqual(props);
        expect(__provider).toContain(`provider('${kind}')`);
        const { handler } = jest.requireActual<{ handler: { access: string[]; inputs: string[] } }>(
            `../../providers/${kind}`,
        );
        expect([...handler.access, ...handler.inputs]).toEqual(
            expect.arrayContaining(Object.keys(props).filter(k => props[k as keyof typeof props] !== undefined)),
        );
    },
);

test.each<[kind: string, access: string, replaceOn: string[]]>([
    ["keystone/tenant", "identity", []],
    ["keystone/user", "identity", []],
    ["keystone/role", "identity", ["role"]],
    ["keystone/grant", "identity", ["tenantId", "userId", "roleId"]],
    ["keystone/service", "identity", ["service", "type", "description"]],
    ["keystone/endpoint", "identity", ["region", "serviceId", "publicUrl", "adminUrl", "internalUrl"]],
    ["keystone/ec2-credential", "cloud", ["userId", "tenantId"]],
    ["nova/flavor", "cloud", ["flavorId", "name", "ram", "disk", "vcpus", "isPublic"]],
    ["nova/floating-range", "cloud", ["range", "pool"]],
    ["nova/keypair", "cloud", ["name", "publicKey"]],
    ["nova/network", "cloud", ["label", "cidr", "bridge", "bridgeInterface", "gateway", "dns1", "dns2", "multiHost"]],
    ["nova/security-rule", "cloud", ["group", "protocol", "fromPort", "toPort", "cidr"]],
    ["nova/service-state", "cloud", ["host", "binary"]],
    ["glance/image", "cloud", ["sha256", "diskFormat", "containerFormat", "status"]],
])("%s: another %s is the same object, another of %j is not", (kind, access, replaceOn) => {
    const { handler } = jest.requireActual<{ handler: Handler<Record<string, unknown>> }>(`../../providers/${kind}`);
    expect(handler.access[0]).toBe(access);
    expect(handler.replaceOn).toEqual(replaceOn);
});
