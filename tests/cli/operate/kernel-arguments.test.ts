import { formerKernelArguments } from "../../../cli/operate/kernel-arguments";
import { destroy, preview, refresh, up } from "../../../cli/operate/operations";
import { kernelArguments } from "../../../components/virtual-machine";
import type { RecordedResource } from "../../../engine/state";

/** A domain as the state records it. */
const domain = (cmdlines: unknown, name = "volume-node", type = "qemu"): RecordedResource => ({
    urn: `urn:pulumi:lab::p::libvirt:index/domain:Domain::cloud-${name}-vm-domain`,
    type: "libvirt:index/domain:Domain",
    custom: true,
    id: "u",
    inputs: { name, type, ...(cmdlines !== undefined && { cmdlines }) },
});
/** As the program gives them: an object for each word. */
const given = (words: readonly string[]) =>
    words.map(word => {
        const at = word.indexOf("=");
        return at < 0 ? { _: word } : { [word.slice(0, at)]: word.slice(at + 1) };
    });
/** As the provider reads them: one object with all that have a value, one with the others. */
const read = (words: readonly string[]) => [
    Object.assign({}, ...given(words.filter(w => w.includes("="))).reverse()) as object,
    { _: words.filter(w => !w.includes("=")).join(" ") },
];
const reliable = (words: readonly string[]) => words.map(w => (w.startsWith("tsc=") ? "tsc=reliable" : w));
const told =
    "volume-node: its kernel is started with the arguments of an earlier version, with which it may be slow or have a wrong clock; make it anew with: ./classroom rebuild lab volume-node";

test("an emulated machine has its programs at fixed addresses, for QEMU translates them once then", () =>
    expect(kernelArguments("qemu")).toContain("norandmaps"));

test("an emulated machine does not count by its TSC; of one under KVM nothing is said", () => {
    expect(kernelArguments("qemu")).toContain("tsc=unstable");
    expect(kernelArguments("kvm").join(" ")).not.toContain("tsc");
    expect(kernelArguments("kvm")).toEqual(
        kernelArguments("qemu").filter(w => !["tsc=unstable", "norandmaps"].includes(w)),
    );
});

test.each<[string, RecordedResource, string[]]>([
    ["those of today", domain(given(kernelArguments("qemu"))), []],
    ["those of today, as the provider reads them", domain(read(kernelArguments("qemu"))), []],
    ["those of today, under KVM", domain(given(kernelArguments("kvm")), "volume-node", "kvm"), []],
    [
        "those of today, after a refresh",
        {
            ...domain([{ root: "/dev/vda" }, { _: "rw" }]),
            outputs: { cmdlines: read(kernelArguments("qemu")) },
        },
        [],
    ],
    ["a TSC called reliable", domain(given(reliable(kernelArguments("qemu")))), [told]],
    ["the same, as the provider reads them", domain(read(reliable(kernelArguments("qemu")))), [told]],
    ["an emulated machine's, under KVM", domain(given(kernelArguments("qemu")), "volume-node", "kvm"), [told]],
    ["fewer words", domain(given(kernelArguments("qemu").slice(1))), [told]],
    ["a kernel on its own disk", domain(undefined), []],
    ["none", domain([]), []],
    ["a golden clone, which never runs", domain(given(reliable(kernelArguments("qemu"))), "volume-node-golden"), []],
    ["what is no machine", { ...domain(given(["x"])), type: "libvirt:index/network:Network" }, []],
])("%s", (_what, resource, said) => {
    expect(formerKernelArguments("lab", [resource])).toEqual(said);
});

test.each([
    [up(), true],
    [preview, true],
    [refresh, true],
    [destroy, undefined],
])("$name tells it, or not", ({ tells }, told) => {
    expect(tells).toBe(told);
});
