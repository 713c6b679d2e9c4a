import { libvirtFields, libvirtLacks, libvirtScript, type LibvirtWanted } from "../../../cli/hosts/host-libvirt";
import type { Answer } from "../../../clients/answer";
import { pools } from "../../../components/golden-image";
import { bareHost, withShell } from "./bare-host";

type Said = Answer<typeof libvirtFields>;
const wanted: LibvirtWanted = { drivers: ["qemu", "lxc"], pools: Object.values(pools), nested: true };
const nothing: Said = { socket: true, pool: [], unconfinable: [], nested: "kvm_intel Y" };
const lacks = (said: Partial<Said>, own: Partial<LibvirtWanted> = {}) =>
    libvirtLacks({ ...wanted, ...own }, { ...nothing, ...said });

const ENABLED = "sys/module/apparmor/parameters/enabled";
async function said(programs: Record<string, string>, files: Record<string, string> = {}): Promise<Said> {
    const host = bareHost(programs);
    try {
        for (const [file, text] of Object.entries({ [ENABLED]: "Y\n", ...files })) host.put(file, text);
        const found = await host.ask(withShell(libvirtScript(wanted)), libvirtFields);
        return { ...found, unconfinable: found.unconfinable.map(file => file.replace(host.dir, "")) };
    } finally {
        host.remove();
    }
}
const virsh = (capabilities: string) => `case $* in
*pool-list*) printf 'default\\nmy pool\\n\\n' ;;
*pool-dumpxml\\ default) printf '<pool>\\n<target>\\n    <path>/var/lib/images</path>\\n' ;;
*pool-dumpxml*) echo '<target><path>/srv/images/</path></target>' ;;
*capabilities) printf '%s\\n' "${capabilities}" ;;
esac`;
const apparmor = virsh("<secmodel>\n<model>apparmor</model>");

test("pools, and what AppArmor is without, where libvirt confines by it", async () => {
    expect(await said({ virsh: apparmor })).toEqual({
        socket: false,
        pool: ["/var/lib/images default", "/srv/images/ my pool"],
        unconfinable: [
            "apparmor_parser",
            "/etc/apparmor.d/libvirt/TEMPLATE.qemu",
            "/etc/apparmor.d/libvirt/TEMPLATE.lxc",
        ],
        nested: undefined,
    });
});

test("AppArmor that has all it needs, and a libvirt that does without it", async () => {
    const files = {
        "etc/apparmor.d/libvirt/TEMPLATE.qemu": "",
        "etc/apparmor.d/libvirt/TEMPLATE.lxc": "",
    };
    expect((await said({ virsh: apparmor, apparmor_parser: "" }, files)).unconfinable).toEqual([]);
    expect((await said({ virsh: virsh("<model>dac</model>") })).unconfinable).toEqual([]);
    expect((await said({ virsh: apparmor }, { [ENABLED]: "N\n" })).unconfinable).toEqual([]);
});

test("whether KVM nests is the kernel's to say", async () => {
    const { nested } = await said({}, { "sys/module/kvm_amd/parameters/nested": "1\n" });
    expect(nested).toBe("kvm_amd 1");
});

test("a pool of that name in another folder, and a folder that is another pool's", () => {
    expect(lacks({ pool: ["/data machines", "/srv/images/ my images"] })).toEqual([
        "the folder /srv/images is to be the storage pool golden's, but is that of the pool my images: take that pool away (virsh pool-destroy 'my images'; virsh pool-undefine 'my images'), which leaves its files",
        "its storage pool machines is to have the folder /var/lib/libvirt/machines, but has /data: take that pool away (virsh pool-destroy machines; virsh pool-undefine machines), which leaves its files",
    ]);
});

test("pools as the stack makes them, and others beside them, are in nobody's way", () => {
    expect(lacks({ pool: ["/srv/images golden", "/var/lib/libvirt/machines machines", "/x default"] })).toEqual([]);
    expect(lacks({ pool: ["/data machines"] }, { pools: [] })).toEqual([]);
});

test("what AppArmor is without: the package that brings it", () => {
    expect(lacks({ unconfinable: ["apparmor_parser", "/etc/apparmor.d/libvirt/TEMPLATE.qemu"] })).toEqual([
        "its libvirt confines machines by AppArmor, but it has no apparmor_parser, without which none starts: apt-get install apparmor",
        "its libvirt confines machines by AppArmor, but it has no /etc/apparmor.d/libvirt/TEMPLATE.qemu, without which none starts: apt-get install --reinstall -o Dpkg::Options::=--force-confmiss libvirt-daemon-system",
    ]);
});

test.each([
    ["kvm_intel Y", 0],
    ["kvm_amd 1", 0],
    ["kvm_intel N", 1],
    ["kvm_amd 0", 1],
    [undefined, 1],
])("nested %s: %s findings where it is wanted, none where it is not", (nested, findings) => {
    expect(lacks({ nested })).toHaveLength(findings);
    expect(lacks({ nested }, { nested: false })).toEqual([]);
});

test("KVM that does not nest: both ways out", () => {
    expect(lacks({ nested: "kvm_intel N" })).toEqual([
        'its KVM gives machines none of their own (nested of kvm_intel is N), which libvirtType: kvm needs: write "options kvm_intel nested=1" into /etc/modprobe.d/kvm-nested.conf and load the module anew, or let libvirtType be qemu',
    ]);
});

test.each(["say pool 'relative x'", "say unconfinable '; reboot'", "say nested 'kvm Y'", "say nested 'kvm_amd Y Y'"])(
    "%s is no answer",
    async script => {
        const host = bareHost({});
        try {
            await expect(host.ask(`say socket no; ${script}`, libvirtFields)).rejects.toThrow(
                /^host a: its answer is not understood: /,
            );
        } finally {
            host.remove();
        }
    },
);
