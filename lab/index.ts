import { AddressPlan } from "../config/address-plan";
import { checkLabName } from "../config/lab-settings";
import { leavable } from "../system/interrupt";
import { Parts } from "../system/parts";
import type { Progress } from "../system/progress";
import { buildArchive } from "./archive/archive";
import { buildSigner } from "./archive/signer";
import { buildGoldenRoot } from "./golden/golden-root";
import { buildHostRoot } from "./hosts/host-root";
import { LabFiles } from "./hosts/files";
import { cgroupName, type Lab, labUp } from "./hosts/lab";
import { choose, machineCan } from "./hosts/machine";
import { checkMachine, machineFor } from "./hosts/preflight";
import { buildImages } from "./images/images";

export { raiseInotify } from "./hosts/inotify";
export { rangesInWords } from "./hosts/id-ranges";
export { inWords as machineInWords } from "./hosts/machine";
export { needRoot } from "./hosts/preflight";
export { newLabStack } from "./new-stack";
export { enterOperator, Lab, labDown, labExec, labsOfTestPart, labStatus } from "./hosts/lab";

/** What a lab is made of, and about how long each takes by itself where nothing is there, in seconds on two cores. */
export const labParts = {
    "the hosts' root": 60,
    "the nodes' root with OpenStack's libraries": 180,
    "disks and images": 60,
    "the package archive": 60,
} as const;

/**
 * Makes the missing parts of a lab and brings its hosts up. Each part begins as soon as its own inputs are there. An interruption
 * takes the half-made hosts away. A build goes on, and ends with this process.
 */
export async function bringUp(
    name: string,
    progress: Progress,
    signal?: AbortSignal,
    parts = new Parts(progress, labParts),
): Promise<Lab> {
    checkLabName(name);
    checkMachine(machineFor(cgroupName(new LabFiles(name))));
    const { hostRoot, goldenRoot, images, archive, signArchive } = await leavable(signal, () =>
        buildAll(progress, parts),
    );
    const { file, sha256 } = images.instance;
    const can = await leavable(signal, () => machineCan({ hostRoot, images: images.folder }, progress));
    const names = new AddressPlan(0).hostsEntries();
    return await labUp(
        name,
        {
            hostRoot,
            archive,
            signArchive,
            goldenRoot,
            images: images.folder,
            instanceImage: { file, sha256 },
            machine: { can, choice: choose(can) },
            names,
        },
        progress,
        signal,
    );
}

/** All that a lab is made of. What several parts are made from is built once (system/cache.ts). */
async function buildAll(progress: Progress, parts: Parts) {
    const part = <T>(of: keyof typeof labParts, build: (progress: Progress) => Promise<T>): Promise<T> =>
        parts.part(of, () => build(progress));
    const [hostRoot, goldenRoot, images, archive] = await Promise.all([
        part("the hosts' root", buildHostRoot),
        part("the nodes' root with OpenStack's libraries", buildGoldenRoot),
        part("disks and images", buildImages),
        part("the package archive", buildArchive),
    ]);
    return { hostRoot, goldenRoot, images, archive, signArchive: await buildSigner(archive, progress) };
}
