import { emulated, withLab } from "../../config/lab-settings";
import { type Asked, choose, inWords, judge, machineCan, type MachineFacts } from "../../lab/hosts/machine";
import { silent } from "../../system/progress";

const args = { hostRoot: "/nonesuch/root", images: "/nonesuch" };
const facts: MachineFacts = {
    kvm: { boots: false, seen: "there is no /dev/kvm" },
    deviceMapper: false,
    cgroup: 1,
    systemd: false,
};
/** A machine with the files that are given, by name. */
const machine = (files: Record<string, string>, more: Partial<Asked> = {}): Asked => ({
    exists: file => file in files,
    read: file => files[file] ?? "",
    cgroup: 1,
    kernel: "6.1.0",
    trial: () => Promise.reject(new Error("there is nothing to try")),
    ...more,
});

test("a machine without anything: nothing is tried", async () => {
    expect(await machineCan(args, silent, machine({}))).toEqual(facts);
});

test.each([
    ["a device that starts a guest", { "/dev/kvm": "" }, { boots: true, seen: "Linux 6.1.0" }],
    ["a device that does not", { "/dev/kvm": "" }, { boots: false, seen: "no word of it within 8 s" }],
])("%s", async (_title, files, kvm) => {
    expect(await machineCan(args, silent, machine(files, { trial: () => Promise.resolve(kvm) }))).toEqual({
        ...facts,
        kvm,
    });
});

test.each([
    ["/proc/misc", "236 device-mapper\n183 hw_random\n"],
    ["/lib/modules/6.1.0/modules.dep", "kernel/drivers/md/dm-mod.ko.xz: kernel/x.ko\n"],
    ["/lib/modules/6.1.0/modules.builtin", "kernel/drivers/md/dm-mod.ko\n"],
])("device-mapper is told by %s", async (file, text) => {
    expect((await machineCan(args, silent, machine({ [file]: text }))).deviceMapper).toBe(true);
    expect(
        (
            await machineCan(
                args,
                silent,
                machine({ [file]: text.replace("device-mapper", "device-mapped").replace("dm-mod", "dm-raid") }),
            )
        ).deviceMapper,
    ).toBe(false);
});

test("systemd, and cgroups of version 2", async () => {
    expect(await machineCan(args, silent, machine({ "/run/systemd/system": "" }, { cgroup: 2 }))).toEqual({
        ...facts,
        systemd: true,
        cgroup: 2,
    });
});

const both = [false, true];
const every = both.flatMap(boots =>
    both.flatMap(deviceMapper =>
        ([1, 2] as const).flatMap(cgroup =>
            both.map(systemd => ({ kvm: { boots, seen: "…" }, deviceMapper, cgroup, systemd })),
        ),
    ),
);
test("of every machine: KVM where a guest starts, containers, and a kernel of its own for volume-node", () => {
    expect(every).toHaveLength(16);
    for (const can of every) {
        expect(choose(can)).toEqual({
            hypervisor: can.kvm.boots ? "kvm" : "qemu",
            machine: "container",
            nodes: { "volume-node": { kind: "vm" } },
        });
        expect(inWords({ can, choice: choose(can) })).toBe(
            `this machine: KVM ${can.kvm.boots ? "boots" : "does not boot"} a guest (…), cgroup v${can.cgroup}, ${can.deviceMapper ? "" : "no "}device-mapper, ` +
                `${can.systemd ? "" : "no "}systemd: seven containers, volume-node ${can.kvm.boots ? "on KVM" : "emulated"}`,
        );
    }
});

test("a guest is believed for a line of its own alone", () => {
    const line = "Kernel command line: console=ttyS0 rdinit=/bin/busybox -- uname -sr";
    expect(judge({ stdout: `[    0.000000] Linux version 6.1.0\r\n[    0.1] ${line}\r\n`, stderr: "" })).toEqual({
        boots: false,
        seen: "it ended without a word",
    });
    expect(
        judge({
            stdout: "[    1.0] Run /bin/busybox as init process\r\nLinux 6.1.0-50-cloud-amd64\r\n",
            stderr: "qemu-system-x86_64: terminating",
        }),
    ).toEqual({ boots: true, seen: "Linux 6.1.0-50-cloud-amd64" });
    const stderr =
        "qemu-system-x86_64: warning: host doesn't support requested feature\nqemu-system-x86_64: failed to initialize kvm: Permission denied\n";
    expect(judge({ stdout: "", stderr })).toEqual({
        boots: false,
        seen: "qemu-system-x86_64: failed to initialize kvm: Permission denied",
    });
});

test("a lab's key goes with the lab's archive, and with no other", () => {
    const host = { address: "192.0.2.1", port: 24, hostKey: "k" };
    const lab = {
        operatorKeyFile: "/k",
        knownHostsFile: "/h",
        hosts: { central: host, compute: host },
        archiveKey: "K",
    };
    const of = (own: Record<string, unknown>) => withLab({ lab: "lab", ...own }, () => lab);
    expect(of({ release: "ocata" })).toMatchObject({ archiveUrl: "http://192.168.122.1:8090/", archiveKey: "K" });
    expect(of({ release: "grizzly" })).not.toHaveProperty("archiveKey");
    expect(of({ archiveUrl: "http://a/" })).toMatchObject({ archiveUrl: "http://a/" });
    expect(of({ release: "ocata", archiveUrl: "http://a/" })).not.toHaveProperty("archiveKey");
    expect(of({ archiveUrl: "http://a/", archiveKey: "own" })).toMatchObject({ archiveKey: "own" });
});

test.each([
    ["its lab has", { first: 2013265920 }, 2013265920],
    ["the host has, where the machine gives none", { why: "no overlay" }, "host"],
    ["the host has, in a lab that was made before", undefined, "host"],
])("containers of a lab's stack have the ids that %s", (_title, ranges, expected) => {
    const host = { address: "192.0.2.1", port: 24, hostKey: "k" };
    const found = { operatorKeyFile: "/k", knownHostsFile: "/h", hosts: { central: host, compute: host }, ranges };
    expect(withLab({ lab: "lab" }, () => found).containerIds).toBe(expected);
    expect(withLab({ lab: "lab", containerIds: 524288 }, () => found).containerIds).toBe(524288);
});

test("a lab's stack takes hypervisor and kinds from its lab; what the stack says goes first", () => {
    const host = { address: "192.0.2.1", port: 24, hostKey: "k" };
    const lab = { operatorKeyFile: "/k", knownHostsFile: "/h", hosts: { central: host, compute: host } };
    const of = (choice: typeof emulated | undefined, own: Record<string, unknown> = {}) =>
        withLab({ lab: "lab", ...own }, () => ({ ...lab, ...(choice && { machine: { choice } }) }));
    expect(of({ ...emulated, hypervisor: "kvm" })).toMatchObject({
        hypervisor: "kvm",
        machine: "container",
        nodes: { "volume-node": { kind: "vm" } },
    });
    expect(of(undefined)).toMatchObject({
        hypervisor: "qemu",
        machine: "container",
        nodes: { "volume-node": { kind: "vm" } },
    });
    expect(of({ hypervisor: "kvm", machine: "vm", nodes: { "db-node": { kind: "container" } } })).toMatchObject({
        machine: "vm",
        nodes: { "db-node": { kind: "container" } },
    });
    expect(
        of(
            { ...emulated, hypervisor: "kvm" },
            { hypervisor: "qemu", machine: "vm", nodes: { "db-node": { power: "off" } } },
        ),
    ).toMatchObject({
        hypervisor: "qemu",
        machine: "vm",
        nodes: { "volume-node": { kind: "vm" }, "db-node": { power: "off" } },
    });
});
