import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { StandIn } from "../../bench/stand-in";
import { drawn } from "../../cli/sabotage/choose";
import { DATA, entities } from "./entities";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-interrupted-")),
    file = path.join(dir, "image");
fs.writeFileSync(file, DATA);
afterAll(() => fs.rmSync(dir, { recursive: true }));

let open: StandIn[] = [];
afterEach(async () => {
    for (const cloud of open) await cloud.close();
    open = [];
});

/** A cloud, and what the engine has recorded of it: of what it does not hear the end it knows nothing. */
class Interrupted {
    readonly cloud = new StandIn();
    private readonly recorded = new Map<number, { id: string; outputs: object }>();
    constructor() {
        open.push(this.cloud);
        for (const host of ["a", "b"]) this.cloud.agent(host, "nova-compute");
    }

    /** One run, killed at a write; returns how many writes there were, or fails with what the run failed with. */
    async run(operation: "up" | "destroy", cut?: { write: number; done: boolean }): Promise<number> {
        const all = [...entities(this.cloud, this.cloud.client(), file).entries()];
        this.cloud.count();
        if (cut) this.cloud.cutAt(cut.write, cut.done);
        for (const [n, [handler, inputs]] of operation === "up" ? all : all.reverse()) {
            const known = this.recorded.get(n);
            if (operation === "up" && !known)
                this.recorded.set(n, (await handler.create(inputs)) as { id: string; outputs: object });
            if (operation === "destroy" && known) {
                await handler.delete(known.id, { ...inputs, ...known.outputs });
                this.recorded.delete(n);
            }
        }
        return this.cloud.writes;
    }
}

let whole: Record<string, unknown[]>, empty: Record<string, unknown[]>, writes: Record<"up" | "destroy", number>;
beforeAll(async () => {
    const never = new Interrupted(),
        up = await never.run("up");
    whole = never.cloud.contents();
    writes = { up, destroy: await never.run("destroy") };
    empty = never.cloud.contents();
    expect([up > 20, Object.keys(whole).length > 10, Object.keys(empty).sort()]).toEqual([
        true,
        true,
        ["/os-security-groups", "/os-services"],
    ]);
});

test.each(Array.from({ length: 20 }, (_, seed) => [seed]))(
    "seed %d: killed in `up`, gone on with and killed again, and in `destroy`: nothing is there twice, nothing is left",
    async seed => {
        const once = new Interrupted(),
            at = (n: number, of: number) => ({
                write: 1 + Math.floor(drawn(10 * seed + n) * of),
                done: drawn(10 * seed + n + 5) < 0.5,
            });
        const [first, second, third] = [at(0, writes.up - 2), at(1, 2), at(2, writes.destroy)];
        await expect(once.run("up", first)).rejects.toThrow("does not answer");
        await expect(once.run("up", second)).rejects.toThrow("does not answer");
        await once.run("up");
        expect(once.cloud.contents()).toEqual(whole);
        await expect(once.run("destroy", third)).rejects.toThrow("does not answer");
        await once.run("destroy");
        expect(once.cloud.contents()).toEqual(empty);
    },
);
