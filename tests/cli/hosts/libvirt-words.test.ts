import type { EngineEvent } from "@pulumi/pulumi/automation";
import { withAdvice } from "../../../cli/hosts/libvirt-words";
import { Renderer } from "../../../cli/operate/events";

const said = "error creating libvirt network: internal error: Network is already in use by interface virbr0";

test("a nat network whose range libvirt's own default has: how that is taken away, and the key of another range", () => {
    expect(withAdvice("cloud-net-central-nat", said)).toBe(
        `${said}; the range of the network nat is that of virbr0 on this host already. ` +
            "Where that is libvirt's own network default (192.168.122.0/24, as the tutorial's), take it away there: virsh net-destroy default; virsh net-autostart default --disable. Otherwise give networks.nat another range",
    );
});

test("the public network: its own key, and the one of the range in it", () => {
    expect(withAdvice("cloud-net-central-public", said)).toMatch(
        /; the range of the network public is that of virbr0 on this host already\. Give networks\.public another range \(and networks\.floating one in it\)$/,
    );
});

test.each([
    ["cloud-net-central-nat", "error creating libvirt network: permission denied"],
    ["cloud-db-node-vm-domain", said],
])("%s: other words stay as they are", (resource, words) => {
    expect(withAdvice(resource, words)).toBe(words);
});

test("it is what an operation says", () => {
    const lines: string[] = [];
    const renderer = new Renderer(line => lines.push(line), { name: "up", reading: "changes" });
    const urn = "urn:pulumi:team01::p::libvirt:index/network:Network::cloud-net-compute-nat";
    renderer.handle({
        sequence: 1,
        timestamp: 1,
        diagnosticEvent: { urn, severity: "error", message: said, prefix: "", color: "never" },
    } as unknown as EngineEvent);
    expect(lines.join("")).toBe(`error cloud-net-compute-nat: ${withAdvice("cloud-net-compute-nat", said)}`);
});
