/** Numbers that every reader of YAML takes for the same: whole ones, and decimals as a program writes them. */
const WHOLE = /^(0|-?[1-9]\d{0,14})$/;
const DECIMAL = /^-?(0|[1-9]\d{0,9})\.\d{0,5}[1-9]$/;

/** Words that some reader takes for null, true or false. */
const NOTHING = /^(|~|null|Null|NULL)$/;
const YES_NO = /^(y|n|yes|no|true|false)$/i;
/** 2013-08-26, with a time behind it or not. */
const DATE = /^\d{4}-\d{1,2}-\d{1,2}/;
/** 1:30 is ninety to some. */
const SIXTIES = /^[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?$/;
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const BASED = /^([-+]?)0([xX][0-9a-fA-F]+|[oO]?[0-7]+|[bB][01]+)$/;
const HEX_FLOAT = /^[-+]?0[xX][0-9a-fA-F]*(?:\.[0-9a-fA-F]*)?[pP][-+]?\d+$/;
const ENDLESS = /^[-+]?\.(inf|nan)$/i;

/**
 * Why a plain scalar of YAML, one without quotation marks, is not unmistakable, and how it is written; undefined where it
 * is. Readers follow YAML 1.1, 1.2 or something between: the engine's takes 010 for eight, another for ten.
 * @param source the scalar as it stands in the file
 */
export function mistakable(source: string): string | undefined {
    if (source === "true" || source === "false" || WHOLE.test(source) || DECIMAL.test(source)) return undefined;
    if (NOTHING.test(source)) return "no value; write one, or leave the key out";
    if (YES_NO.test(source) || /^(on|off)$/i.test(source)) return yesOrNo(source);
    if (DATE.test(source)) return `${source} is a date to some readers; write "${source}"`;
    if (SIXTIES.test(source)) return `${source} is a number in sixties to some readers; write "${source}"`;
    return number(source);
}

function yesOrNo(source: string): string | undefined {
    // The words that the configuration itself has (power), a text to the engine.
    if (source === "on" || source === "off") return undefined;
    const means = /^(y|yes|true|on)$/i.test(source);
    return `${source} is ${means} to some readers and a word to others; write ${means}, or "${source}" where the word is meant`;
}

function number(source: string): string | undefined {
    const plain = source.replace(/_/g, "");
    const based = BASED.exec(plain);
    if (!based && ![FLOAT, HEX_FLOAT, ENDLESS].some(form => form.test(plain))) return undefined;
    const octal = based && plain === source ? eightOrTen(source, based) : undefined;
    if (octal !== undefined) return octal;
    const value = valueOf(plain, based);
    const written = WHOLE.test(String(value)) || DECIMAL.test(String(value)) ? `write ${value}, or` : "write";
    return `${source} is a number, or another one, to some readers only; ${written} "${source}" where a text is meant`;
}

/** Of digits behind a zero: where two readers take them for different numbers. */
function eightOrTen(source: string, [, sign = "", digits = ""]: RegExpExecArray): string | undefined {
    if (!/^[0-7]+$/.test(digits) || source.startsWith("+") || digits.length >= 10) return undefined;
    const [eight, ten] = [parseInt(digits, 8), parseInt(digits, 10)].map(n => `${n === 0 ? "" : sign}${n}`);
    return eight === ten
        ? undefined
        : `${source} is read as ${eight} by the engine and as ${ten} elsewhere; write ${eight} or ${ten}, or "${source}" where a text is meant`;
}

function valueOf(plain: string, based: RegExpExecArray | null): number {
    if (!based) return Number(plain);
    const [, sign, digits = ""] = based;
    const base = /^x/i.test(digits) ? 16 : /^b/i.test(digits) ? 2 : 8;
    const value = parseInt(digits.replace(/^[xob]/i, ""), base);
    return sign === "-" ? -value : value;
}
