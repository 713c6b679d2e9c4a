# Makes /out/instance.qcow2: a FAT disk with syslinux, Debian's cloud kernel and a system that is whole in its initrd;
# /home/cirros alone is on the disk, and in a snapshot of it.
. /data/modules.sh
system=/tmp/system
mkdir -p $system/bin $system/sbin $system/etc $system/proc $system/sys $system/dev $system/run $system/tmp $system/root $system/home/cirros $system/boot $system/www/cgi-bin $system/var/log
cp /bin/busybox $system/bin/
for applet in $(busybox --list); do [ -e "$system/bin/$applet" ] || ln -s busybox "$system/bin/$applet"; done
# The static busybox crashes where it looks up a host, numbers included: what goes to the network is the dynamic one.
cp /busybox/bin/busybox $system/bin/busybox-net
for applet in wget nc; do ln -sf busybox-net "$system/bin/$applet"; done
ln -s ../bin/busybox $system/sbin/init
ln -s sbin/init $system/init
modules $system/modules virtio_pci virtio_blk virtio_net virtio_rng button evdev vfat nls_cp437 nls_ascii
cp /usr/sbin/dropbear /usr/bin/dropbearkey $system/bin/
ldd /usr/sbin/dropbear /usr/bin/dropbearkey /busybox/bin/busybox | awk '/=> \//{print $3} $1 ~ /^\/lib/{print $1}' | sort -u | while read -r library; do
    mkdir -p "$system$(dirname "$library")"
    cp -L "$library" "$system$library"
done
cp -r /data/instance/. $system/
chmod -R u=rwX,go=rX $system
chmod 755 $system/etc/rc $system/etc/dhcp $system/etc/metadata $system/etc/power-button $system/www/cgi-bin/*
chmod 700 $system/root $system/home/cirros
(cd $system && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 | gzip -9n) > /tmp/initrd
truncate --size=$(( ($(stat -Lc %s /kernel/vmlinuz) + $(stat -c %s /tmp/initrd)) / 1048576 + 4 ))M /tmp/disk
mkfs.fat -n INSTANCE -i 20130826 --invariant /tmp/disk > /dev/null
syslinux --install /tmp/disk
export MTOOLS_SKIP_CHECK=1
mcopy -i /tmp/disk /kernel/vmlinuz ::vmlinuz
mcopy -i /tmp/disk /tmp/initrd ::initrd
mcopy -i /tmp/disk /data/syslinux.cfg ::syslinux.cfg
qemu-img convert -f raw -O qcow2 -c /tmp/disk /out/instance.qcow2
