import { AddressPlan } from "../config/address-plan";
import { checkLabName } from "../config/lab-settings";
import { leavable } from "../system/interrupt";
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
export { enterOperator, Lab, labDown, labExec, labStatus } from "./hosts/lab";

/**
 * Makes everything a lab is made of, where it is missing, and brings its hosts up. An interruption takes away what was begun
 * of the hosts; a build is left, and ends with this process.
 */
export async function bringUp(name: string, progress: Progress, signal?: AbortSignal): Promise<Lab> {
    checkLabName(name);
    checkMachine(machineFor(cgroupName(new LabFiles(name))));
    const hostRoot = await leavable(signal, () => buildHostRoot(progress));
    const goldenRoot = await leavable(signal, () => buildGoldenRoot(progress));
    const {
        folder: images,
        instance: { file, sha256 },
    } = await leavable(signal, () => buildImages(progress));
    const [archive, can] = await leavable(signal, () =>
        Promise.all([buildArchive(progress), machineCan({ hostRoot, images }, progress)]),
    );
    const signArchive = await leavable(signal, () => buildSigner(archive, progress));
    const names = new AddressPlan(0).hostsEntries();
    return await labUp(
        name,
        {
            hostRoot,
            archive,
            signArchive,
            goldenRoot,
            images,
            instanceImage: { file, sha256 },
            machine: { can, choice: choose(can) },
            names,
        },
        progress,
        signal,
    );
}
