import { cgroupVersion, parseHierarchies } from "../../lab/hosts/cgroups";
import { chooseMirror, parseTargets } from "../../lab/hosts/debian-mirror";
import { checkLabName, readLabFacts } from "../../config/lab-settings";
import { checkMachine, needRoot, obstacles } from "../../lab/hosts/preflight";

test.each(["", "Lab", "a b", "-a", "a-", "../x", "a".repeat(33)])("%p is not a lab's name", name => {
    expect(() => checkLabName(name)).toThrow(`"${name}" cannot be a lab's name`);
});
test.each(["lab", "a", "team-01"])("%p is a lab's name", name => {
    expect(() => checkLabName(name)).not.toThrow();
});

test("a machine with hierarchies of version 1 beside its `unified` is of version 1", () => {
    const v1 =
        "cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
    expect(parseHierarchies(v1).map(h => [h.version, h.mountPoint])).toEqual([
        [1, "/sys/fs/cgroup/cpu"],
        [2, "/sys/fs/cgroup/unified"],
    ]);
    expect(cgroupVersion(parseHierarchies(v1))).toBe(1);
    expect(cgroupVersion(parseHierarchies("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"))).toBe(2);
});

test("the mirror is Debian's own archive, not its companions", () => {
    const text =
        "Docker|Docker CE|stable|http://third/\nDebian|Debian-Security|main|http://security/\nDebian|Debian|main|http://mirror/\n";
    expect(chooseMirror(parseTargets(text))).toBe("http://mirror/");
    expect(chooseMirror(parseTargets(""))).toBeUndefined();
});

const good = {
    uid: 0,
    memoryMiB: 24_000,
    memory: () => ({ availableMiB: 20_000, labs: [] }),
    freeMiB: () => 50_000,
    exists: () => true,
    fileSystems: "nodev\toverlay\n",
    freeInotify: () => 100,
};
test("what stands in the way of a lab is told with figures", () => {
    expect(obstacles(good)).toEqual([]);
    expect(() => needRoot({ uid: 1000 })).toThrow(
        /^a lab is made of .*, for which it must be root: run it with sudo; nothing was changed/,
    );
    expect(() => checkMachine({ ...good, uid: 1000, memoryMiB: 1 })).toThrow("must be root");
    expect(() => checkMachine({ ...good, memoryMiB: 2048, freeMiB: () => 1024 })).toThrow(
        /^this machine cannot carry a lab; nothing was changed:\n  memory: 2\.0 GiB, but a lab needs 8\.0 GiB\n  disk: 1\.0 GiB free for the cache \(\S+\), but a lab needs 6\.0 GiB\n  disk: 1\.0 GiB free for the state/,
    );
    expect(() => checkMachine(good)).not.toThrow();
    expect(obstacles({ ...good, memoryMiB: 2048 })).toEqual(["memory: 2.0 GiB, but a lab needs 8.0 GiB"]);
    expect(obstacles({ ...good, memory: () => ({ availableMiB: 2048, labs: [] }) })).toEqual([
        "memory: a lab takes up to 5.0 GiB, but 2.0 GiB are available",
    ]);
    expect(obstacles({ ...good, freeMiB: () => 1024 })).toHaveLength(2);
    expect(obstacles({ ...good, freeInotify: () => 38 })).toEqual([
        expect.stringMatching(
            /^inotify: root may open 38 more instances, but a lab needs 48; take another lab down, or let the limit be raised until the last lab is down: .*--raise-inotify$/,
        ),
    ]);
    expect(obstacles({ ...good, fileSystems: "", exists: p => p !== "/proc/modules" })).toEqual([
        "kernel: it has no overlay file system",
    ]);
});

test("what is no lab's name is part of no path", () => {
    expect(() => readLabFacts("../../x")).toThrow('lab: "../../x" cannot be a lab\'s name');
});
