import { randomBytes } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { PlainProgress } from "../../system/progress";
import { buildParts } from "./roots";
import { TestCloud } from "./test-cloud";

/** db-node and auth-node as virtual machines, the first two of a cloud that is made node by node. */
const cloud = new TestCloud(
        `test-${randomBytes(3).toString("hex")}`,
        fs.mkdtempSync(path.join(os.tmpdir(), "classroom-state-")),
        25 * 60,
    ),
    { stack } = cloud;
const machines = ["db-node", "auth-node"];

beforeAll(async () => {
    cloud.configure({ upTo: "auth-node", nodes: Object.fromEntries(machines.map(node => [node, { kind: "vm" }])) });
    await buildParts(new PlainProgress());
}, 60 * 60_000);
afterAll(() => cloud.remove());

/** Of the virtual machines that run. */
const uuids = async (): Promise<string[]> =>
    await Promise.all(machines.map(async node => (await cloud.on("central", `virsh domuuid ${node}`)).trim()));

/** Names of the tenants, as an admin lists them who logs in with the password. */
async function tenants(): Promise<string[]> {
    const table = await cloud.on("auth-node", ". /root/openrc; keystone tenant-list 2>/dev/null");
    return [...table.matchAll(/^\| [0-9a-f]{32} \| +(\S+) /gm)].map(([, name]) => name!).sort();
}

test(
    "from the golden volume to a working tenant, on two emulated virtual machines",
    async () => {
        expect(await cloud.classroom("up", stack)).toMatchObject({
            code: 0,
            stdout: expect.stringMatching(/^\d+ created in /m),
        });
        const disks = await cloud.on(
            "central",
            `for node in ${machines.join(" ")}; do qemu-img info -U --output json /var/lib/libvirt/machines/$node.qcow2 | grep '"backing-filename"'; done`,
        );
        expect(disks.match(/golden/g)).toHaveLength(machines.length);
        expect(await tenants()).toEqual(["admin", "service"]);
    },
    30 * 60_000,
);

test(
    "one of them is rebuilt: another machine with the same cloud in it, and nothing else is touched",
    async () => {
        const [db, auth] = await uuids();
        await cloud.on("auth-node", "rm -r /etc/keystone /var/lib/dpkg/info/keystone*; systemctl stop keystone");
        const rebuilt = await cloud.classroom("rebuild", stack, "auth-node");
        expect([rebuilt.stdout, rebuilt.code]).toEqual([
            expect.stringMatching(/^(\d+ created, )?\d+ replaced, (\d+ updated, )?\d+ unchanged in /m),
            0,
        ]);
        const now = await uuids();
        expect([now[0], now[1] === auth]).toEqual([db, false]);
        expect(await tenants()).toEqual(["admin", "service"]);
        const refresh = await cloud.classroom("refresh", stack);
        // With its words: which resource could not be asked, and why.
        expect([refresh.stdout, refresh.code]).toEqual([
            expect.stringMatching(/^\d+ of \d+ resources asked, none drifted/),
            0,
        ]);
    },
    30 * 60_000,
);

test(
    "destroy leaves neither machine, golden clone nor volume",
    async () => {
        await cloud.succeeds("destroy", stack);
        expect((await cloud.on("central", "virsh -q list --all --name; ls /var/lib/libvirt/machines")).trim()).toBe("");
    },
    5 * 60_000,
);
