import { randomBytes } from "crypto";
import type { Server } from "../../clients/compute";
import { HttpError } from "../../clients/http";
import type { ServiceState } from "../../clients/service-state";
import { quote } from "../../clients/ssh";
import { messageOf } from "../../system/errors";
import { checkImage } from "./image";
import { type CheckedCloud, deadlines, NOT_ENDED, PREFIX } from "./cloud";
import { startOverEc2 } from "./ec2";
import { compareHostKey } from "./host-key";
import { Instances, type Reached, tutorial, type Using } from "./instances";
import { removeLeftovers, removeMade } from "./removal";
import { checkResize } from "./resize";
import { checkSnapshot } from "./snapshot";
import { checkAttach, checkVolumes } from "./volumes";
import { CheckInterrupted, type Waited, Waiting } from "./wait";
import { acceptance, type CheckId, chosenOf, type Kind, kinds } from "./which";

export interface CheckResult {
    id: string;
    title: string;
    result: "pass" | "fail" | "skip";
    detail: string;
    seconds: number;
    /** What it waited for, in its order. */
    waits: Waited[];
}

type How = { skip: string } | { check: (using: Using) => Promise<string> };

const onHost = ({ host }: Server): string => `ACTIVE${host ? ` on ${host}` : ""}`;

/** Nova of 2013 and cinder say it by 413, newer novas by 403; the dashboard repeats their words. */
const ofQuota = (e: unknown): string =>
    /quota|limit ?exceeded|maximum number of/i.test(messageOf(e)) &&
    (!(e instanceof HttpError) || [403, 413].includes(e.status))
        ? "the tenant's quota is too small: "
        : "";

/** One run of the tutorial's acceptance tests (T1–T12) against a cloud that is there. */
export class Checks {
    private readonly name = `${PREFIX}${randomBytes(4).toString("hex")}`;
    /** Kinds of which something may have been made. */
    private readonly made = new Set<Kind>();
    private instance: Server | undefined;
    private address: string | undefined;
    private sshWorks = false;

    /**
     * @param note tells what is waited for
     * @param patience seconds that a check waits for one thing at most; cleaning up always takes its time
     */
    constructor(
        private readonly cloud: CheckedCloud,
        private readonly note: (line: string) => void,
        private readonly signal?: AbortSignal,
        private readonly patience?: number,
    ) {}

    private making(kind: Kind): void {
        this.made.add(kind);
    }

    /** What one check works with: each has its own waits. */
    private using(id: CheckId): Using {
        const { cloud, signal, patience, name } = this,
            wait = new Waiting(cloud, line => this.note(`${id.padEnd(3)}  ${line}`), signal, patience);
        return { cloud, wait, instances: new Instances(cloud, wait, () => this.making("servers")), name };
    }

    private hows(): Readonly<Record<CheckId, How>> {
        return {
            T1: { check: using => checkImage(using, () => this.making("images")) },
            T2: { check: using => this.start(using) },
            T3: { check: using => this.startOnDashboard(using) },
            T4: { check: using => this.addresses(using) },
            T5: { check: using => this.ssh(using) },
            T6: { check: using => this.port(using) },
            T7: { check: using => checkSnapshot(using, this.entered(), () => this.making("images")) },
            T8: { check: using => checkVolumes(using, () => this.making("volumes")) },
            T9: { check: using => this.attach(using) },
            T10: { check: using => this.resize(using) },
            T11: this.cloud.ec2 ? { check: using => this.overEc2(using) } : { skip: "this release has no EC2 API" },
            T12: { check: using => this.services(using) },
        };
    }

    /**
     * Runs checks, side by side where none waits for the other, and hands each result to `done` in the order of their numbers. What was
     * made is removed afterwards, whatever happened.
     * @param only those that are wanted, with what they stand on ({@link chosenOf})
     * @throws CheckInterrupted when the signal came
     */
    async run(
        done: (result: CheckResult) => void,
        only: readonly CheckId[] = chosenOf(undefined),
    ): Promise<CheckResult[]> {
        const results: CheckResult[] = [],
            chosen = acceptance.filter(a => only.includes(a.id)),
            // Cleaning up is nobody's.
            wait = new Waiting(this.cloud, this.note, this.signal, this.patience);
        try {
            // What an earlier one left is in the way of those alone that make such things themselves.
            const makes: readonly Kind[] = chosen.flatMap(({ makes }: { makes: readonly Kind[] }) => makes);
            await removeLeftovers(
                this.cloud,
                wait,
                kinds.filter(kind => makes.includes(kind)),
            );
            const under = this.begin(chosen);
            try {
                for (const one of under) {
                    const result = await one;
                    results.push(result);
                    done(result);
                }
            } finally {
                await Promise.allSettled(under);
            }
        } finally {
            await removeMade(this.cloud, wait, [...this.made], this.name);
        }
        return results;
    }

    /** Begins checks, each after those that it waits for. */
    private begin(chosen: readonly (typeof acceptance)[number][]): Promise<CheckResult>[] {
        const hows = this.hows(),
            ends = new Map<string, Promise<CheckResult>>();
        for (const { id, title, needs, after } of chosen) {
            const one = async (): Promise<CheckResult> => {
                // By now all are in the map.
                await Promise.resolve();
                await Promise.allSettled([...needs, ...after].flatMap(before => ends.get(before) ?? []));
                return await this.result(id, title, hows[id]);
            };
            ends.set(id, one());
        }
        // An interruption ends several: the first is told.
        for (const end of ends.values()) end.catch(() => undefined);
        return [...ends.values()];
    }

    private async result(id: CheckId, title: string, how: How): Promise<CheckResult> {
        const using = this.using(id);
        using.wait.goOn();
        const start = this.cloud.now();
        const outcome =
            "skip" in how ? { result: "skip" as const, detail: how.skip } : await this.outcome(() => how.check(using));
        const seconds = Math.round((this.cloud.now() - start) / 100) / 10;
        return { id, title, ...outcome, seconds, waits: using.wait.taken() };
    }

    private async outcome(check: () => Promise<string>): Promise<Pick<CheckResult, "result" | "detail">> {
        try {
            return { result: "pass", detail: await check() };
        } catch (e) {
            if (e instanceof CheckInterrupted) throw e;
            return { result: "fail", detail: `${ofQuota(e)}${messageOf(e).replace(/\s*\n\s*/g, "; ")}` };
        }
    }

    /** T2 */
    private async start({ instances }: Using): Promise<string> {
        this.instance = await instances.active(await instances.create(this.name));
        return onHost(this.instance);
    }

    /** T3 */
    private async startOnDashboard({ wait, instances }: Using): Promise<string> {
        const { compute, dashboard, pages } = this.cloud,
            name = `${this.name}-web`,
            from = await instances.ingredients(tutorial.flavor);
        this.making("servers");
        await dashboard.send(pages.launch({ name, ...from }));
        const id = await wait.until(
            "nova lists the instance",
            deadlines.address,
            async () => (await compute.servers()).find(s => s.name === name)?.id,
        );
        const instance = await instances.active(id);
        await instances.drop(id);
        return onHost(instance);
    }

    private started(): Server {
        if (!this.instance) throw new Error("no instance: see T2");
        return this.instance;
    }

    private reached(): Reached {
        const instance = this.started();
        if (this.address === undefined) throw new Error("no floating address: see T4");
        return { instance, address: this.address };
    }

    private entered(): Reached {
        const reached = this.reached();
        if (!this.sshWorks) throw new Error("no ssh to the instance: see T5");
        return reached;
    }

    /** Id of another instance, of the smallest flavor, for a check that wants one beside the first. */
    private other({ instances }: Using, what: string): Promise<string> {
        return instances.create(`${this.name}-${what}`, tutorial.smallest);
    }

    /** T4 */
    private async addresses({ instances }: Using): Promise<string> {
        const { fixed, floating, pool } = await instances.addresses(this.started().id);
        this.address = floating;
        return `${fixed} from net1, ${floating} from ${pool}`;
    }

    /** T5 */
    private async ssh({ instances }: Using): Promise<string> {
        const { instance, address } = this.reached();
        // Verbose: it tells which host key the instance has.
        const { stdout, stderr } = await instances.run(address, "hostname", true);
        this.sshWorks = true;
        const hostname = stdout.trim();
        const key = compareHostKey(stderr, await this.cloud.compute.consoleLog(instance.id).catch(() => ""));
        return `root@${address} is "${hostname}"${hostname.split(".")[0] === instance.name ? "" : ", which is not the instance's name"}; ${key}`;
    }

    /** T6: a group of its own holds the rule, so that the tenant's groups stay as they are. */
    private async port({ wait }: Using): Promise<string> {
        const { compute } = this.cloud,
            { instance, address } = this.reached();
        const before = await this.probe(address);
        if (before.open) throw new Error(`port 80 is open before there is a rule for it (${before.seen})`);
        this.making("groups");
        const group = await compute.createSecurityGroup(this.name, "made by ./classroom check");
        await this.cloud.addSecurityGroup(instance.id, group.name);
        const rule = await compute.createRule(group.id, {
            protocol: "tcp",
            fromPort: 80,
            toPort: 80,
            cidr: "0.0.0.0/0",
        });
        const becomes = (wanted: boolean, what: string) =>
            wait.until(what, deadlines.port, async say => {
                const { open, seen } = await this.probe(address);
                say(seen);
                return open === wanted ? seen : undefined;
            });
        const seen = await becomes(true, "the rule opens port 80");
        await compute.deleteRule(rule.id);
        await becomes(false, "port 80 is closed again without the rule");
        return `closed, with the rule ${seen}, closed again`;
    }

    /** Whether packets reach the instance: one that refuses a connection was reached, a closed port is mute. */
    private async probe(address: string): Promise<{ open: boolean; seen: string }> {
        const { code, stderr } = await this.cloud.onApiNode(`bash -c '< "/dev/tcp/$0/80"' ${quote(address)}`, 4);
        if (code === 0) return { open: true, seen: "open" };
        if (/refused/i.test(stderr)) return { open: true, seen: "open (nothing listens there)" };
        if (code === NOT_ENDED) return { open: false, seen: "closed" };
        throw new Error(`port 80 of ${address} cannot be tried: ${stderr.trim().split("\n").pop() || `code ${code}`}`);
    }

    /** T9 */
    private async attach(using: Using): Promise<string> {
        const other = async () => using.instances.reached(await this.other(using, "other"), "the other instance");
        return await checkAttach(using, this.entered(), other, () => this.making("volumes"));
    }

    /** T10 */
    private async resize(using: Using): Promise<string> {
        return await checkResize(
            using,
            await using.instances.active(await this.other(using, "resized"), "the other instance"),
        );
    }

    /** T11 */
    private async overEc2({ wait }: Using): Promise<string> {
        return await startOverEc2(this.cloud, wait, this.name, () => this.making("servers"));
    }

    /** T12. A service reports every ten seconds, more slowly where it is emulated and busy: it is down only if it stays so. */
    private services({ wait }: Using): Promise<string> {
        const asked: [string, () => Promise<ServiceState[]>][] = [
            [
                "nova",
                () => {
                    this.cloud.compute.forget("services");
                    return this.cloud.compute.services();
                },
            ],
            ["cinder", () => this.cloud.volumes.services()],
        ];
        return wait.until("every service is up", deadlines.services, async say => {
            const wrong: string[] = [];
            let up = 0;
            for (const [name, ask] of asked) {
                try {
                    const all = await ask(),
                        down = all.filter(s => s.state !== "up");
                    if (all.length === 0) wrong.push(`${name} has no services`);
                    wrong.push(...down.map(s => `${s.binary} on ${s.host} is ${s.state}`));
                    up += all.length - down.length;
                } catch (e) {
                    wrong.push(`${name} could not be asked: ${messageOf(e)}`);
                }
            }
            say(wrong.join("; "));
            return wrong.length === 0 ? `${up} of nova and cinder` : undefined;
        });
    }
}
