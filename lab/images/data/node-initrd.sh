# Makes /out/vmlinuz and /out/initrd: the kernel of nodes that are virtual machines, and what leads to their disk.
. /data/modules.sh
start=/tmp/start
mkdir -p $start/bin $start/proc $start/sys $start/dev $start/root
cp /bin/busybox $start/bin/
ln -s busybox $start/bin/sh
modules $start/modules virtio_pci virtio_blk virtio_net virtio_rng virtio_console ext4
cp /data/node-init $start/init
chmod 755 $start/init
(cd $start && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 | gzip -1n) > /out/initrd
cp -L /kernel/vmlinuz /out/vmlinuz
