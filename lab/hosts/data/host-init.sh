#!/bin/bash
# First process of a physical host's namespaces: puts its root together, goes there, leaves the rest to host-main.
set -eu
read -r outer _ < /proc/self/stat
root=$LAB_DIR/$LAB_HOST/root
real=$LAB_DIR/$LAB_HOST
hostname "$LAB_HOST"

# A path may hold what ends a mount option: none is named in one.
(cd "$real" && mount -t overlay overlay -o lowerdir=/proc/self/fd/3,upperdir=upper,workdir=work root 3< "$LAB_ROOT")
mkdir -p "$root/srv/archive" "$root/srv/golden" "$root/srv/images" "$root/run"
# An overlay cannot carry another overlay's upper directory: the guests' roots lie on the machine's file system.
mount --bind "$real/libvirt" "$root/var/lib/libvirt"
readonly_bind() { mount --bind "$1" "$2"; mount -o remount,bind,ro "$2"; }
# The archive is every lab's, its signature this one's.
mount -t overlay overlay -o "ro,lowerdir=$LAB_SIGNATURES:$LAB_ARCHIVE" "$root/srv/archive"
readonly_bind "$LAB_GOLDEN" "$root/srv/golden"
readonly_bind "$LAB_IMAGES" "$root/srv/images"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir -p "$root/run/lab" "$root/run/sshd" "$root/var/log/lab"
mount --bind "$real/run" "$root/run/lab"
mount --bind "$real/log" "$root/var/log/lab"
(
    cd "$root/dev"
    mkdir pts shm net
    mknod -m 666 null c 1 3; mknod -m 666 zero c 1 5; mknod -m 666 full c 1 7
    mknod -m 666 random c 1 8; mknod -m 666 urandom c 1 9
    mknod -m 666 tty c 5 0; mknod -m 600 console c 5 1
    mknod -m 666 net/tun c 10 200; mknod -m 666 fuse c 10 229
    if [ "$LAB_KVM" = 1 ]; then mknod -m 666 kvm c 10 232; fi
    ln -s /proc/self/fd fd; ln -s pts/ptmx ptmx
    ln -s /proc/self/fd/0 stdin; ln -s /proc/self/fd/1 stdout; ln -s /proc/self/fd/2 stderr
)
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
# Where no systemd-machined is, every guest's libvirt makes this cgroup if it is missing: of two that start at once, one that
# fails takes it away with what the other one has in it.
parent_of_guests() {
    mkdir -p "$1/machine"
    for file in cpuset.cpus cpuset.mems; do [ ! -e "$1/machine/$file" ] || cat "$1/$file" > "$1/machine/$file"; done
}
if [ "$LAB_CGROUP_VERSION" = 2 ]; then
    mount -t cgroup2 cgroup "$root/sys/fs/cgroup"
    # Controllers can be handed to guests only from a cgroup without processes of its own.
    mkdir -p "$root/sys/fs/cgroup/daemons"
    echo 0 > "$root/sys/fs/cgroup/daemons/cgroup.procs"
    for c in $(cat "$root/sys/fs/cgroup/cgroup.controllers"); do echo "+$c" > "$root/sys/fs/cgroup/cgroup.subtree_control" || true; done
    # The same here; the children of this version have processors without being told.
    mkdir -p "$root/sys/fs/cgroup/machine"
else
    mount -t tmpfs -o mode=755 cgroup "$root/sys/fs/cgroup"
    while IFS=: read -r _ controllers _; do
        case $controllers in
            "") continue ;;
            name=*) dir=${controllers#name=}; options=none,$controllers ;;
            *) dir=$controllers; options=$controllers ;;
        esac
        mkdir "$root/sys/fs/cgroup/$dir"
        mount -t cgroup -o "$options" cgroup "$root/sys/fs/cgroup/$dir"
        case $controllers in name=*) ;; *) parent_of_guests "$root/sys/fs/cgroup/$dir" ;; esac
    done < /proc/self/cgroup
fi

install -d -m 700 "$root/root/.ssh"
install -m 600 "$LAB_DIR/operator.key.pub" "$root/root/.ssh/authorized_keys"
install -m 600 "$real/host.key" "$root/etc/ssh/ssh_host_ed25519_key"
install -m 644 "$real/host.key.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
install -m 644 "$LAB_DATA/sshd.conf" "$root/etc/ssh/sshd_config.d/lab.conf"
install -m 644 "$LAB_DATA/qemu.conf" "$LAB_DATA/libvirtd.conf" "$root/etc/libvirt/"
install -D -m 755 "$LAB_DATA/lxc-hook.sh" "$root/etc/libvirt/hooks/lxc"
# What every guest has below its own root; on the machine's file system, as an overlay's layers cannot have other ids.
install -D -m 755 "$LAB_DATA/guest-init.sh" "$real/guest/sbin/lab-init"
own=$root/usr/local/lib/classroom
mkdir -p "$own/guest"
readonly_bind "$real/guest" "$own/guest"
install -m 755 "$LAB_DATA/mount-root.py" "$own/mount-root"
install -m 755 "$LAB_DATA/guest-cgroups.sh" "$own/guest-cgroups"
mv "$root/usr/lib/libvirt/libvirt_lxc" "$own/libvirt_lxc"
install -m 755 "$LAB_DATA/lxc-controller.sh" "$root/usr/lib/libvirt/libvirt_lxc"
install -m 755 "$LAB_DATA/host-main.sh" "$root/usr/local/sbin/host-main"
install -m 644 "$real/hosts" "$root/etc/hosts"
echo "$LAB_HOST" > "$root/etc/hostname"
: > "$root/etc/resolv.conf"

# Only now may the lab's first process plug the cards in: the pid must be the machine's, from the machine's /proc.
echo "$outer" > "$LAB_DIR/run/$LAB_HOST.pid.new" && mv "$LAB_DIR/run/$LAB_HOST.pid.new" "$LAB_DIR/run/$LAB_HOST.pid"

cd "$root"
mkdir -p .machine
pivot_root . .machine
cd /
umount -l /.machine
rmdir /.machine
exec chroot / env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    LAB_HOST="$LAB_HOST" LAB_OCTET="$LAB_OCTET" LAB_IDS="$LAB_IDS" CLASSROOM_LAB="$CLASSROOM_LAB" CLASSROOM_LAB_DIR="$LAB_DIR" \
    /bin/bash /usr/local/sbin/host-main
