import type { ResourceHookArgs, ResourceHookFunction } from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import type { RunScript } from "../../clients/ssh";
import { onlyNewVolumes } from "../../components/new-volume";

const host: Connection = { name: "central", host: "192.0.2.1", port: 24, hostKey: "ssh-ed25519 AAAA", keyFile: "/key" };
const args = {
    name: "cloud-volume-node-vm-disk",
    newInputs: { pool: "machines", name: "volume-node.qcow2" },
} as unknown as ResourceHookArgs;

function hook(code: number): { ask: () => Promise<void>; said: string[] } {
    const said: string[] = [];
    const run: RunScript = async (_to, script) => {
        said.push(script);
        return { stdout: "", stderr: "", code };
    };
    const [first] = onlyNewVolumes(host, run, () => {
        said.push("closed");
    }).beforeCreate as ResourceHookFunction[];
    return {
        ask: async () => {
            await first!(args);
        },
        said,
    };
}

test("a volume that is there already is refused, with what to do", async () => {
    const { ask, said } = hook(0);
    await expect(ask()).rejects.toThrow(
        /volume-node\.qcow2 already exists in the pool machines of central\. .* needs an alias; else remove it: virsh vol-delete --pool machines volume-node\.qcow2/,
    );
    expect(said).toEqual([expect.stringContaining("vol-info --pool 'machines' 'volume-node.qcow2'"), "closed"]);
});

test("a new one is made, and no connection is left open", async () => {
    const { ask, said } = hook(1);
    await ask();
    expect(said[1]).toBe("closed");
});
