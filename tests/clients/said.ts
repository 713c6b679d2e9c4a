import type { ExecResult } from "../../clients/ssh";

/** What a script prints that answers with these names; of a list each value. */
export const said = (answer: Record<string, string | Buffer | readonly string[]>): ExecResult => ({
    stdout: Object.entries(answer)
        .flatMap(([name, values]) =>
            (Array.isArray(values) ? (values as string[]) : [values as string]).map(
                value => `${name}:${Buffer.from(value).toString("base64")}\n`,
            ),
        )
        .join(""),
    stderr: "",
    code: 0,
});
