import { type Grammar, type Header, type Refusal, type Setting, strip, stripEnd } from "./grammar";

const MARK = "\ufeff";

/** As oslo.config's iniparser splits it: at the first colon or equals sign, quotes around the whole value off. */
function split(line: string): { key: string; value: string } | undefined {
    const at = line.search(/[:=]/);
    if (at < 0) return undefined;
    const value = strip(line.slice(at + 1)),
        quoted = /^["']/.test(value) && value[0] === value[value.length - 1];
    // One quote alone is both its own begin and end: nothing is left of it.
    return { key: strip(line.slice(0, at)), value: quoted ? value.slice(1, -1) : value };
}

/**
 * oslo.config's files as its iniparser reads them (1.1 to 4.11, Python 2): an indented line goes on with the value above
 * it, comments included, unless a line that is empty or a comment is between them; sections of one name are one.
 */
export const oslo: Grammar = {
    read(text) {
        const settings: Setting[] = [],
            headers: Header[] = [],
            refused: Refusal[] = [];
        let section: string | undefined, open: Setting | undefined;
        const begin = (line: string, i: number): string | undefined => {
            if (line.startsWith("[")) {
                if (!line.endsWith("]")) return "a section's name ends with ]";
                if (line.length <= 2) return "a section has a name";
                headers.push({ section: (section = line.slice(1, -1)), line: i });
                return undefined;
            }
            if (/^[#;]/.test(line)) return undefined;
            const set = split(line);
            if (!set) return "there is neither : nor = in it";
            if (set.key === "") return "an option has a name";
            if (section === undefined) return "an option stands in a section";
            settings.push((open = { section, ...set, from: i, to: i + 1 }));
            return undefined;
        };
        text.split("\n").forEach((whole, i) => {
            const line = stripEnd(whole);
            if (open && /^[ \t]/.test(line)) {
                open.value += `\n${strip(line)}`;
                open.to = i + 1;
                return;
            }
            open = undefined;
            if (line === "") return;
            if (i === 0 && line.startsWith(MARK)) {
                const instead = whole.slice(MARK.length);
                refused.push({ line: 0, reason: "it begins with a byte order mark", instead });
                if (stripEnd(instead) !== "") begin(stripEnd(instead), 0);
                return;
            }
            const reason = /^[ \t]/.test(line) ? "it is indented, and there is no value to go on with" : begin(line, i);
            if (reason !== undefined) refused.push({ line: i, reason });
        });
        return { settings, headers, refused };
    },
    section: name => (name === "DEFAULT" ? name : name.toLowerCase()),
    key: name => name,
    literal: value => split(`x = ${value}`)!.value,
};
