import type { Connection } from "../../clients/connection";
import { networkStateHandler } from "../../providers/machine/network-state";

const connection = { name: "host a" } as Connection;
const inputs = { connection, network: "nat", active: true };

/** A host with one network, which understands virsh. */
function host(state: { defined: boolean; active: boolean; spanningTree?: boolean }) {
    const commands: string[] = [];
    const handler = networkStateHandler(async (_c, script) => {
        const [verb] = /net-\w+/.exec(script)!;
        if (script.includes("net-define")) { commands.push("spanning tree off"); state.spanningTree = false; return { code: 0, stdout: "", stderr: "" }; }
        if (verb !== "net-info") commands.push(script.replace("virsh -q -c qemu:///system ", ""));
        if (!state.defined) return { code: 1, stdout: "", stderr: "error: failed to get network 'nat'\nerror: Network not found: no network with matching name 'nat'\n" };
        if (verb === "net-start") state.active = true;
        const say = (b: boolean) => b ? "yes" : "no";
        return { code: 0, stderr: "", stdout: `Name:           nat\nActive:         ${say(state.active)}\nPersistent:     yes\n<network>\n  <bridge name='br-nat'${state.spanningTree === false ? " stp='off'" : ""} delay='0'/>\n` };
    });
    return { state, commands, handler };
}

test("a network that runs already is left alone", async () => {
    const { handler, commands } = host({ defined: true, active: true });
    expect((await handler.create(inputs)).id).toBe("host a/nat");
    expect(commands).toEqual([]);
});

test("a stopped one is found and started", async () => {
    const { handler, commands, state } = host({ defined: true, active: false });
    expect(await handler.read("", inputs)).toEqual({ ...inputs, active: false });
    await handler.update("", inputs, inputs);
    expect(commands).toEqual(["net-start nat"]);
    expect(state).toEqual({ defined: true, active: true });
});

test("a spanning tree that is on, as libvirt's default has it, is found and turned off", async () => {
    const wanted = { ...inputs, spanningTree: false };
    const { handler, commands } = host({ defined: true, active: true });
    expect(await handler.read("", wanted)).toEqual({ ...wanted, spanningTree: true });
    await handler.update("", wanted, wanted);
    expect(commands).toEqual(["spanning tree off"]);
    expect(await handler.read("", wanted)).toEqual(wanted);
});

test("one that is not defined is gone; making it run is an error with both names", async () => {
    const { handler } = host({ defined: false, active: false });
    expect(await handler.read("", inputs)).toBeUndefined();
    await expect(handler.create(inputs)).rejects.toThrow("host a: there is no network nat");
});

test("any other failure of virsh is not taken for a network that is gone", async () => {
    const handler = networkStateHandler(async () => ({ code: 1, stdout: "", stderr: "error: failed to connect to the hypervisor\n" }));
    await expect(handler.read("", inputs)).rejects.toThrow("network nat cannot be asked: error: failed to connect");
});
