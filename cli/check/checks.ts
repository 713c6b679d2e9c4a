import { createHash, randomBytes } from "crypto";
import * as fs from "fs";
import * as path from "path";
import type { Server } from "../../clients/compute";
import type { ServiceState } from "../../clients/service-state";
import { HttpError, isStatus } from "../../clients/http";
import { quote } from "../../clients/ssh";
import { Cidr } from "../../config/cidr";
import { messageOf } from "../../system/errors";
import { temporaryFolder } from "../../system/paths";
import { type CheckedCloud, deadlines, NOT_ENDED, PREFIX } from "./cloud";
import { startOverEc2 } from "./ec2";
import { compareHostKey } from "./host-key";
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

type How = { skip: string } | { check: () => Promise<string> };

/** One run of the tutorial's acceptance tests (T1–T12) against a cloud that is there. */
export class Checks {
    private readonly name = `${PREFIX}${randomBytes(4).toString("hex")}`;
    /** Kinds of which something may have been made. */
    private readonly made = new Set<Kind>();
    private instance: Server | undefined;
    private address: string | undefined;
    private readonly wait: Waiting;

    /**
     * @param note tells what is waited for
     * @param patience seconds that a check waits for one thing at most; cleaning up always takes its time
     */
    constructor(
        private readonly cloud: CheckedCloud,
        private readonly note: (line: string) => void,
        signal?: AbortSignal,
        patience?: number,
    ) {
        this.wait = new Waiting(cloud, note, signal, patience);
    }

    private hows(): Readonly<Record<CheckId, How>> {
        return {
            T1: { check: () => this.image() },
            T2: { check: () => this.start() },
            T3: { skip: "needs a browser" },
            T4: { check: () => this.addresses() },
            T5: { check: () => this.ssh() },
            T6: { check: () => this.port() },
            T7: { skip: "not done yet" },
            T8: { check: () => this.volume() },
            T9: { skip: "not done yet" },
            T10: { skip: "not done yet" },
            T11: this.cloud.ec2 ? { check: () => this.overEc2() } : { skip: "this release has no EC2 API" },
            T12: { check: () => this.services() },
        };
    }

    /**
     * Runs checks and hands each result to `done` as soon as it is there. What was made is removed afterwards,
     * whatever happened.
     * @param only those that are wanted, with what they stand on ({@link chosenOf})
     * @throws CheckInterrupted when the signal came
     */
    async run(
        done: (result: CheckResult) => void,
        only: readonly CheckId[] = chosenOf(undefined),
    ): Promise<CheckResult[]> {
        const results: CheckResult[] = [],
            hows = this.hows(),
            chosen = acceptance.filter(a => only.includes(a.id));
        try {
            // What an earlier one left is in the way of those alone that make such things themselves.
            const makes: readonly Kind[] = chosen.flatMap(({ makes }: { makes: readonly Kind[] }) => makes);
            await this.remove(
                kinds.filter(kind => makes.includes(kind)),
                true,
            );
            this.wait.taken();
            for (const { id, title } of chosen) {
                this.wait.goOn();
                const start = this.cloud.now(),
                    how = hows[id];
                const outcome =
                    "skip" in how ? { result: "skip" as const, detail: how.skip } : await this.outcome(how.check);
                const seconds = Math.round((this.cloud.now() - start) / 100) / 10;
                const result: CheckResult = { id, title, ...outcome, seconds, waits: this.wait.taken() };
                results.push(result);
                done(result);
            }
        } finally {
            await this.remove([...this.made], false);
        }
        return results;
    }

    private async outcome(check: () => Promise<string>): Promise<Pick<CheckResult, "result" | "detail">> {
        try {
            return { result: "pass", detail: await check() };
        } catch (e) {
            if (e instanceof CheckInterrupted) throw e;
            return { result: "fail", detail: messageOf(e).replace(/\s*\n\s*/g, "; ") };
        }
    }

    /** T1 */
    private async image(): Promise<string> {
        const { images } = this.cloud,
            dir = temporaryFolder("classroom-check-");
        try {
            const data = randomBytes(65536),
                file = path.join(dir, "image");
            fs.writeFileSync(file, data);
            this.made.add("images");
            const checksum = createHash("md5").update(data).digest("hex");
            const { id } = await images.upload({
                name: this.name,
                diskFormat: "raw",
                containerFormat: "bare",
                isPublic: false,
                file,
                size: data.length,
                checksum,
            });
            await this.wait.until("the image is active", deadlines.image, async say => {
                const image = await images.get(id);
                say(image.status);
                if (["killed", "deleted"].includes(image.status)) throw new Error(`the image is ${image.status}`);
                if (image.status !== "active") return undefined;
                if (image.checksum !== checksum)
                    throw new Error(`the image's checksum is ${image.checksum}, that of what was sent is ${checksum}`);
                return true;
            });
            await images.delete(id);
            await this.wait.gone("the image", () => images.get(id));
            return "uploaded, active, deleted";
        } finally {
            fs.rmSync(dir, { recursive: true, force: true });
        }
    }

    /** T2 */
    private async start(): Promise<string> {
        const { compute, images } = this.cloud;
        // Beside the one that can be started there may be others of its name.
        const named = (await images.list()).filter(i => i.name === "cirros-0.3.0"),
            image = named.find(i => i.status === "active");
        if (!image)
            throw new Error(
                named[0]
                    ? `the image cirros-0.3.0 is ${named[0].status}, not active`
                    : "the cloud has no image cirros-0.3.0",
            );
        const flavor = (await compute.flavors()).find(f => f.name === "x1.tiny");
        if (!flavor) throw new Error("the cloud has no flavor x1.tiny");
        const { name: keyName } = await compute.keypair("gridka-api-node");
        this.made.add("servers");
        const id = await compute.createServer({
            name: this.name,
            imageId: image.id,
            flavorId: flavor.flavorId,
            keyName,
        });
        this.instance = await this.wait.until("the instance is ACTIVE", deadlines.instance, async say => {
            const server = await compute.server(id);
            say(server.status);
            if (server.status === "ERROR")
                throw new Error(`the instance is in ERROR: ${server.fault?.message ?? "nova does not say why"}`);
            return server.status === "ACTIVE" ? server : undefined;
        });
        return `ACTIVE${this.instance.host ? ` on ${this.instance.host}` : ""}`;
    }

    private started(): Server {
        if (!this.instance) throw new Error("no instance: see T2");
        return this.instance;
    }

    private reached(): { instance: Server; address: string } {
        const instance = this.started();
        if (this.address === undefined) throw new Error("no floating address: see T4");
        return { instance, address: this.address };
    }

    /** T4 */
    private async addresses(): Promise<string> {
        const { compute } = this.cloud,
            { id } = this.started();
        // Labels are not unique, and one of IPv6 alone has no addresses of these.
        const networks = (await compute.networks()).filter(n => n.label === "net1" && n.cidr !== "");
        if (networks.length === 0) throw new Error("the cloud has no network net1");
        return await this.wait.until(
            "the instance has a fixed and a floating address",
            deadlines.address,
            async say => {
                const own = (await compute.server(id)).addresses.net1 ?? [];
                const fixed = own.find(a => networks.some(n => Cidr.parse(n.cidr).contains(a.addr)))?.addr;
                // The tenant's own list leaves out those that were assigned by themselves; the whole cloud's has them.
                compute.forget("floating");
                const floating = (await compute.floatingAddresses()).find(f => f.instance_uuid === id);
                this.address = floating?.address;
                say(`${fixed ?? "no address from net1"}, ${this.address ?? "no floating address"}`);
                return fixed !== undefined && floating
                    ? `${fixed} from net1, ${floating.address} from ${floating.pool}`
                    : undefined;
            },
        );
    }

    /** T5 */
    private async ssh(): Promise<string> {
        const { instance, address } = this.reached();
        // Verbose: it tells which host key the instance has.
        const command = `ssh -v -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ${quote(`root@${address}`)} hostname`;
        const { stdout, stderr } = await this.wait.until(`ssh to root@${address}`, deadlines.ssh, async say => {
            const answer = await this.cloud.onApiNode(command, 20);
            if (answer.code === 0) return answer;
            const words = answer.stderr
                .split("\n")
                .map(l => l.trim())
                .filter(
                    l =>
                        l !== "" && !/^(debug\d|OpenSSH_|Warning: Permanently|Authenticated|Transferred|Bytes)/.test(l),
                );
            say(words.pop() ?? `ssh ended with code ${answer.code}`);
            return undefined;
        });
        const hostname = stdout.trim();
        const key = compareHostKey(stderr, await this.cloud.compute.consoleLog(instance.id).catch(() => ""));
        return `root@${address} is "${hostname}"${hostname.split(".")[0] === instance.name ? "" : ", which is not the instance's name"}; ${key}`;
    }

    /** T6: a group of its own holds the rule, so that the tenant's groups stay as they are. */
    private async port(): Promise<string> {
        const { compute } = this.cloud,
            { instance, address } = this.reached();
        const before = await this.probe(address);
        if (before.open) throw new Error(`port 80 is open before there is a rule for it (${before.seen})`);
        this.made.add("groups");
        const group = await compute.createSecurityGroup(this.name, "made by ./classroom check");
        await this.cloud.addSecurityGroup(instance.id, group.name);
        const rule = await compute.createRule(group.id, {
            protocol: "tcp",
            fromPort: 80,
            toPort: 80,
            cidr: "0.0.0.0/0",
        });
        const becomes = (wanted: boolean, what: string) =>
            this.wait.until(what, deadlines.port, async say => {
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

    /** T8 */
    private async volume(): Promise<string> {
        const { volumes } = this.cloud;
        // After a restart cinder gives a service no work until that has reported itself again, and told the scheduler what it has.
        await this.wait.until("cinder's services are up", deadlines.services, async say => {
            const down = (await volumes.services()).filter(s => s.state !== "up");
            const unknown = down.length === 0 && (await volumes.pools())?.length === 0;
            say(
                unknown
                    ? "cinder-scheduler knows of no pool"
                    : down.map(s => `${s.binary} on ${s.host} is ${s.state}`).join("; "),
            );
            return (down.length === 0 && !unknown) || undefined;
        });
        this.made.add("volumes");
        const { id } = await volumes.create(this.name, 1);
        await this.wait.until("the volume is available", deadlines.volume, async say => {
            const { status } = await volumes.get(id);
            say(status);
            if (status.startsWith("error"))
                throw new Error(
                    `the volume is in state ${status}: is cinder-volume up, and is there room in its volume group?`,
                );
            return status === "available" ? true : undefined;
        });
        await volumes.delete(id);
        await this.wait.gone("the volume", () => volumes.get(id));
        return "1 GiB: available, deleted";
    }

    /** T11 */
    private async overEc2(): Promise<string> {
        return await startOverEc2(this.cloud, this.wait, this.name, () => {
            this.made.add("servers");
        });
    }

    /** T12. A service reports every ten seconds, more slowly where it is emulated and busy: it is down only if it stays so. */
    private services(): Promise<string> {
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
        return this.wait.until("every service is up", deadlines.services, async say => {
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

    /** Removes what this run made, or all that earlier ones left. An instance goes before the group that it is in. */
    private async remove(wanted: readonly Kind[], leftovers: boolean): Promise<void> {
        const { compute, images, volumes } = this.cloud;
        const ways: Record<
            Kind,
            {
                list: () => Promise<{ id: string; name: string }[]>;
                drop: (id: string) => Promise<void>;
                look?: (id: string) => Promise<{ status: string }>;
            }
        > = {
            servers: {
                list: () => compute.servers(),
                drop: id => compute.deleteServer(id),
                look: id => compute.server(id),
            },
            groups: {
                list: () => {
                    compute.forget("groups");
                    return compute.securityGroups();
                },
                drop: id => compute.deleteSecurityGroup(id),
            },
            images: {
                list: () => {
                    images.forget();
                    return images.list();
                },
                drop: id => images.delete(id),
            },
            volumes: { list: () => volumes.list(), drop: id => this.dropVolume(id), look: id => volumes.get(id) },
        };
        for (const kind of kinds.filter(k => wanted.includes(k))) {
            const { list, drop, look } = ways[kind];
            let found = !leftovers;
            try {
                for (const { id, name } of (await list()).filter(o =>
                    leftovers ? o.name.startsWith(PREFIX) : o.name === this.name,
                )) {
                    if (leftovers) this.note(`removing what an earlier check left: ${kind.slice(0, -1)} ${name}`);
                    found = true;
                    await this.wait.until(
                        `${name} is deleted`,
                        deadlines.gone,
                        say => this.dropped(() => drop(id), say),
                        leftovers,
                    );
                    if (look) await this.wait.gone(name, () => look(id), leftovers);
                }
            } catch (e) {
                if (e instanceof CheckInterrupted) throw e;
                // Before the checks a service that is not there is told by its check.
                if (found)
                    this.note(`${kind} named ${PREFIX}… may be left (the next check removes them): ${messageOf(e)}`);
            }
        }
    }

    /** A service that fails by itself is asked again; what is no longer there is deleted. */
    private async dropped(drop: () => Promise<void>, say: (seen: string) => void): Promise<true | undefined> {
        try {
            await drop();
            return true;
        } catch (e) {
            if (isStatus(e, 404)) return true;
            if (!(e instanceof HttpError) || e.status < 500) throw e;
            say(e.message);
            return undefined;
        }
    }

    /** A volume that is being made cannot be deleted. */
    private async dropVolume(id: string): Promise<void> {
        const status = await this.wait.until(
            "the volume can be deleted",
            deadlines.volume,
            async say => {
                const { status } = await this.cloud.volumes.get(id);
                say(status);
                return status === "creating" ? undefined : status;
            },
            false,
        );
        if (status !== "deleting") await this.cloud.volumes.delete(id);
    }
}
