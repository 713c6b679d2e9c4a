import * as fs from "fs";
import * as path from "path";
import { backendDir } from "../engine/automation";
import { AdminFacts, openrc } from "../releases/tutorial";

/** The operator's own openrc of a stack, in the stack's folder (K8). */
export const openrcFile = (stack: string): string => path.join(backendDir(), stack, "openrc");

/** Writes it, readable by the operator alone, from the password that the nodes' own are written from. Returns its path. */
export function writeOpenrc(stack: string, cloud: AdminFacts): string {
    const file = openrcFile(stack);
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.rmSync(`${file}.new`, { force: true });
    fs.writeFileSync(`${file}.new`, openrc(cloud), { mode: 0o600 });
    fs.renameSync(`${file}.new`, file);
    return file;
}

/** Removes it with the cloud that it is of; one that is not there is success. */
export function removeOpenrc(stack: string): void { fs.rmSync(path.dirname(openrcFile(stack)), { recursive: true, force: true }); }

/** How a cloud that is there is used; the commands as the user types them. */
export interface CloudUse { dashboard: string; openrc: string; clients?: string }

/** A lab's network and names are behind `lab exec` alone; on real hosts clients run where the operator has them. */
export function useOf(stack: string, lab: string | undefined, openrc: string): CloudUse {
    return { dashboard: `./classroom open ${stack}`, openrc, ...(lab !== undefined && { clients: `./classroom lab exec ${lab} -- sh -c '. "${openrc}"; nova list'` }) };
}

/** The last lines of `up`. */
export const useLines = ({ dashboard, openrc, clients }: CloudUse): string[] =>
    [`dashboard: ${dashboard}`, `openrc of admin: ${openrc}`, ...(clients === undefined ? [] : [`command-line clients: ${clients}`])];
