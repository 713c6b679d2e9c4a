#!/usr/bin/python3
"""mount-root DIR FIRST [LAYER...]: mounts the overlay of a guest's root at DIR/root.

It writes into DIR/upper, and lies on the LAYERs, the uppermost first, and then on the folders that DIR/lower names.
With another FIRST than 0 the ids 0 to 65535 of the files, upper ones included, are FIRST and so on through this mount:
on the disk nothing is another's for it, so that a golden root serves every range and a guest may get another one.
Nothing of the guest's is followed or written: what lies in its folders is mounted as it is.
"""
import ctypes
import os
import shutil
import struct
import sys
import tempfile

IDS = 65536
CLONE_NEWUSER = 0x10000000
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH = 1, 4
MOUNT_ATTR_IDMAP = 0x100000
MS_NODEV, MNT_DETACH = 4, 2
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 4

libc = ctypes.CDLL(None, use_errno=True)


def done(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def user_namespace(first):
    """A descriptor of a user namespace in which the ids from `first` are 0 and so on; its one process ends at once."""
    ready, made = os.pipe()
    wait, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        if libc.unshare(CLONE_NEWUSER) == 0:
            os.write(made, b"+")
            os.read(wait, 1)
        os._exit(0)
    os.close(made)
    try:
        if os.read(ready, 1) != b"+":
            raise OSError("the kernel gives no user namespaces")
        for kind in "uid", "gid":
            with open(f"/proc/{child}/{kind}_map", "w") as file:
                file.write(f"0 {first} {IDS}")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(end)
        os.waitpid(child, 0)


def attach(folder, place, namespace):
    """What is in `folder` at `place`, with the ids of the namespace."""
    tree = done(libc.syscall(OPEN_TREE, AT_FDCWD, folder.encode(), OPEN_TREE_CLONE | os.O_CLOEXEC), folder)
    attributes = struct.pack("QQQQ", MOUNT_ATTR_IDMAP, 0, 0, namespace)
    done(
        libc.syscall(MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH, attributes, len(attributes)),
        f"{folder} with other ids",
    )
    done(libc.syscall(MOVE_MOUNT, tree, b"", AT_FDCWD, place.encode(), MOVE_MOUNT_F_EMPTY_PATH), place)
    os.close(tree)


def overlay(root, lower, above, first):
    options = f"lowerdir={':'.join(lower)},upperdir={above}/upper,workdir={above}/work"
    # It writes for itself, too, as whoever mounts it: as an id that the layers have a place for. Powers are kept.
    done(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    libc.setfsgid(first)
    libc.setfsuid(first)
    # Devices of a guest's are those that its host makes in /dev.
    done(libc.mount(b"overlay", root.encode(), b"overlay", MS_NODEV, options.encode()), f"an overlay at {root}")


def with_range(root, lower, above, first):
    namespace = user_namespace(first)
    layers = tempfile.mkdtemp(dir="/run")
    attached = []
    try:
        for folder in [*lower, above]:
            place = os.path.join(layers, str(len(attached)))
            os.mkdir(place)
            attach(folder, place, namespace)
            attached.append(place)
        overlay(root, attached[:-1], attached[-1], first)
    finally:
        # The overlay holds what it needs of them.
        libc.setfsuid(0)
        libc.setfsgid(0)
        for place in attached:
            libc.umount2(place.encode(), MNT_DETACH)
        shutil.rmtree(layers)
    owner = os.stat(root).st_uid
    if owner != first:
        libc.umount2(root.encode(), MNT_DETACH)
        raise OSError(f"{root} is {owner}'s, not {first}'s")


def main(folder, first, *layers):
    with open(os.path.join(folder, "lower")) as file:
        lower = [*layers, *file.read().strip().split(":")]
    mount = with_range if int(first) else overlay
    mount(os.path.join(folder, "root"), lower, folder, int(first))


try:
    main(*sys.argv[1:])
except OSError as e:
    sys.exit(f"mount-root: {e.strerror or e}")
