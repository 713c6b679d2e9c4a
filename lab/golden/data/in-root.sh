#!/bin/sh
# Runs a command inside a root folder, in the private mount and pid namespace it was started in: in-root ROOT COMMAND…
#   IN_ROOT_LOWER  the root is an overlay on these folders; its upper and work directory lie beside ROOT
#   IN_ROOT_BINDS  lines "SOURCE TARGET" of folders to see inside
#   IN_ROOT_ENV    lines "NAME=VALUE" of the command's environment
#   IN_ROOT_CA     file with the certificates this machine trusts
# Nothing of it can outlast the namespace, however it ends.
set -eu
root=$1; shift
if [ -n "${IN_ROOT_LOWER:-}" ]; then
    mkdir -p "$root" "$root.upper" "$root.work"
    mount -t overlay overlay -o "lowerdir=$IN_ROOT_LOWER,upperdir=$root.upper,workdir=$root.work" "$root"
fi
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do mknod -m 666 "$root/dev/${node% *}" c 1 "${node#* }"; done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm"
# The names and the mirror are this machine's; the root's own files stay as they are.
for file in resolv.conf hosts; do
    if [ -e "/etc/$file" ]; then
        [ -e "$root/etc/$file" ] || : > "$root/etc/$file"
        mount --bind "$(readlink -f "/etc/$file")" "$root/etc/$file"
    fi
done
mkdir "$root/run/machine"
[ -z "${IN_ROOT_CA:-}" ] || cp "$IN_ROOT_CA" "$root/run/machine/ca.crt"
printf '%s\n' "${IN_ROOT_BINDS:-}" | while read -r source target; do
    [ -n "$source" ] || continue
    mkdir -p "$root$target"
    mount --bind "$source" "$root$target"
done
variables=${IN_ROOT_ENV:-}
unset IN_ROOT_LOWER IN_ROOT_BINDS IN_ROOT_ENV IN_ROOT_CA
set -f
IFS='
'
exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive $variables "$@"
