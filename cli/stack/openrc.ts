import { stackStore } from "../../engine/stack-store";
import { quote } from "../../clients/ssh";
import { type AdminFacts, openrc } from "../../releases/tutorial";

/** Writes the operator's own openrc of a stack (K8), readable by the operator alone, from the password that the nodes' own are written from. Returns its path. */
export const writeOpenrc = (stack: string, cloud: AdminFacts): string =>
    stackStore.putNote(stack, "openrc", openrc(cloud));

/** How a cloud that is there is used; the commands as the user types them. */
export interface CloudUse {
    dashboard: string;
    openrc: string;
    clients?: string;
}

/** A lab's network and names are behind `lab exec` alone; on real hosts clients run where the operator has them. */
export function useOf(stack: string, lab: string | undefined, openrc: string): CloudUse {
    return {
        dashboard: `./classroom open ${stack}`,
        openrc,
        ...(lab !== undefined && { clients: `./classroom lab exec ${lab} -- sh -c ${sourcing(openrc)}` }),
    };
}

/** Words for `sh -c`; a path that a shell would take apart is a word of its own. */
const sourcing = (file: string): string =>
    /^[\w./-]+$/.test(file) ? `'. "${file}"; nova list'` : `'. "$0"; nova list' ${quote(file)}`;

/** The last lines of `up`. */
export const useLines = ({ dashboard, openrc, clients }: CloudUse): string[] => [
    `dashboard: ${dashboard}`,
    `openrc of admin: ${openrc}`,
    ...(clients === undefined ? [] : [`command-line clients: ${clients}`]),
];
