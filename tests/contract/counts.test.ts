import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { StandIn } from "../../bench/stand-in";
import { identity } from "../../clients/identity";
import { DATA, entities } from "./entities";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-counts-")),
    file = path.join(dir, "image");
fs.writeFileSync(file, DATA);
const standIn = new StandIn();
afterAll(async () => {
    fs.rmSync(dir, { recursive: true });
    await standIn.close();
});

const { identity: access } = standIn;
test("a refresh of everything in a cloud: one login, one list a kind, however long it takes; nothing is written", async () => {
    for (const host of ["a", "b"]) standIn.agent(host, "nova-compute");
    const making = entities(standIn, standIn.client(), file),
        made: { id: string; outputs: object }[] = [];
    for (const [handler, inputs] of making) made.push(await handler.create(inputs));

    const http = standIn.client(),
        refreshed = entities(standIn, http, file);
    const clock = jest.spyOn(Date, "now");
    standIn.count();
    const refresh = () =>
        Promise.all(
            refreshed.map(async ([handler, inputs], n) => {
                const recorded = { ...inputs, ...made[n]!.outputs };
                expect(await handler.read(made[n]!.id, recorded)).toMatchObject(recorded);
            }),
        );
    await refresh();
    expect(Object.fromEntries(standIn.lists)).toEqual(
        Object.fromEntries(
            [
                "/v2.0/tenants",
                "/v2.0/users",
                "/v2.0/OS-KSADM/roles",
                "/v2.0/tenants/t/users/u/roles",
                "/v2.0/OS-KSADM/services",
                "/v2.0/endpoints",
                "/v3/endpoints",
                "/v2.0/users/u/credentials/OS-EC2",
                "/v2/images",
                "/flavors/detail",
                "/os-keypairs/k",
                "/os-networks",
                "/os-floating-ips-bulk",
                "/os-security-groups",
                "/os-services",
            ].map(list => [list, 1]),
        ),
    );
    // Keystone tells of no password: each is tried.
    expect([standIn.logins, standIn.passwordsTried, standIn.writes]).toEqual([1, 2, 0]);
    // Nor does glance's list tell of an image's data.
    expect(standIn.dataAsked).toBe(2);

    clock.mockReturnValue(Date.now() + 3_600_000);
    await refresh();
    clock.mockRestore();
    expect(standIn.logins).toBe(1);
    // A keypair has no list that would tell its key from another's.
    expect([...standIn.lists].filter(([, times]) => times > 1)).toEqual([["/os-keypairs/k", 2]]);

    await identity(access, http).createRole("c");
    await refresh();
    expect([...standIn.lists].filter(([, times]) => times > 1)).toEqual([
        ["/v2.0/OS-KSADM/roles", 2],
        ["/os-keypairs/k", 3],
    ]);
});
