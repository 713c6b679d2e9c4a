import { isVisible, visibleJson } from "../system/output";
import type { Mistake } from "./mistakes";

/** A value for a message: nothing in it moves a cursor or ends a line. */
export const shown = (value: unknown): string => visibleJson(String(JSON.stringify(value)));

/** Public keys are pasted with all their lines; a shell command may have several. */
const ofLines = (path: readonly string[]): boolean =>
    path[0] === "archiveKey" ||
    path.includes("commands") ||
    (path[0] === "hosts" && path[path.length - 1] === "hostKey");

/**
 * Keys and values of a configuration that have something in them that cannot be seen. Values under `credentials` are left
 * for their own check, which shows none.
 */
export function unprintable(value: unknown, path: readonly string[] = []): Mistake[] {
    if (path[0] === "credentials") return [];
    const key = path.join(".");
    if (typeof value === "string")
        return isVisible(ofLines(path) ? value.replace(/[\r\n]/g, "") : value)
            ? []
            : [
                  {
                      path,
                      key,
                      value,
                      reason: `${shown(value)} has a character in it that cannot be seen; allowed are letters, digits and other signs of one line`,
                  },
              ];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) =>
        isVisible(name)
            ? unprintable(inner, [...path, name])
            : [
                  {
                      path: [...path, name],
                      key: [...path, shown(name)].join("."),
                      reason: "the name has a character in it that cannot be seen",
                  },
              ],
    );
}
