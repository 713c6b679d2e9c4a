import { quote } from "../../../clients/ssh";
import { apart, type Kind, nonEmpty, withSystemd } from "./kind";

/** Shell that restarts the units whose processes were started with a variable. */
const restarted = (name: string): string =>
    `grep -lzs ${quote(`^${name}=`)} /proc/[0-9]*/environ | while read -r f; do sed -n 's,.*/system[.]slice/\\([^/]*[.]service\\)$,\\1,p' "\${f%environ}cgroup" | head -n 1; done | sort -u | while read -r u; do systemctl restart "$u"; done`;
const NAME = /^[A-Za-z_]\w{0,99} /;

/** What systemd gives its units, or starts by itself, without any file of /etc. */
export const unitKinds = {
    environment: {
        ask: withSystemd("systemctl show-environment"),
        lines: printed =>
            nonEmpty(printed)
                .map(line => line.replace("=", " "))
                .filter(line => NAME.test(line)),
        named: true,
        // Any of them may be a secret: values are not shown.
        words: {
            added: line => `systemd gives all units the variable ${apart(line)[0]}, which was added`,
            gone: line => line,
            changed: name => `systemd gives all units another variable ${name} than was recorded`,
        },
        mend: {
            added: line =>
                withSystemd(`systemctl unset-environment ${quote(apart(line)[0])}; ${restarted(apart(line)[0])}`),
            changed: (name, _now, before) =>
                // One that is printed in quotes would get these, too.
                /^[\w./:,@+-]*$/.test(before)
                    ? withSystemd(`systemctl set-environment ${quote(`${name}=${before}`)}; ${restarted(name)}`)
                    : undefined,
        },
    },
    timers: {
        // Those of systemd-run: others have files in /etc.
        ask: withSystemd(
            "find /run/systemd/transient -maxdepth 1 -name '*.timer' -printf '%f there\\n' 2> /dev/null || true",
        ),
        lines: printed => nonEmpty(printed).filter(line => /^[\w@.:-]{1,100}\.timer there$/.test(line)),
        named: true,
        words: {
            added: line => `the timer ${apart(line)[0]} was added: it starts something by itself`,
            gone: line => line,
        },
        mend: { added: line => withSystemd(`systemctl stop -- ${quote(apart(line)[0])}`) },
    },
} as const satisfies Record<string, Kind>;
