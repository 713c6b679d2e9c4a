import type * as z from "zod";
import type { Mistake } from "./mistakes";
import { shown } from "./words";

/**
 * What an issue of zod's is in words; a value under `credentials`, or a private key, is never shown.
 * @param given what was checked
 * @param allowedKeys the keys that there are, by the key that they are below: where a mistyped one is likely
 */
export function issueMistakes(
    issue: z.core.$ZodIssue,
    given: unknown,
    allowedKeys: Readonly<Record<string, readonly string[]>>,
): Mistake[] {
    const path = issue.path.map(String),
        key = path.join(".");
    if (issue.code === "unrecognized_keys") {
        const allowed = allowedKeys[key];
        return issue.keys.map(name => ({
            path: [...path, name],
            key: [...path, name].join("."),
            reason: `there is no such key${allowed ? `; allowed are ${allowed.join(", ")}` : ""}`,
        }));
    }
    if (issue.code === "invalid_key") return [{ path, key, reason: nameReason(issue) }];
    const value = issue.path.reduce<unknown>((v, k) => (v as Record<PropertyKey, unknown> | undefined)?.[k], given);
    return [{ path, key, ...ofValue(issue, path, value) }];
}

function nameReason({ issues: [reason] }: z.core.$ZodIssueInvalidKey): string {
    return reason?.code === "invalid_value"
        ? `there is no such key; allowed are ${reason.values.join(", ")}`
        : `not allowed; allowed is ${reason?.message}`;
}

function ofValue(issue: z.core.$ZodIssue, path: readonly string[], value: unknown): Pick<Mistake, "value" | "reason"> {
    // zod's own words say no more than that.
    if (value === undefined)
        return { reason: `missing${issue.message.startsWith("Invalid") ? "" : `; allowed are ${issue.message}`}` };
    const secret = path[0] === "credentials" || (typeof value === "string" && value.includes("PRIVATE KEY")),
        found = secret ? "the value" : shown(value);
    const reason =
        issue.code === "invalid_value"
            ? `${found} is not one of ${issue.values.join(", ")}`
            : `${found} is not allowed: ${issue.message}`;
    return { ...(!secret && { value }), reason };
}

/** What an editor says where a text does not match (`patternErrorMessage`, of VS Code's language servers). */
export function patternMessage(zodSchema: z.core.$ZodType): string | undefined {
    const checks = zodSchema._zod.def.checks ?? [],
        pattern = checks.find(({ _zod: { def } }) => "pattern" in def);
    const said = pattern?._zod.def.error?.({} as never);
    return typeof said === "string" ? said : said?.message;
}
