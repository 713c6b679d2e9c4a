import * as fs from "fs";
import { setTimeout as sleep } from "timers/promises";
import { nameOf } from "../../engine/urn";
import { drawn } from "../../cli/sabotage/choose";
import type { HostRole } from "../../config/nodes";
import { realOnes } from "../../engine/state";
import type { TestCloud } from "./test-cloud";

/** The victim: the engine, the whole command with its plugins, or every ssh session of a physical host. The sessions to the host's nodes end with it. */
export type Victim = "engine" | "command" | HostRole;
/** When: as soon as so many operations on libvirt were begun since, or so many resources were made or taken away. */
export interface Moment {
    victim: Victim;
    libvirt?: number;
    resources?: number;
    afterMilliseconds: number;
}

/** By which moments are drawn: the same one draws the same. */
export const SEED = Number(process.env.CLASSROOM_SEED ?? 1);

/** Numbers from 0 to below 1, one after another. */
export function drawing(seed: number): () => number {
    let drawings = 0;
    return () => drawn(seed * 100_003 + drawings++);
}

/**
 * Runs `up` or `destroy` until its moment has come, kills, and waits for its end.
 * @returns what was under way, as the state says after the kill; undefined when the command was through before
 */
export async function interrupted(
    cloud: TestCloud,
    operation: "up" | "destroy",
    moment: Moment,
): Promise<string[] | undefined> {
    let through = false;
    // What was under way before is recorded until the state is written again.
    const written = (): number => (fs.existsSync(cloud.stateFile) ? fs.statSync(cloud.stateFile).mtimeMs : 0);
    const before = written(),
        known = realOnes(cloud.recorded().resources).length,
        begun = new Set<string>();
    const running = cloud.classroom(operation, cloud.stack).finally(() => {
        through = true;
    });
    const come = (): boolean => {
        const { resources, pending } = cloud.recorded();
        pending.filter(p => p.resource.type.startsWith("libvirt:")).forEach(p => begun.add(p.resource.urn));
        return moment.libvirt === undefined
            ? Math.abs(realOnes(resources).length - known) >= moment.resources!
            : begun.size >= moment.libvirt;
    };
    for (let last = before; !through;) {
        const changed = written();
        if (changed !== last && come()) break;
        last = changed;
        await sleep(5);
    }
    await sleep(moment.afterMilliseconds);
    const killed = !through && (await kill(cloud, moment.victim));
    // Checked before its end: what is left of a command that goes on is its own affair.
    const under = !killed
        ? undefined
        : cloud.recorded().pending.map(p => `${p.type} ${p.resource.type.split(":").pop()!} ${nameOf(p.resource.urn)}`);
    const { code, stdout } = await running;
    if (killed && (moment.victim === "engine" || moment.victim === "command"))
        expect({ moment, code, stdout }).toEqual({ moment, code: 1, stdout });
    return under;
}

/** Returns whether there was something to kill. */
async function kill(cloud: TestCloud, victim: Victim): Promise<boolean> {
    if (victim === "engine" || victim === "command") return cloud.kill(victim);
    await cloud.classroom("ssh", cloud.stack, victim, "--", "pkill -KILL -f '^sshd: root@'");
    return true;
}
