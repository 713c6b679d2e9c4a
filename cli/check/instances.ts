import type { Server } from "../../clients/compute";
import { isStatus } from "../../clients/http";
import { type ExecResult, quote } from "../../clients/ssh";
import { Cidr } from "../../config/cidr";
import { type CheckedCloud, deadlines } from "./cloud";
import type { Waiting } from "./wait";

/** What the tutorial has the user start instances of. */
export const tutorial = {
    image: "cirros-0.3.0",
    keypair: "gridka-api-node",
    flavor: "x1.tiny",
    smallest: "m1.tiny",
} as const;

/** What one is started from, by nova's and glance's names for it. */
interface Ingredients {
    imageId: string;
    flavorId: string;
    keyName: string;
}

/** An instance that the checks can work in. */
export interface Reached {
    instance: Server;
    address: string;
}

/** What a check of more than one step works with. */
export interface Using {
    cloud: CheckedCloud;
    wait: Waiting;
    instances: Instances;
    /** The names of what it makes begin with this. */
    name: string;
}

/** ssh's words of itself, which say nothing about what is wrong. */
const CHATTER = /^(debug\d|OpenSSH_|Warning: Permanently|Authenticated|Transferred|Bytes)/;

/** How the checks of one run start instances, and work in them from api-node. */
export class Instances {
    /** @param making told before there is one */
    constructor(
        private readonly cloud: CheckedCloud,
        private readonly wait: Waiting,
        private readonly making: () => void,
    ) {}

    /** @throws Error naming what the cloud lacks */
    async ingredients(flavor: string): Promise<Ingredients> {
        return { imageId: await this.image(), flavorId: await this.flavor(flavor), keyName: await this.keypair() };
    }

    private async image(): Promise<string> {
        // Beside the one that can be started there may be others of its name.
        const named = (await this.cloud.images.list()).filter(i => i.name === tutorial.image),
            image = named.find(i => i.status === "active");
        if (image) return image.id;
        throw new Error(
            named[0]
                ? `the image ${tutorial.image} is ${named[0].status}, not active`
                : `the cloud has no image ${tutorial.image}`,
        );
    }

    async flavor(name: string): Promise<string> {
        const flavor = (await this.cloud.compute.flavors()).find(f => f.name === name);
        if (!flavor) throw new Error(`the cloud has no flavor ${name}`);
        return flavor.flavorId;
    }

    private async keypair(): Promise<string> {
        try {
            return (await this.cloud.compute.keypair(tutorial.keypair)).name;
        } catch (e) {
            if (isStatus(e, 404)) throw new Error(`the cloud has no keypair ${tutorial.keypair}`);
            throw e;
        }
    }

    /**
     * Has nova make one.
     * @param imageId default: the tutorial's image
     * @returns its id
     */
    async create(name: string, flavor: string = tutorial.flavor, imageId?: string): Promise<string> {
        const from = await this.ingredients(flavor);
        this.making();
        return await this.cloud.compute.createServer({ name, ...from, ...(imageId !== undefined && { imageId }) });
    }

    /** Waits until it is ACTIVE. */
    active(id: string, what = "the instance"): Promise<Server> {
        return this.wait.until(`${what} is ACTIVE`, deadlines.instance, async say => {
            const server = await this.cloud.compute.server(id);
            say(server.status);
            if (server.status === "ERROR")
                throw new Error(`${what} is in ERROR: ${server.fault?.message ?? "nova does not say why"}`);
            return server.status === "ACTIVE" ? server : undefined;
        });
    }

    /** Waits until it has both its addresses. */
    async addresses(id: string): Promise<{ fixed: string; floating: string; pool: string }> {
        const { compute } = this.cloud;
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
                say(`${fixed ?? "no address from net1"}, ${floating?.address ?? "no floating address"}`);
                return fixed !== undefined && floating
                    ? { fixed, floating: floating.address, pool: floating.pool }
                    : undefined;
            },
        );
    }

    /** Waits until it is ACTIVE and has an address. */
    async reached(id: string, what: string): Promise<Reached> {
        const instance = await this.active(id, what);
        return { instance, address: (await this.addresses(id)).floating };
    }

    /**
     * Runs a command in an instance as root, by ssh from api-node, as soon as that works.
     * @param verbose ssh tells which host key the instance has
     */
    run(address: string, command: string, verbose = false): Promise<ExecResult> {
        const options = `${verbose ? "-v " : ""}-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null`;
        const script = `ssh ${options} ${quote(`root@${address}`)} ${quote(command)}`;
        return this.wait.until(`ssh to root@${address}`, deadlines.ssh, async say => {
            const answer = await this.cloud.onApiNode(script, 20);
            if (answer.code === 0) return answer;
            const words = answer.stderr
                .split("\n")
                .map(l => l.trim())
                .filter(l => l !== "" && !CHATTER.test(l));
            say(words.pop() ?? `ssh ended with code ${answer.code}`);
            return undefined;
        });
    }

    /** Takes one away that is no longer needed; the end of the checks waits until it is gone. */
    async drop(id: string): Promise<void> {
        await this.cloud.compute.deleteServer(id).catch((e: unknown) => {
            if (!isStatus(e, 404)) throw e;
        });
    }
}
