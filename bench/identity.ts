/** What sixty entities of identity cost: `node bin/bench/identity.js`. Each answer takes ten milliseconds, as keystone's do on an idle machine. */
import { type Identity, identity, type IdentityAccess } from "../clients/identity";
import { endpointHandler } from "../providers/keystone/endpoint";
import { grantHandler } from "../providers/keystone/grant";
import { roleHandler } from "../providers/keystone/role";
import { serviceHandler } from "../providers/keystone/service";
import { tenantHandler } from "../providers/keystone/tenant";
import { userHandler } from "../providers/keystone/user";
import { StandIn } from "./stand-in";

/** Ten of a kind at once, as the engine does what waits for nothing. */
const ten = <T>(make: (n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: 10 }, (_, n) => make(n)));

/** Makes ten entities of each kind. Returns how many that are. */
async function makeEntities(access: IdentityAccess, api: (as: IdentityAccess) => Identity): Promise<number> {
    const own = { identity: access };
    const [tenants, users, roles, services] = await Promise.all([
        ten(n => tenantHandler(api).create({ ...own, tenant: `tenant${n}`, description: "", enabled: true })),
        ten(n => userHandler(api).create({ ...own, user: `user${n}`, password: `password${n}`, enabled: true })),
        ten(n => roleHandler(api).create({ ...own, role: `role${n}` })),
        ten(n => serviceHandler(api).create({ ...own, service: `service${n}`, type: "compute", description: "" })),
    ]);
    // What needs their ids.
    const urls = { publicUrl: "http://h/", adminUrl: "http://h/", internalUrl: "http://h/" };
    const [grants, endpoints] = await Promise.all([
        ten(n =>
            grantHandler(api).create({
                ...own,
                tenantId: tenants[n]!.id,
                userId: users[n]!.id,
                roleId: roles[n]!.id,
            }),
        ),
        ten(n => endpointHandler(api).create({ ...own, region: "RegionOne", serviceId: services[n]!.id, ...urls })),
    ]);
    return [tenants, users, roles, services, grants, endpoints].flat().length;
}

async function main(): Promise<void> {
    const cloud = new StandIn(10),
        http = cloud.client();
    const begin = performance.now(),
        entities = await makeEntities(cloud.identity, as => identity(as, http)),
        seconds = (performance.now() - begin) / 1000;
    const listCalls = [...cloud.lists.values()].reduce((a, b) => a + b, 0);
    console.log(
        JSON.stringify({
            entities,
            seconds: Number(seconds.toFixed(2)),
            logins: cloud.logins + cloud.passwordsTried,
            listCalls,
        }),
    );
    await cloud.close();
}

main().catch((e: Error) => {
    console.error(e.message);
    process.exitCode = 1;
});
