import { quote } from "../../../clients/ssh";
import { softwareNames } from "../../../config/credentials";
import { apart, type Kind, nonEmpty } from "./kind";
import { PROGRAMS } from "./listing";

/** Where Debian and the lab's environments have Python modules. */
export const MODULE_FOLDERS =
    "/usr/lib/python2.7/dist-packages /usr/lib/python3/dist-packages /opt/openstack/*/lib/python*/site-packages";

const isProgram = /^(?:\/usr)?\/s?bin\/[\w.+:@[-]+$/;

/** Shell that has a package installed anew. */
const install = (name: string): string =>
    `DEBIAN_FRONTEND=noninteractive apt-get -y --reinstall -o Dpkg::Options::=--force-confold install ${name}`;

/** Shell that has the program's package installed anew; another one in its place goes aside. */
const reinstall = (path: string): string | undefined => {
    const p = quote(path);
    return isProgram.test(path)
        ? `package=$(dpkg -S ${p} | sed -n '1s/:.*//p'); [ -n "$package" ] || exit 1
[ ! -e ${p} ] || { mkdir -p "$a"${quote(path.slice(0, path.lastIndexOf("/")))}; cp -p ${p} "$a"${p}; }
${install('"$package"')}`
        : undefined;
};

/** Packages that services need, by the beginnings of their names. */
const NEEDED = [
    ...softwareNames,
    ..."apache2 dnsmasq ebtables erlang iptables libapache2 libaio libc6 libdevmapper liberasurecode libffi libmariadb libmysql libpython libssl libvirt libxtables lvm2 mariadb memcached mysql open-iscsi openstack python qemu rabbitmq seabios tgt".split(
        " ",
    ),
].join("|");

/** Perl that prints which files such packages have lost, each with its package; of a folder that is gone the folder alone. */
const LOST = `use strict;
my $n = 0;
for my $list (glob "$ARGV[0]/*.list") {
    my ($package) = $list =~ m{/((?:${NEEDED})[^/]*)[.]list$} or next;
    open my $paths, "<", $list or next;
    my $gone = "\n";
    while (<$paths>) {
        chomp;
        next if !m{^(?:/usr)?/(?:lib|libexec|share)\w*/} || m{^/usr/share/(?:doc|man|locale|info|lintian|bash-completion)} || index($_, $gone) == 0;
        next if -e $_ || -l $_;
        $gone = "$_/";
        print "$_ $package\n" if $n++ < 300;
    }
}`;

/** What packages and environments have put into a node beside the services' own programs (listing.ts). */
export const installedKinds = {
    executables: {
        // By size and time: reading them all would take an emulated node long.
        ask: `for d in /usr/bin /usr/sbin /bin /sbin; do [ -h $d ] || find $d -maxdepth 1 -type f ! \\( ${PROGRAMS} \\) -printf '%p %s-%T@\\n'; done`,
        lines: printed =>
            nonEmpty(printed).flatMap(line => {
                const [, path = "", size, time] = /^(\S+) (\d{1,15})-(\d{1,12})(?:\.\d+)?$/.exec(line) ?? [];
                return isProgram.test(path) ? [`${path} ${size}-${time}`] : [];
            }),
        named: true,
        kept: true,
        words: {
            added: line => line,
            gone: line => `the program ${line.split(" ")[0]} is gone`,
            changed: name => `the program ${name} is another one than was recorded`,
        },
        mend: { gone: line => reinstall(line.split(" ")[0]!), changed: name => reinstall(name) },
    },
    libraries: {
        ask: `for d in ${MODULE_FOLDERS}; do [ ! -d $d ] || find $d -mindepth 1 -maxdepth 2 -type d ! -name '*.*-info' ! -name __pycache__ -printf '%p there\\n'
[ ! -d $d ] || find $d -mindepth 1 -maxdepth 1 -type f \\( -name '*.py' -o -name '*.so' \\) -printf '%p there\\n'; done`,
        lines: printed => nonEmpty(printed).filter(line => /^\/[\w./+-]+ there$/.test(line)),
        named: true,
        kept: true,
        words: {
            added: line => line,
            gone: line => `the Python module ${line.split(" ")[0]} is gone`,
        },
    },
    lostFiles: {
        ask: `perl -e ${quote(LOST)} /var/lib/dpkg/info`,
        lines: printed => nonEmpty(printed).filter(line => /^\/[!-~]{1,400} [a-z0-9][a-z0-9.+:-]{1,100}$/.test(line)),
        named: true,
        words: {
            added: line => `${apart(line).join(" of the package ")} is gone`,
            gone: line => line,
            changed: (path, now) => `${path} of the package ${now} is gone`,
        },
        mend: {
            added(line) {
                const [path, name] = apart(line).map(quote) as [string, string];
                return `[ -e ${path} ] || ${install(name)}`;
            },
        },
    },
} as const satisfies Record<string, Kind>;
