import * as net from "net";
import { Unreachable } from "./connection";

/**
 * A service's names and ids go on into scripts, URLs and files. So each is refused at once if it does not have the form
 * of its kind.
 */
function fitting(value: unknown, fits: (text: string) => boolean, what: string, form: string, shown = true): string {
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text === "string" && fits(text)) return text;
    const given = shown ? `, ${(JSON.stringify(value) ?? "nothing").slice(0, 100)},` : "";
    throw new Unreachable(`the service's answer cannot be used: ${what}${given} is not ${form}`);
}

/**
 * An id that a service gave to something. Numbers come as text.
 * @param what it is, for messages: `an instance's id`
 * @throws Unreachable where it is none
 */
export const identifier = (value: unknown, what: string): string =>
    fitting(
        value,
        text => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(text),
        what,
        "made of letters, digits, dashes, dots and underscores",
    );

/**
 * An IPv4 or IPv6 address.
 * @throws Unreachable where it is none
 */
export const addressIn = (value: unknown, what: string): string =>
    fitting(value, text => /^[0-9A-Fa-f.:]+$/.test(text) && net.isIP(text) !== 0, what, "an address");

/**
 * One of a pair of EC2 keys. A refused one is not shown.
 * @throws Unreachable where it is none
 */
export const ec2Key = (value: unknown): string =>
    fitting(
        value,
        text => /^[A-Za-z0-9+/=_-]{1,255}$/.test(text),
        "one of a user's EC2 keys",
        "made of letters, digits and +/=_-",
        false,
    );
