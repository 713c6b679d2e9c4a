import * as fs from "fs";
import * as path from "path";
import { hostRoles } from "../../config/nodes";
import { realOnes } from "../../engine/state";
import { PlainProgress } from "../../system/progress";
import { projectDir, stateDir } from "../../system/paths";
import { drawing, interrupted, type Moment, SEED, type Victim } from "./interrupted";
import { buildParts } from "./roots";
import { RESOURCES, TestCloud } from "./test-cloud";

// The lab and what was found so far stay when this is interrupted, and it goes on with the round it was in: `./classroom test interruptions` again.
const cloud = new TestCloud("test-interruptions", path.join(stateDir(), "test-interruptions")),
    { stack } = cloud;
const folder = path.join(projectDir(), "reports"),
    results = path.join(folder, "interruptions.json"),
    table = path.join(folder, "interruptions.md");

interface Round {
    up: Moment[];
    destroy: Moment[];
}
/** What was under way is what the state says of it after the kill. */
interface Row extends Moment {
    round: number;
    operation: "up" | "destroy";
    under: string[];
}
interface Finished {
    round: number;
    rows: Row[];
    upSeconds: number;
    destroySeconds: number;
    onHosts: string;
}

/** Rounds with five interruptions of `up` and up to four of `destroy` each, as long as there is something left: the first of each `up` are within the libvirt objects that come first. */
function rounds(seed: number): Round[] {
    const random = drawing(seed),
        upTo = (n: number) => Math.floor(random() * n);
    const victim = (): Victim => {
        const r = random();
        return r < 0.5 ? "engine" : r < 0.75 ? "command" : hostRoles[upTo(2)]!;
    };
    const after = (resources: number, milliseconds: number) => (): Moment => ({
        victim: victim(),
        resources: 1 + upTo(resources),
        afterMilliseconds: upTo(milliseconds),
    });
    // Ten would do, if no moment came too late.
    const drawnRounds = Array.from({ length: 15 }, () => ({
        up: [
            ...[6, 2].map((libvirt): Moment => ({
                victim: random() < 0.6 ? "engine" : "command",
                libvirt: 1 + upTo(libvirt),
                afterMilliseconds: upTo(30),
            })),
            ...Array.from({ length: 3 }, after(50, 2000)),
        ],
        destroy: Array.from({ length: 2 }, after(30, 300)),
    }));
    // A `destroy` that lost a host's sessions mostly goes through all the same.
    return drawnRounds.map(({ up, destroy }) => ({
        up,
        destroy: [...destroy, ...Array.from({ length: 2 }, after(12, 300))],
    }));
}

/** The state is lost: machines are refused, for their keys went with it; networks and volumes are compared and taken in. With the state back all is as before. */
async function withoutState(): Promise<void> {
    const saved = fs.readFileSync(cloud.stateFile),
        up = async (...flags: string[]) => {
            const { code, stdout, stderr } = await cloud.classroom("up", stack, ...flags);
            return [`${stdout}${stderr}`, code];
        };
    fs.rmSync(cloud.stateFile);
    fs.rmSync(`${cloud.stateFile}.bak`, { force: true });
    const [refused, failed] = await up();
    for (const name of ["volume-node", "volume-node-golden"])
        expect([refused, failed]).toEqual([expect.stringContaining(`the virtual machine ${name} (`), 1]);
    const virtual = (script: string) =>
        cloud.on("central", `for m in volume-node-golden volume-node; do ${script}; done`);
    await virtual(
        "virsh -q dumpxml --inactive $m > /root/$m.xml; virsh -q destroy $m 2> /dev/null; virsh -q undefine $m",
    );
    const [said, code] = await up();
    expect([said, code]).toEqual([
        expect.stringMatching(
            /^on their hosts as the program wants them, and recorded now: .*cloud-net-central-nat.*cloud-volume-node-vm-golden-disk/m,
        ),
        1,
    ]);
    expect(said).toMatch(
        /: the container \S+ \(\S+\) is there without being in the state, and has another \/etc\/ssh\/ssh_host_ed25519_key than the state wants/,
    );
    fs.writeFileSync(cloud.stateFile, saved);
    // A golden clone is off.
    await virtual("virsh -q define /root/$m.xml; rm /root/$m.xml");
    await cloud.on("central", "virsh -q start volume-node");
    // Keys of the lost state's successor lie on its disk for the first start.
    expect((await up("--refresh"))[1]).toBe(0);
}

const finished: Finished[] = fs.existsSync(results) ? (JSON.parse(fs.readFileSync(results, "utf8")) as Finished[]) : [];
const all = rounds(SEED);
/** How many there were: of `up`, of these within a libvirt create or delete, and of `destroy`. */
function counted(): [number, number, number] {
    const rows = finished.flatMap(f => f.rows),
        of = (operation: string) => rows.filter(r => r.operation === operation);
    return [
        of("up").length,
        of("up").filter(r =>
            r.under.some(u => /^(creating|deleting) (Network|Pool|Volume|CloudInitDisk|Domain) /.test(u)),
        ).length,
        of("destroy").length,
    ];
}
const enough = (): boolean => {
    const [ups, within, destroys] = counted();
    return ups >= 50 && within >= 15 && destroys >= 20;
};

beforeAll(async () => {
    await buildParts(new PlainProgress());
    fs.mkdirSync(folder, { recursive: true });
    fs.mkdirSync(cloud.state, { recursive: true, mode: 0o700 });
    cloud.configure();
    console.info(`seed ${SEED} (CLASSROOM_SEED=…); ${finished.length} rounds are done`);
}, 60 * 60_000);
afterAll(async () => {
    if (!enough()) return;
    const [ups, within, destroys] = counted(),
        rows = finished.flatMap(f => f.rows),
        row = ({ round, operation, victim, libvirt, resources, afterMilliseconds, under }: Row) =>
            `| ${round} | ${operation} | ${victim} | ${libvirt === undefined ? `resource ${resources}` : `libvirt object ${libvirt}`} + ${afterMilliseconds} ms | ${under.join(", ")} |`;
    fs.writeFileSync(
        table,
        [
            `Seed ${SEED}: \`up\` was interrupted ${ups} times, ${within} of them within a libvirt create or delete, \`destroy\` ${destroys} times.`,
            "",
            "| round | of | killed | when | under way |",
            "|---|---|---|---|---|",
            ...rows.map(row),
            "",
        ].join("\n"),
    );
    await cloud.remove();
}, 5 * 60_000);

test.each(all.map((round, n) => [n + 1, round] as const))(
    "round %d: `up` interrupted, gone on with, interrupted again; `destroy` too; each converges",
    async (n, round) => {
        if (enough() || finished.some(f => f.round === n)) return;
        // What a round left that failed or was cut off.
        if (realOnes(cloud.recorded().resources).length > 0) await cloud.succeeds("destroy", stack);
        const rows: Row[] = [];
        const interrupt = async (operation: Row["operation"], moment: Moment) => {
            const under = await interrupted(cloud, operation, moment);
            if (under) rows.push({ round: n, operation, ...moment, under });
            console.info(
                `round ${n}, ${operation}: ${JSON.stringify(moment)}: ${under === undefined ? "was through before" : `under way: ${under.join(", ") || "nothing"}`}`,
            );
        };
        const seconds = async (operation: Row["operation"]): Promise<number> => {
            const start = Date.now(),
                { code, stdout, stderr } = await cloud.classroom(operation, stack);
            expect([code === 0 ? "" : `${stdout}${stderr}`, code]).toEqual(["", 0]);
            return Math.round((Date.now() - start) / 100) / 10;
        };
        for (const moment of round.up) await interrupt("up", moment);
        const upSeconds = await seconds("up");
        if (n === 1) await withoutState();
        expect(await cloud.classroom("up", stack)).toMatchObject({
            code: 0,
            stdout: expect.stringMatching(new RegExp(`^${RESOURCES} unchanged in `, "m")),
        });
        expect(await cloud.classroom("refresh", stack)).toMatchObject({
            code: 0,
            stdout: expect.stringContaining(`${RESOURCES} of ${RESOURCES} resources asked, none drifted`),
        });
        expect(await cloud.doubled()).toEqual([]);
        const onHosts = await cloud.onHosts();
        expect(onHosts).toBe(finished[0]?.onHosts ?? onHosts);
        for (const moment of round.destroy)
            if (realOnes(cloud.recorded().resources).length > 0) await interrupt("destroy", moment);
        const destroySeconds = await seconds("destroy");
        expect(cloud.recorded().resources.filter(r => r.custom)).toEqual([]);
        expect(await cloud.onHosts()).toBe("");
        finished.push({ round: n, rows, upSeconds, destroySeconds, onHosts });
        fs.writeFileSync(results, JSON.stringify(finished, undefined, 1));
    },
    30 * 60_000,
);

test("fifty interruptions of `up`, fifteen at least within a libvirt create or delete, and twenty of `destroy`", () => {
    expect({ counted: counted(), enough: enough() }).toEqual({ counted: counted(), enough: true });
});
