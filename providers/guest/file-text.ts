/**
 * A file's bytes as a text in which lines may be changed and everything else stays as it is: in a line that is not UTF-8, a
 * byte that is not ASCII is one of the 128 lone surrogates that UTF-8 does not have.
 */
export function toText(bytes: Buffer): string {
    const whole = bytes.toString();
    if (Buffer.from(whole).equals(bytes)) return whole;
    return bytes
        .toString("latin1")
        .split("\n")
        .map(line => {
            const own = Buffer.from(line, "latin1"),
                text = own.toString();
            return Buffer.from(text).equals(own)
                ? text
                : line.replace(/[\x80-\xff]/g, c => String.fromCharCode(0xdc00 + c.charCodeAt(0)));
        })
        .join("\n");
}

/** The bytes that {@link toText} has made this text of; of any other text its UTF-8. */
export const toBytes = (text: string): Buffer =>
    Buffer.concat(
        text
            .split(/([\u{dc80}-\u{dcff}]+)/u)
            .map((part, i) =>
                i % 2 === 0 ? Buffer.from(part) : Buffer.from([...part].map(c => c.charCodeAt(0) - 0xdc00)),
            ),
    );
