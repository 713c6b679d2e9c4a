import { closedWays, otherWays } from "../../engine/leftovers";
import type { RecordedResource } from "../../engine/state";
import { libvirtWays } from "../../components/host-pair";
import { readSettings } from "../../config/settings";
import { hostKeys } from "../clients/keys";

const settings = {
    ...readSettings("team01", {
        number: 1,
        hosts: {
            central: {
                address: "a.example.org",
                hostKey: hostKeys.central,
                jump: { address: "b.example.org", hostKey: hostKeys.compute },
            },
            compute: { address: "c.example.org", hostKey: hostKeys.compute },
        },
    }),
    knownHosts: "/state/ssh/team01/known_hosts",
};
const provider = (name: string, uri: string): RecordedResource => ({
    urn: `urn:pulumi:team01::p::classroom:index:TeamCloud$classroom:index:HostPair$pulumi:providers:libvirt::${name}`,
    type: "pulumi:providers:libvirt",
    custom: true,
    inputs: { uri },
});

test("how the hosts are reached, by the names that the program gives their providers", () => {
    expect(libvirtWays(settings)).toEqual({
        "cloud-hosts-central":
            "qemu+ssh://root@central.classroom:24/system?sshauth=privkey&keyfile=%24%7BHOME%7D%2F.ssh%2Fid_rsa&knownhosts=%24%7BHOME%7D%2F.ssh%2Fknown_hosts",
        "cloud-hosts-compute":
            "qemu+ssh://root@c.example.org:24/system?sshauth=privkey&keyfile=%24%7BHOME%7D%2F.ssh%2Fid_rsa&knownhosts=%2Fstate%2Fssh%2Fteam01%2Fknown_hosts",
    });
});

test("a provider that is recorded with another way is found, and nothing else", () => {
    const ways = libvirtWays({ ...settings, sshAuth: "agent" }),
        known = ways["cloud-hosts-central"]!;
    const recorded = [
        provider("cloud-hosts-central", known),
        provider("cloud-hosts-compute", "qemu+ssh://root@c.example.org:24/system?keyfile=%2Fk&knownhosts=%2Fh"),
        provider("another", "qemu:///system"),
        { ...provider("cloud-hosts-compute", "x"), type: "libvirt:index/domain:Domain" },
    ];
    expect(otherWays(recorded, ways)).toEqual([recorded[1]]);
    expect(known).toContain("?sshauth=agent&");
});

test.each([
    [
        "as the program has it now",
        "root@c.example.org:24/system?sshauth=privkey&keyfile=K&knownhosts=H",
        "privkey",
        false,
    ],
    ["before how it is signed was recorded", "root@c.example.org:24/system?keyfile=K&knownhosts=H", "privkey", false],
    ["so, and the key has a passphrase since", "root@c.example.org:24/system?keyfile=K&knownhosts=H", "agent", false],
    [
        "with a key that has a passphrase since",
        "root@c.example.org:24/system?sshauth=privkey&keyfile=K&knownhosts=H",
        "agent",
        true,
    ],
    ["with another key", "root@c.example.org:24/system?sshauth=privkey&keyfile=other&knownhosts=H", "privkey", true],
    ["at another port", "root@c.example.org:22/system?sshauth=privkey&keyfile=K&knownhosts=H", "privkey", true],
    ["at another address", "root@d.example.org:24/system?sshauth=privkey&keyfile=K&knownhosts=H", "privkey", true],
] as const)("a way that was recorded %s is closed or leads there still", (_title, recorded, sshAuth, closed) => {
    const uri = `qemu+ssh://${recorded.replace("keyfile=K", "keyfile=%24%7BHOME%7D%2F.ssh%2Fid_rsa")}`;
    const found = closedWays([provider("cloud-hosts-compute", uri)], libvirtWays({ ...settings, sshAuth }));
    expect(found).toHaveLength(closed ? 1 : 0);
});
