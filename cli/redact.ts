/** Shorter secrets are everyday words (the tutorial's `guest`, `mysql`): they are only taken where they stand alone. */
const SHORT = 8;
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

/** Every form in which a value may stand in a text: quoted, in JSON (which may be a text in JSON), in a URL, in base64, in hexadecimal. */
export function formsOf(value: string): string[] {
    const base64 = base64Cores(value),
        hex = Buffer.from(value).toString("hex");
    return [
        ...new Set([
            ...quotings(value).flatMap(text => [text, json(text), json(json(text))]),
            encodeURIComponent(value),
            new URLSearchParams({ v: value }).toString().slice(2),
            ...base64,
            ...base64.map(text => text.replace(/\+/g, "-").replace(/\//g, "_")),
            hex,
            hex.toUpperCase(),
        ]),
    ];
}

/**
 * A function that puts `[secret]` in place of every known secret value.
 * @param words also mask short secrets where they stand alone; for logs, which nobody reads for pleasure
 */
export function redactor(secrets: Iterable<string>, words = true): (text: string) => string {
    const all = [...new Set(secrets)].filter(s => s.length > 0);
    // Longest first: a value may be part of another.
    const long = all
        .filter(s => s.length >= SHORT)
        .flatMap(formsOf)
        .sort((a, b) => b.length - a.length)
        .map(literal);
    const short = words
        ? all
              .filter(s => s.length < SHORT)
              .sort((a, b) => b.length - a.length)
              .map(literal)
        : [];
    const parts = [
        PRIVATE_KEY,
        ...long,
        ...(short.length > 0 ? [`(?<=^|[\\s"'=:,({\\[])(?:${short.join("|")})(?=$|[\\s"',;)}\\]@&\\\\])`] : []),
    ];
    const pattern = new RegExp(parts.join("|"), "gm");
    return text => text.replace(pattern, MASK);
}
