import { asciiJson } from "../clients/http";
import type { Problem } from "./dynamic";

export interface NameLimits {
    /** Characters that it has at most. Default 255. */
    most?: number;
    /** Characters beyond ASCII are refused. */
    ascii?: boolean;
}

/** Why services would keep another name than the given one, or refuse it with no word about it: a problem, or none. */
export function nameProblems(
    property: string,
    what: string,
    name: string | undefined,
    { most = 255, ascii = false }: NameLimits = {},
): Problem[] {
    if (name === undefined) return [];
    const reason = nameProblem(what, name, most, ascii);
    return reason === undefined ? [] : [{ property, reason }];
}

function nameProblem(what: string, name: string, most: number, ascii: boolean): string | undefined {
    if (name === "") return `${what} has a name`;
    const { length } = [...name];
    if (length > most) return `a name of ${length} characters: for ${what} at most ${most} are allowed`;
    if (/[\p{Cc}\p{Cs}]/u.test(name)) return `${asciiJson(name)}: a name has no control characters in it`;
    if (name.trim() !== name) return `"${name}": a name has no blanks around it, for services cut them off`;
    return ascii && /[^ -~]/.test(name) ? `"${name}": this release takes ASCII characters only` : undefined;
}
