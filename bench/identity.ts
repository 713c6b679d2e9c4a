/** What sixty entities of identity cost: `node bin/bench/identity.js`. Each answer takes ten milliseconds, as keystone's do on an idle machine. */
import { identity, type IdentityAccess } from "../clients/identity";
import { endpointHandler } from "../providers/keystone/endpoint";
import { grantHandler } from "../providers/keystone/grant";
import { roleHandler } from "../providers/keystone/role";
import { serviceHandler } from "../providers/keystone/service";
import { tenantHandler } from "../providers/keystone/tenant";
import { userHandler } from "../providers/keystone/user";
import { StandIn } from "./stand-in";

async function main(): Promise<void> {
    const cloud = new StandIn(10),
        http = cloud.client(),
        { identity: access } = cloud,
        api = (as: IdentityAccess) => identity(as, http);
    const ten = Array.from({ length: 10 }, (_, n) => n),
        begin = performance.now();
    // As the engine does it: at once what waits for nothing, then what needs its ids.
    const [tenants, users, roles, services] = await Promise.all([
        Promise.all(
            ten.map(n =>
                tenantHandler(api).create({ identity: access, tenant: `tenant${n}`, description: "", enabled: true }),
            ),
        ),
        Promise.all(
            ten.map(n =>
                userHandler(api).create({
                    identity: access,
                    user: `user${n}`,
                    password: `password${n}`,
                    enabled: true,
                }),
            ),
        ),
        Promise.all(ten.map(n => roleHandler(api).create({ identity: access, role: `role${n}` }))),
        Promise.all(
            ten.map(n =>
                serviceHandler(api).create({
                    identity: access,
                    service: `service${n}`,
                    type: "compute",
                    description: "",
                }),
            ),
        ),
    ]);
    const made = [
        tenants,
        users,
        roles,
        services,
        ...(await Promise.all([
            Promise.all(
                ten.map(n =>
                    grantHandler(api).create({
                        identity: access,
                        tenantId: tenants[n]!.id,
                        userId: users[n]!.id,
                        roleId: roles[n]!.id,
                    }),
                ),
            ),
            Promise.all(
                ten.map(n =>
                    endpointHandler(api).create({
                        identity: access,
                        region: "RegionOne",
                        serviceId: services[n]!.id,
                        publicUrl: "http://h/",
                        adminUrl: "http://h/",
                        internalUrl: "http://h/",
                    }),
                ),
            ),
        ])),
    ];
    const seconds = (performance.now() - begin) / 1000;
    const listCalls = [...cloud.lists.values()].reduce((a, b) => a + b, 0);
    console.log(
        JSON.stringify({
            entities: made.flat().length,
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
