import type { Connection } from "../../clients/connection";
import type { RunScript } from "../../clients/ssh";
import { askUntil, NOT_YET } from "../../clients/waiting";

/** Something on a physical host that holds up the cloud's work there. */
export interface Hindrance {
    /** A sentence; `this host` in it stands for the host's name. */
    words: string;
    /** Shell that takes it away; none where nobody knows what was there before. */
    mend?: string;
    /** Shell that ends with 0 as soon as a daemon has done its part of the mending. */
    mended?: string;
}

/** More than anybody reads, and than a state should hold. */
const [MOST, LONGEST] = [40, 300];

const cut = ({ words }: Hindrance): string => (words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words);

/** What is compared: each once. */
export const wordsOf = (found: readonly Hindrance[]): string[] => [...new Set(found.map(cut))];
/** What is recorded of it and told. */
export const told = (found: readonly Hindrance[]): string[] => wordsOf(found).slice(0, MOST);

/** Each by itself: what fails holds up no other, and the next reading finds it again. */
export async function mend(run: RunScript, on: Connection, found: readonly Hindrance[]): Promise<void> {
    const each = [...new Set(found.flatMap(({ mend: shell }) => shell ?? []))];
    if (each.length === 0) return;
    await run(on, each.map(shell => `( ${shell}\n) || true`).join("\n"), { timeoutSeconds: 60 });
    for (const { mended } of found)
        if (mended !== undefined) await askUntil(run, on, { ask: `( ${mended}\n) || exit ${NOT_YET}`, seconds: 10 });
}
