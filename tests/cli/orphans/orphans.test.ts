import { type ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import * as fc from "fast-check";
import type { Connection } from "../../../clients/connection";
import { AddressPlan } from "../../../config/address-plan";
import { forgetLeases, type Known, searches, unknown } from "../../../cli/orphans/orphans";
import { localHost } from "../../providers/machine/local-host";

const on = { name: "network-node" } as Connection;
const nobody: Known = {
    instance: new Set(),
    volume: new Set(),
    "floating address": new Set(),
    "firewall rule": new Set(),
};

test("what a node says goes into no script of root's unless it is an id or an address", () => {
    const listed = {
        instance: ["../../../etc", "3f56a1c0-0000-4000-8000-00000000000a; touch PWNED"],
        volume: ["$(touch PWNED)"],
        address: ["1.2.3.4/80'; touch PWNED; : '", "172.16.1.2"],
        rule: ["::1", ""],
    };
    expect(unknown("network-node", listed, nobody)).toEqual([
        { kind: "floating address", id: "172.16.1.2", node: "network-node" },
    ]);
});

test("nothing of it but letters, digits, dots and dashes, whatever it says", () => {
    const ids = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.ipV4(), fc.uuid()));
    fc.assert(
        fc.property(fc.record({ instance: ids, volume: ids, address: ids, rule: ids }), listed => {
            const found = unknown("compute-1", listed, nobody);
            expect(found.every(({ id }) => /^[0-9a-f.-]+$/.test(id))).toBe(true);
        }),
    );
});

test("a volume goes with its target, which may be in use: tgtadm of Ubuntu 12.04 has no --force, tgt-admin ends the connections", async () => {
    const shows = "Target 1: iqn.2010-10.org.openstack:volume-70\\nTarget 12: iqn.2010-10.org.openstack:volume-7\\n",
        told = 'echo "${0##*/}" "$@" >> "$LOG"';
    const host = localHost({ tgtadm: `printf '${shows}'`, "tgt-admin": told, lvremove: told }),
        { remove } = searches({ plan: new AddressPlan(1) }).find(({ node }) => node === "volume-node")!;
    await host.run(on, remove.volume!("7"));
    expect(host.said()).toBe("tgt-admin --force --delete tid=12\nlvremove --quiet -f cinder-volumes/volume-7\n");
    host.remove();
});

test("what nodes are asked has no option of sed's that Ubuntu 12.04's manual does not name", () => {
    const asked = searches({ plan: new AddressPlan(1) }).map(({ list }) => list);
    expect(
        asked
            .join("\n")
            .match(/sed -\w*/g)!
            .filter(sed => /E/.test(sed)),
    ).toEqual([]);
});

describe("the leases of nova's dnsmasq", () => {
    const host = localHost({}),
        running: ChildProcess[] = [];
    afterEach(() => running.splice(0).forEach(process => process.kill("SIGKILL")));
    afterAll(() => host.remove());

    /** A process that /proc shows as the program with these arguments; resolves to whether the script ends it. */
    async function ended(program: string, argument: string, named: (pid: number) => string): Promise<boolean> {
        const victim = spawn("sleep", ["60"], { stdio: "ignore" }),
            pid = victim.pid!;
        running.push(victim);
        const end = new Promise<true>(resolve => victim.once("exit", () => resolve(true)));
        host.put(`proc/${pid}/cmdline`, `env\0${argument}\0--strict-order\0`);
        fs.symlinkSync(program, path.join(host.dir, `proc/${pid}/exe`));
        host.put("var/lib/nova/networks/nova-br100.pid", named(pid));
        await host.run(on, forgetLeases);
        return await Promise.race([end, new Promise<false>(resolve => setTimeout(() => resolve(false), 300))]);
    }
    const own = `--pid-file=${host.dir}/var/lib/nova/networks/nova-br100.pid`;

    test("go with it", async () => {
        expect(await ended("/usr/sbin/dnsmasq", own, pid => `${pid}\n`)).toBe(true);
        expect(await ended("/usr/sbin/dnsmasq (deleted)", own, pid => `${pid}\n`)).toBe(true);
    });

    test.each([
        ["another program of that number", "/usr/sbin/mysqld", own, (pid: number) => `${pid}\n`],
        ["another dnsmasq", "/usr/sbin/dnsmasq", "--pid-file=/run/dnsmasq.pid", (pid: number) => `${pid}\n`],
        ["a command", "/usr/sbin/dnsmasq", own, (pid: number) => `${pid} 1\n`],
    ])("do not end %s", async (_name, program, argument, named) => {
        expect(await ended(program, argument, named)).toBe(false);
    });
});
