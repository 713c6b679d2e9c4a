#!/bin/sh
# Runs a command inside a root folder, in the private mount and pid namespace of its caller: in-root ROOT COMMAND…
#
# - IN_ROOT_LOWER: lines of folders; the root is an overlay on them, with its upper and work directory beside ROOT
# - IN_ROOT_BINDS: lines of folders to see inside: path there, a tab, folder
# - IN_ROOT_ENV: lines "NAME=VALUE" of the command's environment
# - IN_ROOT_CA: the file with the certificates that this machine trusts
#
# Nothing outlasts the namespace, however it ends.
set -eu
root=$1; shift
if [ -n "${IN_ROOT_LOWER:-}" ]; then
    mkdir -p "$root" "$root.upper" "$root.work"
    # A path may hold a character that ends a mount option. So folders are named by an open file's number, or from their parent.
    lower='' number=3
    while IFS= read -r folder; do
        eval "exec $number< \"\$folder\""
        lower=${lower:+$lower:}/proc/self/fd/$number
        number=$((number + 1))
    done << END
$IN_ROOT_LOWER
END
    name=${root##*/}
    (cd "${root%/*}" && mount -t overlay overlay -o "lowerdir=$lower,upperdir=$name.upper,workdir=$name.work" "$name")
    while [ "$number" -gt 3 ]; do number=$((number - 1)); eval "exec $number<&-"; done
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
printf '%s\n' "${IN_ROOT_BINDS:-}" | while IFS="$(printf '\t')" read -r target source; do
    [ -n "$target" ] || continue
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
