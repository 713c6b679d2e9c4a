import { type Answer, list, optional, text, yesOrNo } from "../../clients/answer";
import { typed } from "./host-networks";

/** Where libvirt's provider asks: the socket of libvirt's daemon, or of the one that stands in for it. */
export const LIBVIRT_SOCKET = "/var/run/libvirt/libvirt-sock";

/** The templates of a machine's AppArmor profile in Debian and Ubuntu, by driver of libvirt's. */
const TEMPLATES = "/etc/apparmor.d/libvirt/TEMPLATE";

/** A stack's needs of libvirt and KVM beyond their presence. */
export interface LibvirtWanted {
    drivers: readonly ("qemu" | "lxc")[];
    /** Storage pools by name, and their folders; none where there are no virtual machines. */
    pools: readonly { name: string; path: string }[];
    /** Whether machines are to have KVM of their own (`libvirtType: kvm`). */
    nested: boolean;
}

/** A host's answers about them. */
export const libvirtFields = {
    /** Whether there is {@link LIBVIRT_SOCKET}. */
    socket: yesOrNo,
    /** A storage pool's folder, and its name. */
    pool: list(text(/\/\S* \S.*/)),
    /** Missing AppArmor templates for a machine, if libvirt confines by them. */
    unconfinable: list(text(/apparmor_parser|\/[!-~]+/)),
    /** The kernel's module of KVM, and whether it nests. */
    nested: optional(text(/kvm_(?:intel|amd) [!-~]{1,8}/)),
};

/** Shell that answers with {@link libvirtFields}. */
export const libvirtScript = ({
    drivers,
}: LibvirtWanted): string => `if [ -S ${LIBVIRT_SOCKET} ]; then say socket yes; else say socket no; fi
if has virsh; then
    virsh -q -c qemu:///system pool-list --all --name 2> /dev/null | while read -r n; do
        [ -n "$n" ] || continue
        p=$(virsh -q -c qemu:///system pool-dumpxml "$n" 2> /dev/null | sed -n 's|.*<path>\\(/[^< ]*\\)</path>.*|\\1|p' | head -n 1)
        [ -z "$p" ] || say pool "$p $n"
    done
    # libvirt looks at each QEMU before it says what it can, which takes seconds: not where the kernel confines nothing.
    if grep -q Y /sys/module/apparmor/parameters/enabled 2> /dev/null && virsh -q -c qemu:///system capabilities 2> /dev/null | grep -q '<model>apparmor</model>'; then
        has apparmor_parser || say unconfinable apparmor_parser
        for f in ${drivers.map(driver => `${TEMPLATES}.${driver}`).join(" ")}; do [ -e "$f" ] || say unconfinable "$f"; done
    fi
fi
for m in kvm_intel kvm_amd; do f=/sys/module/$m/parameters/nested; [ ! -r "$f" ] || say nested "$m $(cat "$f")"; done`;

/** A sentence for each thing of them that is missing or in the way. */
export function libvirtLacks(wanted: LibvirtWanted, said: Answer<typeof libvirtFields>): string[] {
    const there = said.pool.map(line => {
        const [path, ...name] = line.split(" ");
        return { path: path!.replace(/(?!^)\/+$/, ""), name: name.join(" ") };
    });
    const [module, nests] = said.nested?.split(" ") ?? [];
    return [
        ...wanted.pools.flatMap(({ name, path }) => {
            const same = there.find(pool => pool.name === name),
                other = there.find(pool => pool.path === path && pool.name !== name);
            return [
                ...(same && same.path !== path
                    ? [
                          `its storage pool ${name} is to have the folder ${path}, but has ${same.path}: take that pool away (virsh pool-destroy ${name}; virsh pool-undefine ${name}), which leaves its files`,
                      ]
                    : []),
                ...(other
                    ? [
                          `the folder ${path} is to be the storage pool ${name}'s, but is that of the pool ${other.name}: take that pool away (virsh pool-destroy ${typed(other.name)}; virsh pool-undefine ${typed(other.name)}), which leaves its files`,
                      ]
                    : []),
            ];
        }),
        ...said.unconfinable.map(missing =>
            missing === "apparmor_parser"
                ? "its libvirt confines machines by AppArmor, but it has no apparmor_parser, without which none starts: apt-get install apparmor"
                : `its libvirt confines machines by AppArmor, but it has no ${missing}, without which none starts: apt-get install --reinstall -o Dpkg::Options::=--force-confmiss libvirt-daemon-system`,
        ),
        ...(wanted.nested && !/^[Y1]$/.test(nests ?? "")
            ? [
                  module === undefined
                      ? "its KVM does not say whether it nests (no /sys/module/kvm_intel or kvm_amd), which libvirtType: kvm needs: load that module, or let libvirtType be qemu"
                      : `its KVM gives machines none of their own (nested of ${module} is ${nests}), which libvirtType: kvm needs: write "options ${module} nested=1" into /etc/modprobe.d/kvm-nested.conf and load the module anew, or let libvirtType be qemu`,
              ]
            : []),
    ];
}
