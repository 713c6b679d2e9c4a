import { Mask } from "../../../../providers/guest/manifest/masks";

const mask = new Mask({ paths: ["/etc/nova/nova.conf"], lines: [] });

test.each([
    "/etc/mtab",
    "/etc/ld.so.cache",
    "/etc/keystone/fernet-keys/0",
    "/etc/libvirt/qemu/instance-00000001.xml",
    "/etc/lvm/backup",
    "/etc/iscsi/nodes",
    "/etc/lvm/archive/cinder-volumes_00001.vg",
    "/etc/systemd/system/multi-user.target.wants/nova-compute.service",
    "/root/.bash_history",
    "/etc/nova/nova.conf",
])("%s changes by itself, or is another resource's", path => {
    expect([mask.hidesAdded(path), mask.hidesGone(path), mask.hidesAll(path)]).toEqual([true, true, true]);
});

test.each(["/etc/cron.d/evil", "/etc/systemd/system/nova-compute.service", "/etc/apt/sources.list.d/evil.list"])(
    "%s is found where somebody adds it",
    path => expect(mask.hidesAdded(path)).toBe(false),
);

test.each(["/etc/nova/nova.conf.bak", "/etc/hosts.orig", "/etc/hosts.save.1", "/etc/alternatives/editor"])(
    "%s is people's own",
    path => expect([mask.hidesAdded(path), mask.hidesContent(path)]).toEqual([true, false]),
);

test.each([
    "/etc/default/nova-common",
    "/etc/default/mysql",
    "/etc/rabbitmq/conf.d/x.conf",
    "/etc/rabbitmq/rabbitmq-env.conf",
    "/etc/tgt/conf.d/cinder_tgt.conf",
    "/etc/systemd/system.control/nova-api.service.d/50-CPUQuota.conf",
    "/run/systemd/system.control/nova-api.service.d/50-CPUQuota.conf",
    "/etc/security/limits.d/x.conf",
])("%s, by which a service gets its environment or its limits, is found where it is added or another", path =>
    expect([mask.hidesAdded(path), mask.hidesContent(path)]).toEqual([false, false]),
);

test.each(["/etc/nova/rootwrap.d/compute.filters", "/etc/nova/policy.json", "/root/.bashrc"])(
    "%s is found where it is gone or another",
    path => expect([mask.hidesGone(path), mask.hidesContent(path)]).toEqual([false, false]),
);

test("of a file that another resource puts a part into, owner and mode count, its content does not", () => {
    expect([mask.hidesContent("/etc/hosts"), mask.hidesAll("/etc/hosts")]).toEqual([true, false]);
});
