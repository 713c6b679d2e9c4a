# Makes /out/golden.qcow2 from /tree, the golden root with what only a virtual machine needs (an overlay: it is written to).
version=$(ls /kernel/lib/modules)
mkdir -p /tree/lib/modules
cp -r "/kernel/lib/modules/$version" /tree/lib/modules/
depmod --basedir /tree "$version"
install -D -m 755 /data/first-boot /tree/usr/lib/openstack-lab/first-boot
install -D -m 644 /data/first-boot.service /tree/lib/systemd/system/first-boot.service
mkdir -p /tree/etc/systemd/system/sysinit.target.wants
ln -sf /lib/systemd/system/first-boot.service /tree/etc/systemd/system/sysinit.target.wants/first-boot.service
# The initrd mounts the root already, for reading and writing.
: > /tree/etc/fstab
size=$(( $(du -sm /tree | cut -f1) + 3072 ))
truncate --size=${size}M /out/golden.raw
mkfs.ext4 -q -F -E lazy_itable_init=1,lazy_journal_init=1 -L golden -d /tree /out/golden.raw
qemu-img convert -f raw -O qcow2 /out/golden.raw /out/golden.qcow2
rm /out/golden.raw
