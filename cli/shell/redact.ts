import { shortestPassword } from "../../config/passwords";
import { tutorialCredentials } from "../../config/credentials";

/** Shorter secrets may be parts of everyday words: they are only taken where they stand as a word. */
const SHORT = 8;
/** Everyday words that the tutorial prints (`guest`, `mysql`): no secrets, and messages are unreadable without them. */
const printed = new Set(Object.values(tutorialCredentials).filter(value => value.length < SHORT));
/** A private key is a secret, known or not; in JSON its lines are parted by \\n. */
const PRIVATE_KEY = "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$(?![\\s\\S]))";
const MASK = "[secret]";

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

/** What of a value is the same in every base64 text that contains it, for each of the three ways it can be aligned. */
function base64Cores(value: string): string[] {
    return [0, 1, 2].map(offset => {
        const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]);
        const text = bytes.toString("base64").replace(/=+$/, "");
        const from = Math.ceil((offset * 8) / 6),
            to = Math.floor((bytes.length * 8) / 6);
        return text.slice(from, to);
    });
}

const json = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A value as the program writes it: as it is, into an options file of oslo.config's or of MySQL's, into SQL, into a shell's word. */
const quotings = (value: string): string[] => [
    value,
    value.replace(/\$/g, "$$$$"),
    value.replace(/["\\]/g, "\\$&"),
    value.replace(/\\/g, "\\\\").replace(/'/g, "''"),
    value.replace(/'/g, "'\\''"),
];

/** A value in readable texts: quoted, in JSON (which may be a text in JSON), in a URL. */
const readableForms = (value: string): string[] => [
    ...quotings(value).flatMap(text => [text, json(text), json(json(text))]),
    encodeURIComponent(value),
    new URLSearchParams({ v: value }).toString().slice(2),
];

/** In base64, in hexadecimal. */
function encodedForms(value: string): string[] {
    const base64 = base64Cores(value),
        hex = Buffer.from(value).toString("hex");
    return [...base64, ...base64.map(text => text.replace(/\+/g, "-").replace(/\//g, "_")), hex, hex.toUpperCase()];
}

/** Every form in which a value may stand in a text. */
export const formsOf = (value: string): string[] => [...new Set([...readableForms(value), ...encodedForms(value)])];

/** What is shorter in base64 stands in any such text by chance. */
const SHORTEST_ENCODED = 5;

/** A form of a short secret where it stands as a word: not in a name (`mysql-server`), a path, a type (`guest:File`), a longer word. */
function word(form: string): string {
    // A number that JSON has without quotes is none of ours.
    const number = /^\d+$/.test(form) ? '(?<!":)' : "";
    const before = /^\w/.test(form) ? "(?<![\\w./-])" : "",
        after = /\w$/.test(form) ? "(?![\\w/-]|[.:]\\w)" : "";
    return `${before}${number}${literal(form)}${after}`;
}

/**
 * A function that puts `[secret]` in place of every known secret value.
 * @param all also what the tutorial prints, and words of one to three letters: for logs, which nobody reads for pleasure
 */
export function redactor(secrets: Iterable<string>, all = true): (text: string) => string {
    const known = [...new Set(secrets)].filter(s => s.length > 0),
        short = known.filter(s => s.length < SHORT),
        own = short.filter(s => s.length >= shortestPassword && !printed.has(s));
    // Longest first: a value may be part of another.
    const patterns = (forms: string[], pattern: (form: string) => string) =>
        [...new Set(forms)].sort((a, b) => b.length - a.length).map(pattern);
    const encoded = own.flatMap(encodedForms).filter(form => form.length >= SHORTEST_ENCODED);
    const parts = [
        PRIVATE_KEY,
        ...patterns([...known.filter(s => s.length >= SHORT).flatMap(formsOf), ...encoded], literal),
        ...patterns([...own.flatMap(readableForms), ...(all ? short : [])], word),
    ];
    const pattern = new RegExp(parts.join("|"), "gm");
    return text => text.replace(pattern, MASK);
}
