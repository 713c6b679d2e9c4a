import { quote } from "../../../clients/ssh";
import { type Kind, nonEmpty } from "./kind";

/** awk that prints of tgt's targets each with its disks and whom it lets in: `iqn.2010-10.org.openstack:volume-1 1 1`. */
const SHOWN = `/^Target [0-9]+: / { n = $3; all[n]; disks[n] = guests[n] = 0; acl = 0 }
/^ +LUN: [1-9]/ { disks[n]++ }
/^ +[A-Z][A-Za-z ]+:/ { acl = /ACL information/ }
acl && /^ +[^ :]+$/ { guests[n]++ }
END { for (n in all) print n, disks[n], guests[n] }`;

/** Shows all targets. */
const SHOW = "timeout 10 tgtadm --lld iscsi --op show --mode target";

const NAME = /^volume-[\w-]{1,64}$/;
/** What tgt has of cinder's volumes, which are exported. */
export const volumeKinds = {
    targets: {
        // A volume that is being made or deleted has its file a moment before its target or after it.
        ask: `[ -d /var/lib/cinder/volumes ] && found=$(${SHOW}) &&
found=$(printf '%s\\n' "$found" | awk ${quote(SHOWN)}) &&
find /var/lib/cinder/volumes -maxdepth 1 -type f -name 'volume-*' -mmin +1 -printf '%f\\n' | while read -r v; do
case $(printf '%s\\n' "$found" | grep -F ":$v ") in *" 0 "*) echo "$v disk" ;; *" 0") echo "$v guests" ;; *?*) ;; *) echo "$v" ;; esac; done`,
        lines: printed => nonEmpty(printed).filter(line => NAME.test(line.replace(/ (disk|guests)$/, ""))),
        never: true,
        words: {
            added(line) {
                const [volume = "", lack] = line.split(" "),
                    what = `the iSCSI target of the volume ${volume.replace(/^volume-/, "")}`;
                if (lack === undefined) return `${what} is gone`;
                return lack === "disk" ? `${what} has lost its disk` : `${what} lets nobody in`;
            },
            gone: line => line,
        },
        mend: {
            added(line) {
                const [volume = "", lack] = line.split(" "),
                    file = quote(`/var/lib/cinder/volumes/${volume}`);
                // Whom it lets in is changed beside its guests; without a disk it serves none.
                if (lack === "guests")
                    return `n=$(${SHOW} | sed -n 's/^Target \\([0-9]*\\): .*:${volume}$/\\1/p'); timeout 30 tgtadm --lld iscsi --op bind --mode target --tid "$n" -I ALL`;
                return `t=$(sed -n 's,^ *<target \\([^ >]*\\)>.*,\\1,p' ${file} | head -n 1); timeout 30 tgt-admin --conf ${file} --update "$t"${lack === undefined ? "" : " --force"}`;
            },
        },
    },
} as const satisfies Record<string, Kind>;
