import { UserError } from "../../system/errors";

/** What a check may make in the cloud, in the order in which it is removed. */
export const kinds = ["servers", "groups", "images", "volumes"] as const;
export type Kind = (typeof kinds)[number];

interface Acceptance {
    id: string;
    title: string;
    /** Checks that it stands on, all of them. */
    needs: readonly string[];
    /** Others that it waits for, however they end: they use the same instance, or keep the same node busy. */
    after: readonly string[];
    makes: readonly Kind[];
}

/**
 * The tutorial's acceptance tests (T1–T12). Those of the first instance go on beside that of volumes, which keeps an emulated
 * volume-node busy. More side by side makes each slower where there are two cores.
 */
export const acceptance = [
    { id: "T1", title: "upload an image", needs: [], after: [], makes: ["images"] },
    { id: "T2", title: "start an instance", needs: [], after: [], makes: ["servers"] },
    { id: "T3", title: "start an instance from the dashboard", needs: [], after: ["T2"], makes: ["servers"] },
    { id: "T4", title: "fixed and floating address", needs: ["T2"], after: [], makes: [] },
    { id: "T5", title: "ssh from api-node", needs: ["T2", "T4"], after: ["T3"], makes: [] },
    {
        id: "T6",
        title: "port 80 is closed until a rule opens it",
        needs: ["T2", "T4"],
        after: ["T5"],
        makes: ["groups"],
    },
    { id: "T7", title: "snapshot", needs: ["T2", "T4", "T5"], after: ["T6"], makes: ["servers", "images"] },
    { id: "T8", title: "create a volume", needs: [], after: [], makes: ["volumes"] },
    {
        id: "T9",
        title: "attach a volume",
        needs: ["T2", "T4", "T5"],
        after: ["T7", "T8"],
        makes: ["servers", "volumes"],
    },
    { id: "T10", title: "resize", needs: [], after: ["T9"], makes: ["servers"] },
    { id: "T11", title: "start an instance over EC2", needs: [], after: ["T10"], makes: ["servers"] },
    { id: "T12", title: "every service is up", needs: [], after: ["T1", "T9", "T11"], makes: [] },
] as const satisfies readonly Acceptance[];
export type CheckId = (typeof acceptance)[number]["id"];

/** Every check, in a line each; what is in brackets is done first. */
export const listLines = (): string[] =>
    acceptance.map(
        ({ id, title, needs }: Acceptance) =>
            `${id.padEnd(3)}  ${title}${needs.length > 0 ? ` (${needs.join(", ")})` : ""}`,
    );

/**
 * The checks that are asked for, with those that they stand on, in their order; all where none is named.
 * @param only `T5,T9`
 * @throws UserError for one that there is not
 */
export function chosenOf(only: string | undefined): CheckId[] {
    if (only === undefined) return acceptance.map(a => a.id);
    const named = only.split(",").map(word => word.trim().toUpperCase());
    const unknown = named.find(word => !acceptance.some(a => a.id === word));
    if (unknown !== undefined)
        throw new UserError(
            `--only "${only}": there is no check "${unknown}"; there are ${acceptance.map(a => a.id).join(", ")}, with commas between them`,
        );
    const wanted = acceptance.filter(a => named.includes(a.id)),
        needed: readonly string[] = wanted.flatMap(({ needs }: Acceptance) => needs);
    return acceptance.filter(a => wanted.includes(a) || needed.includes(a.id)).map(a => a.id);
}
