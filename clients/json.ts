import { Unreachable } from "./connection";

const DEPTH = 64,
    VALUES = 200_000,
    ENTRIES = 10_000;

/**
 * What a service answers in JSON. One that is small as a text may be large when it is read: `[[[[…` or `{},{},…`.
 * @throws Unreachable where it is not JSON (a proxy or a traceback answers in place of the service), or out of bounds
 */
export function readJson(body: Buffer): unknown {
    checkBounds(body);
    try {
        return JSON.parse(body.toString()) as unknown;
    } catch {
        const line = body.subarray(0, 1000).toString().replace(/\s+/g, " ").trim();
        throw new Unreachable(`the answer is not JSON: ${line.length > 80 ? `${line.slice(0, 80)}…` : line}`);
    }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
const partOf = (answer: unknown, name: string): unknown => (isObject(answer) ? answer[name] : undefined);

/**
 * The object that an answer has under a name.
 * @throws Unreachable where it has none
 */
export function objectIn<T>(answer: unknown, name: string): T {
    const part = partOf(answer, name);
    if (!isObject(part)) throw new Unreachable(`the answer has no "${name}"`);
    return part as T;
}

/**
 * The list of objects that an answer has under a name.
 * @throws Unreachable where it has none, or one of more than 10,000 entries
 */
export function listIn<T>(answer: unknown, name: string): T[] {
    const list = partOf(answer, name);
    if (!Array.isArray(list) || !list.every(isObject)) throw new Unreachable(`the answer has no list "${name}"`);
    if (list.length > ENTRIES)
        throw new Unreachable(`the answer's list "${name}" has ${list.length} entries; allowed are ${ENTRIES}`);
    return list as T[];
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING = [0x5b, 0x7b],
    CLOSING = [0x5d, 0x7d];

function checkBounds(body: Buffer): void {
    let depth = 0,
        values = 0;
    for (let i = 0; i < body.length; i++) {
        const byte = body[i]!;
        if (byte === QUOTE) i = endOfText(body, i);
        else if (byte === COMMA) values++;
        else if (OPENING.includes(byte)) {
            values++;
            if (++depth > DEPTH) throw new Unreachable(`the answer is nested more than ${DEPTH} deep`);
        } else if (CLOSING.includes(byte)) depth--;
        if (values > VALUES) throw new Unreachable(`the answer has more than ${VALUES} values`);
    }
}

/** Where the text that begins at a quotation mark ends: at the next one that no backslash is before. */
function endOfText(body: Buffer, begin: number): number {
    for (let i = begin + 1; i < body.length; i++) {
        if (body[i] === BACKSLASH) i++;
        else if (body[i] === QUOTE) return i;
    }
    return body.length;
}
