import { quote } from "../../../clients/ssh";
import { softwareNames } from "../../../config/credentials";
import { apart, type Kind } from "./kind";

/** Files of options, of which the program manages some. */
const FILES = `${softwareNames.map(name => `/etc/${name}/*.conf /etc/${name}/*.ini`).join(" ")} /etc/mysql/my.cnf`;

/** awk, for a line l of a file: c is its section afterwards, and k the option that it sets; MySQL's may be indented. */
const READ = `{ l = $0; sub(/\\r$/, "", l); k = ""; if (f ~ /mysql/) sub(/^[ \\t]+/, "", l) }
l ~ /^\\[/ { c = l; sub(/^\\[/, "", c); sub(/\\].*$/, "", c); gsub(/[ \\t]/, "_", c) }
l ~ /^[^ \\t#;\\[]/ { k = l; sub(/[ \\t]*[=:].*$/, "", k); sub(/[ \\t]+$/, "", k) }`;

/** Prints each option as FILE[SECTION]OPTION VALUE. An indented line goes on with the value above. */
const LIST = `function told() { if (o != "" && o !~ /[ \\t]/) print f "[" s "]" o " " v; o = "" }
FNR == 1 { told(); f = FILENAME; c = "" }
${READ}
l ~ /^[ \\t]+[^ \\t]/ && o != "" { sub(/^[ \\t]+/, "", l); v = v " " l; next }
l !~ /^[#;]/ { told() }
k != "" { o = k; s = c; v = l; if (!sub(/^[^=:]*[=:][ \\t]*/, "", v)) v = ""; sub(/[ \\t]+$/, "", v) }
END { told() }`;

/** Leaves out the line that sets the option o of the section s for the time `repeated`; with SET, LINE stands in its section. */
const SET = `function put() { if (set && !done) print line; done = 1 }
BEGIN { set = ENVIRON["SET"]; line = ENVIRON["LINE"] }
${READ}
FNR == 1 && s == "" { put() }
drop && l ~ /^[ \\t]+[^ \\t]/ { next }
{ drop = 0 }
c == s && k == o && ++seen == repeated { drop = 1; next }
{ print }
l ~ /^\\[/ && c == s { put() }
END { if (set && !done) { print "[" s "]"; put() } }`;

/** `/etc/nova/nova.conf[DEFAULT]rabbit_host#2`: the second line that sets it. */
const NAME = /^(\/etc\/[\w./-]+)\[([\w.:/-]*)\]([\w.:-]+?)(?:#(\d+))?$/;

function partsOf(name: string): { file: string; section: string; option: string; repeated: number } | undefined {
    const [, file, section, option, which = "1"] = NAME.exec(name) ?? [];
    return file === undefined ? undefined : { file, section: section!, option: option!, repeated: Number(which) };
}

const inWords = (name: string): [file: string, option: string] => {
    const { file, section, option } = partsOf(name)!;
    return [file, section === "" ? option : `[${section}] ${option}`];
};

/** Shell that takes one line of an option away, and puts another value in its section if there is one. */
function setting(name: string, value?: string): string {
    const { file, section, option, repeated } = partsOf(name)!;
    const line = value === undefined ? "" : value === "" && file.includes("mysql") ? option : `${option} = ${value}`;
    return `f=${quote(file)}; t=$(mktemp) && SET=${value === undefined ? "" : 1} LINE=${quote(line)} awk -v f="$f" -v s=${quote(section)} -v o=${quote(option)} -v repeated=${repeated} ${quote(SET)} "$f" > "$t" && cat "$t" > "$f"; rm -f "$t"`;
}

/** Options that stand in files beside those that the program manages there. */
export const optionKinds = {
    options: {
        ask: `set --; for f in ${FILES}; do [ ! -f "$f" ] || set -- "$@" "$f"; done; [ $# = 0 ] || awk ${quote(LIST)} "$@"`,
        lines(printed) {
            const seen = new Map<string, number>();
            return printed.flatMap(line => {
                const [name, value] = line.includes(" ") ? apart(line) : [line, ""];
                if (!partsOf(name)) return [];
                const which = (seen.get(name) ?? 0) + 1;
                seen.set(name, which);
                return [`${name}${which > 1 ? `#${which}` : ""} ${value}`];
            });
        },
        named: true,
        kept: true,
        inFile: line => partsOf(line.split(" ", 1)[0]!)?.file,
        // Any of them may be a secret: values are not shown.
        words: {
            added: line => `${inWords(apart(line)[0]).join(" has ")}, which was added`,
            gone: line => `${inWords(apart(line)[0]).join(" has lost its ")}`,
            changed: name => `${inWords(name).join(" has another ")}`,
        },
        mend: {
            added: line => setting(apart(line)[0]),
            gone: line => setting(...apart(line)),
            changed: (name, _now, before) => setting(name, before),
        },
    },
} as const satisfies Record<string, Kind>;
