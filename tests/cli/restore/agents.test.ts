import { type Agent, type AskedCloud, reporting, unreported } from "../../../cli/restore/agents";
import type { ServiceState } from "../../../clients/service-state";

const service = (binary: string, host: string, updated_at: string | null, state = "up"): ServiceState => ({
    binary,
    host,
    zone: "nova",
    status: "enabled",
    state,
    updated_at,
});
const since = new Date("2026-11-26T20:00:00Z"),
    before = "2026-11-26T19:59:59.000000",
    after = "2026-11-26T20:00:01.000000";

/** A cloud that answers each question with the next list; the last one stays. */
function cloudOf(
    nova: ServiceState[][],
    cinder: ServiceState[] = [],
    pools?: string[][],
): { cloud: AskedCloud; forgotten: string[] } {
    const forgotten: string[] = [];
    return {
        forgotten,
        cloud: {
            compute: {
                services: async () => (nova.length > 1 ? nova.shift() : nova[0])!,
                forget: kind => {
                    forgotten.push(String(kind));
                },
            },
            volumes: {
                services: async () => cinder,
                pools: async () => pools && (pools.length > 1 ? pools.shift() : pools[0]),
            },
        },
    };
}
const compute1: Agent = { of: "nova", binary: "nova-compute", host: "compute-1" },
    volume: Agent = { of: "cinder", binary: "cinder-volume", host: "volume-node@lvm" };

const nobody = (line: string) => {
    throw new Error(`waited: ${line}`);
};

test("the agents of nova and cinder that are up are those that report themselves", async () => {
    const { cloud } = cloudOf(
        [[service("nova-compute", "compute-1", after), service("nova-compute", "compute-2", before, "down")]],
        [service("cinder-volume", "volume-node@lvm", after)],
    );
    expect(await reporting(async () => cloud, nobody)).toEqual([compute1, volume]);
});

test("what cinder-volume has and its scheduler does not know yet is waited for, for a time, and told once; a scheduler that does not answer is not", async () => {
    const cinder = [service("cinder-volume", "volume-node@lvm", after)],
        told: string[] = [],
        unknown = "cinder-scheduler does not know yet what cinder-volume on volume-node@lvm has";
    const ask = (pools: string[][], settleSeconds: number) =>
        reporting(
            async () => cloudOf([[]], cinder, pools).cloud,
            line => told.push(line),
            5,
            settleSeconds,
            0.01,
        );
    expect(await ask([[], [], ["volume-node@lvm#lvm"]], 5)).toEqual([volume]);
    expect(told).toEqual([unknown]);
    expect(await ask([[]], 0.05)).toEqual([volume]);
    expect(told).toEqual([unknown, unknown]);
    const mute = {
        ...cloudOf([[]], cinder).cloud,
        volumes: { services: async () => cinder, pools: () => new Promise<never>(() => undefined) },
    };
    expect(await reporting(async () => mute, nobody, 0.05)).toEqual([volume]);
});

test("a cloud that does not answer is not waited for, and one that fails says why", async () => {
    await expect(reporting(() => new Promise(() => undefined), nobody, 0.05)).rejects.toThrow(
        "no answer within 0.05 s",
    );
    await expect(
        reporting(async () => {
            throw new Error("POST /v2.0/tokens: 500");
        }, nobody),
    ).rejects.toThrow("POST /v2.0/tokens: 500");
});

test("what was said before does not count, though nova calls it up; a list is asked for anew each time", async () => {
    const { cloud, forgotten } = cloudOf(
        [
            [service("nova-compute", "compute-1", before)],
            [service("nova-compute", "compute-1", null)],
            [service("nova-compute", "compute-1", after)],
        ],
        [service("cinder-volume", "volume-node@lvm", `${after}Z`)],
    );
    expect(await unreported(async () => cloud, [compute1, volume], since, 5, 0.01)).toEqual([]);
    expect(forgotten).toEqual(["services", "services", "services"]);
});

test("how long ago a report was counts, not what a node's clock says: it may be hours ahead or behind", async () => {
    const report = (age: number, updated_at: string) => ({ ...service("nova-compute", "compute-1", updated_at), age });
    const ask = (seconds: number, ...all: ServiceState[]) =>
        unreported(
            async () => cloudOf(all.map(s => [s])).cloud,
            [compute1],
            new Date(Date.now() - seconds * 1000),
            0.03,
            0.01,
        );
    const [old, future] = ["2020-01-01T00:00:00.000000", "2030-01-01T00:00:00.000000"];
    expect(await ask(10, report(5, old))).toEqual([]);
    expect(await ask(10, report(11, future))).toEqual(["nova-compute on compute-1 does not report itself to nova"]);
    // Whole seconds on both sides.
    expect(await ask(10, report(9.5, future))).toHaveLength(1);
});

test("what has not reported itself within its time is named; others are no concern", async () => {
    const { cloud } = cloudOf(
        [[service("nova-compute", "compute-1", after, "down"), service("nova-compute", "compute-2", before, "down")]],
        [service("cinder-volume", "volume-node@lvm", before)],
    );
    expect(await unreported(async () => cloud, [compute1, volume], since, 0.03, 0.01)).toEqual([
        "nova-compute on compute-1 does not report itself to nova",
        "cinder-volume on volume-node@lvm does not report itself to cinder",
    ]);
});

test("cinder-volume is waited for until the scheduler knows its pool, where the release says that", async () => {
    const cinder = [service("cinder-volume", "volume-node@lvm", after)],
        pools = [[], ["volume-node@lvm2#lvm"], ["volume-node@lvm#lvm"]];
    expect(await unreported(async () => cloudOf([[]], cinder, pools).cloud, [volume], since, 5, 0.01)).toEqual([]);
    expect(pools).toHaveLength(1);
    expect(await unreported(async () => cloudOf([[]], cinder, [[]]).cloud, [volume], since, 0.03, 0.01)).toEqual([
        "cinder-scheduler does not know yet what cinder-volume on volume-node@lvm has",
    ]);
    expect(await unreported(async () => cloudOf([[]], cinder).cloud, [volume], since, 0, 0.01)).toEqual([]);
});

test("a cloud that fails at first is asked again, and one that goes on failing is told", async () => {
    let asked = 0;
    const { cloud } = cloudOf([[service("nova-compute", "compute-1", after)]]);
    expect(
        await unreported(
            async () => {
                if (++asked < 3) throw new Error("not yet");
                return cloud;
            },
            [compute1],
            since,
            5,
            0.01,
        ),
    ).toEqual([]);
    expect(asked).toBe(3);
    expect(
        await unreported(
            async () => {
                throw new Error("POST /v2.0/tokens: 500");
            },
            [compute1],
            since,
            0.03,
            0.01,
        ),
    ).toEqual(["nova and cinder cannot be asked which services report themselves: POST /v2.0/tokens: 500"]);
});

test("where no agent is recorded nothing is asked", async () => {
    expect(
        await unreported(
            async () => {
                throw new Error("asked");
            },
            [],
            since,
            5,
            0.01,
        ),
    ).toEqual([]);
});
