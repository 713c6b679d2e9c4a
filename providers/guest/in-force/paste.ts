import { type Grammar, type Header, type Refusal, type Setting, strip } from "./grammar";

const MARK = "\ufeff";
const isBlank = (character: string | undefined): boolean => character !== undefined && /[ \t\n\r\v\f]/.test(character);

/** As ConfigParser's pattern and what follows it have it: a `;` behind a blank begins a comment, two quotes are nothing. */
function split(line: string): { key: string; value: string } | undefined {
    const [, key, found] = /^([^:=\s][^:=]*)[:=][ \t\r\v\f]*([^\n]*)$/.exec(line) ?? [];
    if (key === undefined) return undefined;
    const at = found!.indexOf(";"),
        // Where it is the first character, Python looks at the last.
        before = at === 0 ? found![found!.length - 1] : found![at - 1];
    const value = strip(at >= 0 && isBlank(before) ? found!.slice(0, at) : found!);
    return { key: strip(key), value: value === '""' ? "" : value };
}

/**
 * Paste's files as ConfigParser of Python 2 reads them: an indented line goes on with the value above it, over comments
 * and empty lines too; sections of one name are one, and the last value counts. Names of options keep their capitals.
 */
export const paste: Grammar = {
    read(text) {
        const settings: Setting[] = [],
            headers: Header[] = [],
            refused: Refusal[] = [];
        let section: string | undefined, open: Setting | undefined;
        const begin = (line: string, i: number): string | undefined => {
            const header = /^\[([^\]]+)\]/.exec(line)?.[1];
            if (header !== undefined) {
                open = undefined;
                headers.push({ section: (section = header), line: i });
                return undefined;
            }
            if (section === undefined) return "an option stands in a section";
            const set = split(line);
            if (!set) return "there is neither : nor = in it";
            settings.push((open = { section, ...set, from: i, to: i + 1 }));
            return undefined;
        };
        text.split("\n").forEach((line, i) => {
            if (i === 0 && line.startsWith(MARK)) {
                refused.push({ line: 0, reason: "it begins with a byte order mark", instead: line.slice(MARK.length) });
                begin(line.slice(MARK.length), 0);
                return;
            }
            if (strip(line) === "" || /^[#;]/.test(line) || /^rem([ \t\r\v\f]|$)/i.test(line)) return;
            if (isBlank(line[0]) && open) {
                open.value += `\n${strip(line)}`;
                open.to = i + 1;
                return;
            }
            const reason = begin(line, i);
            if (reason !== undefined) refused.push({ line: i, reason });
        });
        return { settings, headers, refused };
    },
    section: name => name,
    key: name => name.replace(/^get\s+/, "get "),
    literal: value => split(`x = ${value}`)!.value,
};
