import type { StandIn } from "../../bench/stand-in";
import { createHash } from "crypto";
import { compute } from "../../clients/compute";
import type { Http } from "../../clients/http";
import { type CloudAccess, identity, type IdentityAccess } from "../../clients/identity";
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

/** What an image is made of here. */
export const DATA = Buffer.from("QFI\xfb an image", "latin1");
const url = "http://h:8774/v2/$(tenant_id)s";
/** Two and more of everything that the program puts into a cloud, by the handlers with clients of one run. */
export function entities({ identity: access, cloud }: StandIn, http: Http, file: string): [Handler<object>, object][] {
    const keystone = (as: IdentityAccess) => identity(as, http),
        nova = (as: CloudAccess) => compute(as, http);
    const of = <I extends object, O extends object>(handler: Handler<I, O>, ...inputs: I[]) =>
        inputs.map(i => [handler, i] as unknown as [Handler<object>, object]);
    const two = ["a", "b"];
    return [
        ...of(
            tenantHandler(keystone),
            ...two.map(tenant => ({ identity: access, tenant, description: "", enabled: true })),
        ),
        ...of(
            userHandler(keystone),
            ...two.map(user => ({ identity: access, user, password: `pw-${user}`, enabled: true })),
        ),
        ...of(roleHandler(keystone), ...two.map(role => ({ identity: access, role }))),
        ...of(grantHandler(keystone), ...two.map(roleId => ({ identity: access, tenantId: "t", userId: "u", roleId }))),
        ...of(
            serviceHandler(keystone),
            ...two.map(service => ({ identity: access, service, type: "compute", description: "" })),
        ),
        ...of(
            endpointHandler(keystone),
            ...two.map(serviceId => ({
                identity: access,
                region: "RegionOne",
                serviceId,
                publicUrl: url,
                adminUrl: url,
                internalUrl: url,
            })),
        ),
        ...of(
            ec2CredentialHandler(as => identity(as, http)),
            { cloud, userId: "u", tenantId: "t" },
        ),
        ...of(
            imageHandler(as => images(as, http)),
            ...two.map(name => ({
                cloud,
                name,
                file,
                sha256: createHash("sha256").update(DATA).digest("hex"),
                diskFormat: "qcow2",
                containerFormat: "bare",
                isPublic: true,
                status: "active",
            })),
        ),
        ...of(
            flavorHandler(nova),
            ...two.map(name => ({ cloud, flavorId: name, name, ram: 64, disk: 1, vcpus: 1, isPublic: true })),
        ),
        ...of(keypairHandler(nova), { cloud, name: "k", publicKey: "ssh-rsa AAAA" }),
        ...of(networkHandler(nova), ...[1, 2].map(n => ({ cloud, label: `net${n}`, cidr: `10.${n}.0.0/24` }))),
        ...of(
            floatingRangeHandler(nova),
            ...[1, 2].map(n => ({ cloud, range: `172.16.1.${n}`, pool: `pool-${n}`, missing: [], foreign: [] })),
        ),
        ...of(
            securityRuleHandler(nova),
            ...[22, 80].map(port => ({
                cloud,
                group: "default",
                protocol: "tcp",
                fromPort: port,
                toPort: port,
                cidr: "0.0.0.0/0",
            })),
        ),
        ...of(
            serviceStateHandler(nova),
            ...two.map(host => ({ cloud, host, binary: "nova-compute", enabled: true, state: "up" })),
        ),
    ];
}
