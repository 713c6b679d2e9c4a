/** What moves a cursor, ends a line or turns the direction of writing: it forges what is read around it. */
const CONTROL =
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffc]/;
/** Line ends, where several lines are allowed. */
const LINE_ENDS = /[\r\n]/g;

/** A value for a message: nothing in it moves a cursor or ends a line. */
export const shown = (value: unknown): string =>
    String(JSON.stringify(value)).replace(
        new RegExp(CONTROL, "g"),
        c => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );

/** Whether a text of one line, or of several, has nothing but what can be seen in it. */
function isPrintable(text: string, several: "lines" | "one line" = "one line"): boolean {
    const whole = text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, "");
    return !CONTROL.test(several === "lines" ? whole.replace(LINE_ENDS, "") : whole);
}

/** Public keys are pasted with all their lines. */
const ofLines = (path: readonly string[]): boolean =>
    path[0] === "archiveKey" || (path[0] === "hosts" && path[path.length - 1] === "hostKey");

/**
 * Keys and values of a configuration that have something in them that cannot be seen, a line each. Values under
 * `credentials` are left for their own check, which shows none.
 */
export function unprintable(value: unknown, path: readonly string[] = []): string[] {
    if (path[0] === "credentials") return [];
    if (typeof value === "string")
        return isPrintable(value, ofLines(path) ? "lines" : "one line")
            ? []
            : [
                  `${path.join(".")}: ${shown(value)} has a character in it that cannot be seen; allowed are letters, digits and other signs of one line`,
              ];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) =>
        isPrintable(key)
            ? unprintable(inner, [...path, key])
            : [`${[...path, shown(key)].join(".")}: the name has a character in it that cannot be seen`],
    );
}
