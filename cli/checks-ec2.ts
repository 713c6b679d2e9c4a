/** What euca2ools print, a line of fields for each thing; see "Using euca2ools" in the tutorial. */
const rowsOf = (printed: string, kind: "IMAGE" | "INSTANCE"): string[][] => printed.split("\n").map(line => line.split("\t")).filter(fields => fields[0] === kind);

/** Id of an image by `euca-describe-images`: nothing but its name leads from glance to it. */
export const imageIn = (printed: string, name: string): string | undefined => rowsOf(printed, "IMAGE").find(fields => fields[2]?.endsWith(`(${name})`))?.[1];

/** The one instance of `euca-run-instances` or `euca-describe-instances`: its id, and `pending`, `running` or what else nova makes of its state. */
export function instanceIn(printed: string): { id: string; state: string } | undefined {
    const fields = rowsOf(printed, "INSTANCE")[0];
    return fields?.[1] && fields[5] ? { id: fields[1], state: fields[5] } : undefined;
}
