import { notPosix } from "./shell";
import { unknown } from "./tools";

const words = async (script: string): Promise<string[]> => (await unknown(script)).map(({ what }) => what);

/** What each of them came with is in the release notes of its package: none of it is in those of Ubuntu 12.04. */
test.each([
    ["vgs -q", "vgs of lvm2 2.02.66 has no -q"],
    ["pvs --select vg_name=x", "pvs of lvm2 2.02.66 has no --select"],
    ["vgcreate --wipesignatures y g /dev/vdb", "vgcreate of lvm2 2.02.66 has no --wipesignatures"],
    ["lvs --reportformat json", "lvs of lvm2 2.02.66 has no --reportformat"],
    ["stat --cached=never f", "stat of coreutils 8.13 has no --cached=never"],
    ["sort --parallel=2 f; cp --debug a b", "cp of coreutils 8.13 has no --debug"],
    ["ln -sr a b", "ln of coreutils 8.13 has no -r in -sr"],
    ["df --output=avail .", "df of coreutils 8.13 has no --output=avail"],
    ["du --inodes .", "du of coreutils 8.13 has no --inodes"],
    ["head -z f", "head of coreutils 8.13 has no -z"],
    ["rm -d folder", "rm of coreutils 8.13 has no -d"],
    ["date --debug", "date of coreutils 8.13 has no --debug"],
    ["env --chdir=/ true", "env of coreutils 8.13 has no --chdir=/"],
    ["realpath f", "no list of what Ubuntu 12.04 has names realpath"],
    ["numfmt 1", "no list of what Ubuntu 12.04 has names numfmt"],
    ["sed -z s/a/b/ f", "sed of sed 4.2.1 has no -z"],
    ["sed -n --sandbox p f", "sed of sed 4.2.1 has no --sandbox"],
    ["grep --no-ignore-case x f", "grep of grep 2.10 has no --no-ignore-case"],
    ["find . -files0-from list", "find of findutils 4.4.2 has no -files0-from"],
    ["xargs -o ls", "xargs of findutils 4.4.2 has no -o"],
    ["ip -j addr show", "ip of iproute 20111117 has no -j"],
    ["ip -br link", "ip of iproute 20111117 has no -br"],
    ["ip vrf show", "ip of iproute 20111117 has no vrf show"],
    ["ss -K dst 10.0.0.3", "ss of iproute 20111117 has no -K"],
    ["apt-get --allow-downgrades install x", "apt-get of apt 0.8.16~exp12ubuntu10 has no --allow-downgrades"],
    ["apt-mark minimize-manual", "apt-mark of apt 0.8.16~exp12ubuntu10 has no minimize-manual"],
    ["apt list", "no list of what Ubuntu 12.04 has names apt"],
    ["dpkg-query --no-pager -l", "dpkg-query of dpkg 1.16.1.2 has no --no-pager"],
    ["iptables -w -L", "iptables of iptables 1.4.12 has no -w"],
    ["pkill -CONT -c nova", "pkill of procps 3.2.8 has no -c"],
    ["pgrep -a nova", "pgrep of procps 3.2.8 has no -a"],
    ["ssh-keygen -t ed25519 -f f", "ssh-keygen of openssh 5.9p1 has no -t ed25519"],
    ["mysql --login-path=x", "mysql of mysql 5.5 has no --login-path=x"],
    ["rabbitmqctl await_startup", "rabbitmqctl of rabbitmq-server 2.7.1 has no await_startup"],
    ["keystone-manage bootstrap", "keystone-manage of OpenStack 2013.1.5 has no bootstrap"],
    ["tgtadm --lld iscsi --op delete --mode target --force --tid 1", "tgtadm of tgt 1.0.17 has no --force"],
    ["dd if=a of=b status=progress", "dd of coreutils 8.13 has no status=progress"],
    ["dd if=a of=b iflag=skip_bytes", "dd of coreutils 8.13 has no iflag=skip_bytes"],
    ["dd if=a of=b conv=sync,sparse", "dd of coreutils 8.13 has no conv=sync,sparse"],
    ["dpkg --add-architecture i386", "dpkg of dpkg 1.16.1.2 has no --add-architecture"],
    ["ssh -o ProxyJump=x h", "ssh of openssh 5.9p1 has no -o ProxyJump"],
    ["systemctl start x", "no list of what Ubuntu 12.04 has names systemctl"],
    ["su -s /bin/sh -c 'stat --cached=never f' nova", "stat of coreutils 8.13 has no --cached=never"],
    ["nice -n 5 timeout -s KILL 5 env A=b vgs -q", "vgs of lvm2 2.02.66 has no -q"],
    ["ls | xargs -n 1 stat --cached=never", "stat of coreutils 8.13 has no --cached=never"],
    ["find . -type f -exec head -z {} +", "head of coreutils 8.13 has no -z"],
    ['alias() { vgs "$@"; }\nalias -q', "vgs of lvm2 2.02.66 has no -q"],
])("newer than Ubuntu 12.04: %s", async (script, complaint) => {
    expect(await words(script)).toEqual([complaint]);
});

test.each([
    "sort --parallel=2 f",
    "stat -L -c %s:%a /dev/fd/7",
    "sed -nr 's/^([a-z]+)[ ]\\{0,1\\}$/\\1/p; $!d; /x/I{s,a,b,g};1~2!y/ab/cd/' f",
    "awk -F: '$1 ~ /^a\\/[b/]+$/ && n / 2 > 1 { print substr($1, 2) }' f",
    "find . -mindepth 1 \\( -name 'a*' -o -newermt 2012-01-01 \\) -exec rm -f {} +",
    "ip -o -4 addr show dev eth0; ip link set eth0 up; ip addr del 10.0.0.1/32 dev eth0",
    "if [ -d /run/systemd/system ]; then systemctl start x; else service x start; fi",
    "[ ! -d /run/systemd/system ] || ss -K dst 10.0.0.3",
    'f() { local x=1; echo "$x" >&2; }; f --any',
    "for p in ; do echo $p; done",
    "pkill -CONT -f nova; pkill -9 nova",
    "nova secgroup-delete-rule default icmp -1 -1 0.0.0.0/0",
    "[ a -nt b ] && [ -O a ] && dd if=a of=b bs=1k conv=sync iflag=fullblock",
    "ssh -oBatchMode=yes -o 'UserKnownHostsFile /dev/null' h ls",
    "mysql --defaults-file=/root/.my.cnf --connect-timeout=5 -e 'SELECT 1'",
])("as old as Ubuntu 12.04: %s", async script => {
    expect([await words(script), await notPosix(script)]).toEqual([[], []]);
});

test.each([
    "a=(1 2)",
    "[[ -e f ]]",
    "cat <<< x",
    "diff <(a) b",
    "set -o pipefail",
    "printf -v x a",
    "echo ${x//a/b}",
    "echo ${x:1:2}",
    "echo ${!x}",
    "echo $'a'",
    "echo {1..3}",
    "a+=b",
    "[ a == b ]",
    "test a == b",
    "[ -v x ]",
    "[ -N f ]",
    "function f { :; }",
    "true &> f",
    "source f",
    "let x=1",
    "declare -a x",
    "echo -e x",
])("bash's and not dash's: %s", async script => {
    expect([...(await words(script)), ...(await notPosix(script))]).not.toEqual([]);
});

test.each([
    ['{ print gensub(/a/, "b", 1) }', "function gensub"],
    ["{ print strftime() }", "function strftime"],
    ["/^a{2}$/", "interval in /^a{2}$/"],
    ['$1 ~ "a{2,3}"', "interval in /a{2,3}/"],
    ["/[[:space:]]/", "class of characters in /[[:space:]]/"],
    ["/\\<a/", "GNU's escape in /\\<a/"],
    ["BEGINFILE { n = 0 }", "BEGINFILE"],
    ["{ print 2 ** 3 }", "** or @"],
])("awk's and not mawk 1.3.3's: %s", async (program, what) => {
    expect(await words(`awk '${program}' f`)).toEqual([`awk of mawk 1.3.3 has no ${what}`]);
});

test.each([
    ["k", "command k"],
    ["s/a/b", "end of what begins with /"],
    ["s/a/b/q", "flags q"],
    ["/a/,k", "address after the comma"],
    ["/a/{p", "end of {"],
])("no script of sed 4.2.1's: %s", async (script, what) => {
    expect(await words(`sed '${script}' f`)).toEqual([`sed of sed 4.2.1 has no ${what}`]);
});
