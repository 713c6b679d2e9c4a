import * as fs from "fs";
import * as path from "path";
import { quote } from "../../clients/ssh";
import { backendDir } from "../../engine/automation";
import { AdminFacts, openrc } from "../../releases/tutorial";
import { replaceFile } from "../../system/files";

/** What is kept of a stack beside its state, as long as there is something of it. */
export const stackFolder = (stack: string): string => path.join(backendDir(), stack);
/** The operator's own openrc of a stack (K8). */
export const openrcFile = (stack: string): string => path.join(stackFolder(stack), "openrc");

/** Writes it, readable by the operator alone, from the password that the nodes' own are written from. Returns its path. */
export function writeOpenrc(stack: string, cloud: AdminFacts): string {
    const file = openrcFile(stack);
    fs.mkdirSync(stackFolder(stack), { recursive: true, mode: 0o700 });
    replaceFile(file, openrc(cloud), 0o600);
    return file;
}

/** Removes the folder of a cloud that is no more; one that is not there is success. */
export function removeStackFolder(stack: string): void {
    fs.rmSync(stackFolder(stack), { recursive: true, force: true });
}

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
