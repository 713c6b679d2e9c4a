import { hostTools, Need, toolFields, toolLacks, toolScript } from "../../../cli/hosts/host-tools";
import { bareHost, withShell } from "./bare-host";

const needs = Object.keys(hostTools) as Need[],
    all = Object.values(hostTools).flat();

async function missingOn(programs: readonly string[], wanted: readonly Need[] = needs): Promise<string[]> {
    const host = bareHost(Object.fromEntries(programs.map(name => [name, "exit 1"])));
    try {
        return (await host.ask(withShell(toolScript(wanted)), toolFields)).missing;
    } finally {
        host.remove();
    }
}

test("a host that has every program lacks none", async () => {
    expect(await missingOn(all.map(({ programs }) => programs[0]))).toEqual([]);
});

test("a host that has none lacks each, once", async () => {
    expect(await missingOn([])).toEqual(all.map(({ programs }) => programs[0]));
});

test("one of several programs that do the same is enough", async () => {
    expect(await missingOn(["wget"], ["downloads"])).toEqual([]);
});

test("only what is needed is asked for", async () => {
    expect(await missingOn([], ["every host"])).toEqual(["ip", "iptables", "dnsmasq"]);
});

test("each has a sentence: what, what for, and the package that brings it", () => {
    expect(toolLacks(["genisoimage", "curl"])).toEqual([
        "it has no genisoimage, which makes the disk that tells a node its name: apt-get install genisoimage",
        "it has no curl and no wget, which fetches images and asks archives: apt-get install curl",
    ]);
});
