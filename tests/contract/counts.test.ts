import { createHash } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { StandIn } from "../../bench/stand-in";
import { compute } from "../../clients/compute";
import type { Http } from "../../clients/http";
import { CloudAccess, identity, IdentityAccess } from "../../clients/identity";
import { images } from "../../clients/image";
import { imageHandler } from "../../providers/glance/image";
import { ec2CredentialHandler } from "../../providers/keystone/ec2-credential";
import { endpointHandler } from "../../providers/keystone/endpoint";
import { grantHandler } from "../../providers/keystone/grant";
import { roleHandler } from "../../providers/keystone/role";
import { serviceHandler } from "../../providers/keystone/service";
import { tenantHandler } from "../../providers/keystone/tenant";
import { userHandler } from "../../providers/keystone/user";
import { flavorHandler } from "../../providers/nova/flavor";
import { floatingRangeHandler } from "../../providers/nova/floating-range";
import { keypairHandler } from "../../providers/nova/keypair";
import { networkHandler } from "../../providers/nova/network";
import { securityRuleHandler } from "../../providers/nova/security-rule";
import { serviceStateHandler } from "../../providers/nova/service-state";
import type { Handler } from "../../providers/dynamic";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-counts-")), file = path.join(dir, "image");
fs.writeFileSync(file, "an image");
const standIn = new StandIn();
afterAll(async () => { fs.rmSync(dir, { recursive: true }); await standIn.close(); });

const { identity: access, cloud } = standIn;
const url = "http://h:8774/v2/$(tenant_id)s";
/** Two and more of everything that the program puts into a cloud, by the handlers with clients of one run. */
function entities(http: Http): [Handler<object>, object][] {
    const keystone = (as: IdentityAccess) => identity(as, http), nova = (as: CloudAccess) => compute(as, http);
    const of = <I extends object, O extends object>(handler: Handler<I, O>, ...inputs: I[]) => inputs.map(i => [handler, i] as unknown as [Handler<object>, object]);
    const two = ["a", "b"];
    return [
        ...of(tenantHandler(keystone), ...two.map(tenant => ({ identity: access, tenant, description: "", enabled: true }))),
        ...of(userHandler(keystone), ...two.map(user => ({ identity: access, user, password: `pw-${user}`, enabled: true }))),
        ...of(roleHandler(keystone), ...two.map(role => ({ identity: access, role }))),
        ...of(grantHandler(keystone), ...two.map(roleId => ({ identity: access, tenantId: "t", userId: "u", roleId }))),
        ...of(serviceHandler(keystone), ...two.map(service => ({ identity: access, service, type: "compute", description: "" }))),
        ...of(endpointHandler(keystone), ...two.map(serviceId => ({ identity: access, region: "RegionOne", serviceId, publicUrl: url, adminUrl: url, internalUrl: url }))),
        ...of(ec2CredentialHandler(as => identity(as, http)), { cloud, userId: "u", tenantId: "t" }),
        ...of(imageHandler(as => images(as, http)), ...two.map(name => ({
            cloud, name, file, sha256: createHash("sha256").update("an image").digest("hex"), diskFormat: "qcow2", containerFormat: "bare", isPublic: true, status: "active",
        }))),
        ...of(flavorHandler(nova), ...two.map(name => ({ cloud, flavorId: name, name, ram: 64, disk: 1, vcpus: 1, isPublic: true }))),
        ...of(keypairHandler(nova), { cloud, name: "k", publicKey: "ssh-rsa AAAA" }),
        ...of(networkHandler(nova), ...[1, 2].map(n => ({ cloud, label: `net${n}`, cidr: `10.${n}.0.0/24` }))),
        ...of(floatingRangeHandler(nova), ...[1, 2].map(n => ({ cloud, range: `172.16.1.${n}`, pool: `pool-${n}`, missing: [], foreign: [] }))),
        ...of(securityRuleHandler(nova), ...[22, 80].map(port => ({ cloud, group: "default", protocol: "tcp", fromPort: port, toPort: port, cidr: "0.0.0.0/0" }))),
        ...of(serviceStateHandler(nova), ...two.map(host => ({ cloud, host, binary: "nova-compute", enabled: true, state: "up" }))),
    ];
}

test("a refresh of everything in a cloud: one login, one list a kind, however long it takes; nothing is written", async () => {
    for (const host of ["a", "b"]) standIn.agent(host, "nova-compute");
    const making = entities(standIn.client()), made: { id: string; outputs: object }[] = [];
    for (const [handler, inputs] of making) made.push(await handler.create(inputs));

    const http = standIn.client(), refreshed = entities(http);
    const clock = jest.spyOn(Date, "now");
    standIn.count();
    const refresh = () => Promise.all(refreshed.map(async ([handler, inputs], n) => {
        const recorded = { ...inputs, ...made[n]!.outputs };
        expect(await handler.read(made[n]!.id, recorded)).toMatchObject(recorded);
    }));
    await refresh();
    expect(Object.fromEntries(standIn.lists)).toEqual(Object.fromEntries([
        "/v2.0/tenants", "/v2.0/users", "/v2.0/OS-KSADM/roles", "/v2.0/tenants/t/users/u/roles", "/v2.0/OS-KSADM/services", "/v2.0/endpoints", "/v2.0/users/u/credentials/OS-EC2",
        "/v2/images", "/flavors/detail", "/os-keypairs/k", "/os-networks", "/os-floating-ips-bulk", "/os-security-groups", "/os-services",
    ].map(list => [list, 1])));
    // Keystone tells of no password: each is tried.
    expect([standIn.logins, standIn.passwordsTried, standIn.writes]).toEqual([1, 2, 0]);

    clock.mockReturnValue(Date.now() + 3_600_000);
    await refresh();
    clock.mockRestore();
    expect(standIn.logins).toBe(1);
    // A keypair has no list that would tell its key from another's.
    expect([...standIn.lists].filter(([, times]) => times > 1)).toEqual([["/os-keypairs/k", 2]]);

    await identity(access, http).createRole("c");
    await refresh();
    expect([...standIn.lists].filter(([, times]) => times > 1)).toEqual([["/v2.0/OS-KSADM/roles", 2], ["/os-keypairs/k", 3]]);
});
