# Builds libvirt-python 5.10.0, the last for Python 2, against a newer libvirt: its generator stops at functions of
# which it does not know the types, so these two are left out of the description that it reads.
#   $1  the environment's pip
mkdir -p /tmp/libvirt/pkgconfig
for api in "" -qemu -lxc; do
    sed '/<function name=.virDomainAuthorizedSSHKeys[GS]et/,/<\/function>/d' "/usr/share/libvirt/api/libvirt$api-api.xml" > "/tmp/libvirt/libvirt$api-api.xml"
done
sed -e 's#^\(libvirt_api\|libvirt_qemu_api\|libvirt_lxc_api\)=.*/#\1=/tmp/libvirt/#' "$(find /usr/lib -name libvirt.pc)" > /tmp/libvirt/pkgconfig/libvirt.pc
PKG_CONFIG_PATH=/tmp/libvirt/pkgconfig "$1" install --no-deps -r /pins/pins-libvirt-python.txt
