import type { UrlFacts } from "../../releases/release";

/** A conversion of Python's `%`, or a text that only begins like one. */
const CONVERSION = /%(?:\(([^)]*)\))?[-#0 +]*\d*(?:\.\d*)?[hlL]?(.|$)/gs;
const OF_TEXTS = "sr%";
const OF_NUMBERS = "cdiouxXeEfFgG";

/**
 * Whether keystone can fill in a URL; one of 2013 lets nobody log in on a tenant while it has an endpoint that it cannot.
 * `$(` is `%(` to it, and the rest is Python's: one conversion without a name takes everything there is, if no other came before it.
 */
export function canBeFilledIn(url: string, { texts, numbers }: UrlFacts): boolean {
    let converted = false;
    for (const [, name, type] of url.replaceAll("$(", "%(").matchAll(CONVERSION)) {
        if (!type || !typesOf(name).includes(type)) return false;
        converted ||= type !== "%";
    }
    return true;

    function typesOf(name: string | undefined): string {
        if (name === undefined) return converted ? "%" : OF_TEXTS;
        if (numbers.includes(name)) return OF_TEXTS + OF_NUMBERS;
        return texts.includes(name) ? OF_TEXTS : "";
    }
}
