# Makes the services' virtual environments below /opt/openstack, all at once; pins lie in /pins.
apt-get update -q
apt-get install -q -y $BUILD_PACKAGES
# Whatever any pip here installs has the sha256 of a pin: those, too, that setup.py files start to get what they are built with.
export PIP_REQUIRE_HASHES=1
python3 -m pip install -q -r /pins/pins-virtualenv.txt
also() { # what it has to hold afterwards, expression, file
    sed -i "$2" "$3"
    grep -q "$1" "$3" || { echo "$3 is another one than what is changed in it" >&2; return 1; }
}
environment() { # name
    home=/opt/openstack/$1
    # A copy of the interpreter would be one more file of Debian's to keep: the environment links to it.
    python3 -m virtualenv -q --python=/usr/bin/python2.7 --no-periodic-update "$home"
    echo "STEP environment $1"
    # pbr reads its version from git or an archive's metadata; setup.py files ask for it before pip could bring it.
    grep '^pbr==' "/pins/pins-$1.txt" > "/tmp/pbr-$1.txt"
    "$home/bin/pip" install -q --no-deps -r "/tmp/pbr-$1.txt"
    for_build=
    if [ "$1" = clients ]; then
        "$home/bin/pip" install -q --no-deps -r /pins/pins-clients-build.txt
        for_build=$(sed -n 's/==.*//p' /pins/pins-clients-build.txt)
    fi
    "$home/bin/pip" install -q --no-deps --no-build-isolation -r "/pins/pins-$1.txt"
    if [ "$1" = ocata ]; then sh -eu /pins/build-libvirt-python.sh "$home/bin/pip"; fi
    # The files below etc/ of the services' source archives are in no wheel.
    for project in keystone glance nova cinder; do
        grep "^$project==" "/pins/pins-$1.txt" > "/tmp/$project.txt" || continue
        "$home/bin/pip" download -q --no-deps --no-build-isolation --no-binary=:all: --dest "/tmp/source-$project" -r "/tmp/$project.txt"
        mkdir -p "$home/etc/$project"
        tar -xzf "/tmp/source-$project"/*.tar.gz --directory "$home/etc/$project" --strip-components=2 --wildcards '*/etc/*'
    done
    "$home/bin/pip" uninstall -q -y pip wheel $for_build
    # A MariaDB that ends tells its clients 1927 (connection was killed), which these do not take for a lost connection yet: the
    # first requests after it were errors.
    if [ "$1" != clients ]; then
        also 1927 's/(2006, 2013, 2014, 2045, 2055)/(1927, 2006, 2013, 2014, 2045, 2055)/' "$home/lib/python2.7/site-packages/sqlalchemy/dialects/mysql/base.py"
        also 1927 's/(?:2002|2003|2006|2013|1047)/(?:1927|2002|2003|2006|2013|1047)/' "$home/lib/python2.7/site-packages/oslo_db/sqlalchemy/exc_filters.py"
    fi
    # The services' own tests are a third of them. (Of other packages some import theirs.)
    for project in keystone glance nova cinder; do rm -rf "$home/lib/python2.7/site-packages/$project/tests"; done
    "$home/bin/python" -m compileall -q "$home/lib/python2.7/site-packages" > /dev/null || true
    echo "STEP environment $1 is there"
}
pids=
for name in pike ocata clients; do
    environment "$name" > "/tmp/$name.log" 2>&1 &
    pids="$pids $name:$!"
done
for item in $pids; do
    echo "STEP waiting for ${item%:*}"
    wait "${item#*:}" || { tail -n 30 "/tmp/${item%:*}.log" >&2; exit 1; }
done
