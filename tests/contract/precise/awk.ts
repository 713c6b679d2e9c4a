/** Functions that mawk 1.3.3 has: bi_funct.c and kw.c of it. */
const FUNCTIONS = new Set(
    "length index substr sprintf sin cos atan2 exp log int sqrt rand srand close system toupper tolower fflush split match sub gsub getline print printf".split(
        " ",
    ),
);
const KEYWORDS = new Set(
    "do while for break continue if else in delete BEGIN END exit next return function".split(" "),
);

/** Where a slash begins a regular expression, for what is before it. */
const BEFORE_PATTERN = /(^|[({,;!~&|\n]|\breturn)\s*$/;

/** Takes a program apart into code, texts and regular expressions. */
function parts(program: string): { code: string; patterns: string[] } {
    const patterns: string[] = [];
    let code = "";
    for (let i = 0; i < program.length; i++) {
        const quote = program[i]!,
            text = quote === '"' || (quote === "/" && BEFORE_PATTERN.test(code));
        if (!text) {
            code += quote;
            continue;
        }
        let end = i + 1,
            inClass = false;
        for (; end < program.length && (program[end] !== quote || (inClass && quote === "/")); end++) {
            if (program[end] === "\\") end++;
            else if (program[end] === "[") inClass = true;
            else if (program[end] === "]") inClass = false;
        }
        const inside = program.slice(i + 1, end);
        if (quote === "/" || /~\s*$/.test(code)) patterns.push(inside);
        code += '""';
        i = end;
    }
    return { code, patterns };
}

/** What a program of awk has that mawk 1.3.3 has not. */
export function awkMistakes(program: string): string[] {
    const { code, patterns } = parts(program),
        own = new Set([...code.matchAll(/\bfunction\s+(\w+)/g)].map(m => m[1]!));
    const called = [...code.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map(m => m[1]!);
    const newer = ["BEGINFILE", "ENDFILE", "nextfile", "switch", "func", "PROCINFO", "FPAT", "IGNORECASE", "RT"];
    return [
        ...called
            .filter(name => !FUNCTIONS.has(name) && !KEYWORDS.has(name) && !own.has(name))
            .map(n => `function ${n}`),
        ...newer.filter(name => new RegExp(`\\b${name}\\b`).test(code)),
        ...(/\*\*|@include|@load/.test(code) ? ["** or @"] : []),
        ...patterns.filter(p => /\{\d/.test(p)).map(p => `interval in /${p}/`),
        ...patterns.filter(p => /\[\[[:.=]/.test(p)).map(p => `class of characters in /${p}/`),
        ...patterns.filter(p => /\\[<>yBwWsS`']/.test(p)).map(p => `GNU's escape in /${p}/`),
    ];
}
