import * as fs from "fs";
import * as path from "path";
import { Command } from "commander";
import { connectionOf } from "../../cli/stack/reach";
import { addStatusCommand, statusOf } from "../../cli/status";
import { stateFile } from "../../engine/stack-store";
import { ownState } from "../system/own-state";

ownState("classroom-status-");

const node = { name: "db-node", host: "192.168.122.3", port: 22, hostKey: "ssh-ed25519 AAAA", keyFile: "/k" };
/** Makes a state of the lab's stack. */
function record(resources: object[]): void {
    fs.mkdirSync(path.dirname(stateFile("lab")), { recursive: true });
    fs.writeFileSync(stateFile("lab"), JSON.stringify({ checkpoint: { latest: { resources } } }));
}

test("a stack that was never used", () => {
    expect(statusOf("lab")).toEqual({
        stack: "lab",
        resources: 0,
        components: {},
        unfinished: 0,
        outputs: {},
        lab: { name: "lab", up: false },
    });
    expect(() => connectionOf("lab", "db-node")).toThrow(
        "the state of stack lab knows no nodes yet (only the hosts central, compute); make them with: ./classroom up lab",
    );
    expect(() => statusOf("../x")).toThrow('there is no stack "../x"');
});

test("after an `up` that failed, a node is known by a resource in it", () => {
    const resource = { urn: "urn:pulumi:lab::p::t::a", type: "t:index:T", custom: true };
    record([
        { ...resource, inputs: { connection: { ...node, name: "host 192.0.2.1" } } },
        { ...resource, inputs: { connection: node } },
        { ...resource, inputs: { connection: "x" } },
    ]);
    expect(connectionOf("lab", "db-node")).toEqual(node);
    expect(() => connectionOf("lab", "api-node")).toThrow("there are central, compute, db-node");
    fs.rmSync(stateFile("lab"));
});

test("resources are counted for the part of the cloud that they are in, secrets are not shown", () => {
    const urn = (name: string) => `urn:pulumi:lab::p::t::${name}`;
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" };
    const resource = (name: string, custom: boolean, parent?: string) => ({
        urn: urn(name),
        type: "t:index:T",
        custom,
        ...(parent && { parent: urn(parent) }),
    });
    record([
        {
            ...resource("p-lab", false),
            type: "pulumi:pulumi:Stack",
            outputs: { nodes: { "db-node": node }, password: secret },
        },
        resource("cloud", false, "p-lab"),
        resource("cloud-db", false, "cloud"),
        resource("cloud-db-guest", false, "cloud-db"),
        resource("a", true, "cloud-db-guest"),
        resource("b", true, "cloud-db"),
        resource("c", true, "cloud"),
    ]);
    expect(statusOf("lab")).toMatchObject({
        resources: 3,
        components: { "cloud-db": 2, cloud: 1 },
        outputs: { nodes: { "db-node": node }, password: "[secret]" },
    });
    expect(connectionOf("lab", "db-node")).toEqual(node);
    expect(() => connectionOf("lab", "web-node")).toThrow(
        'stack lab has no machine "web-node"; there are central, compute, db-node',
    );
});

test("of several stacks a line each is said, in this process", async () => {
    const printed: string[] = [];
    jest.spyOn(console, "log").mockImplementation(line => void printed.push(String(line)));
    const cli = new Command().enablePositionalOptions();
    addStatusCommand(cli);
    await cli.parseAsync(["status", "team01", "team02"], { from: "user" });
    await cli.parseAsync(["status", "team02", "team01", "--json"], { from: "user" });
    jest.restoreAllMocks();
    const [table, ...events] = printed;
    expect(table!.split("\n")).toEqual([
        "team    resources  last operation  lab",
        "team01  0          none yet",
        "team02  0          none yet",
    ]);
    expect(events.map(line => JSON.parse(line) as unknown)).toMatchObject([
        { event: "end", stack: "team02", exitCode: 0, result: { resources: 0 } },
        { event: "end", stack: "team01", exitCode: 0 },
        { event: "all", exitCode: 0 },
    ]);
    process.exitCode = undefined;
});
