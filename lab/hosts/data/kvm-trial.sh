# In the hosts' root: starts the lab's own kernel under $ACCEL as nodes are started, and has busybox of its initrd say
# what kernel it runs on. When that ends the kernel panics, and QEMU ends with it, so what was said is given a second
# to get through the serial line; an empty line goes before it, for firmware may not have ended its own.
# The device of the machine, as a lab's hosts have it.
[ "$ACCEL" != kvm ] || mknod -m 600 /dev/kvm c 10 232
exec qemu-system-x86_64 -accel "$ACCEL" -machine pc -m 256 -nodefaults -display none -no-reboot -serial stdio \
    -kernel /images/vmlinuz -initrd /images/initrd \
    -append 'console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests rdinit=/bin/busybox -- sh -c "echo; /bin/busybox uname -sr; /bin/busybox sleep 1"' < /dev/null
