import { AddressPlan } from "../config/address-plan";
import type { Progress } from "../system/progress";
import { buildArchive } from "./archive/archive";
import { buildGoldenRoot } from "./golden/golden-root";
import { buildHostRoot } from "./hosts/host-root";
import { checkLabName } from "./hosts/files";
import { Lab, labUp } from "./hosts/lab";
import { choose, machineCan } from "./hosts/machine";
import { checkMachine } from "./hosts/preflight";
import { buildImages } from "./images/images";

export { inWords as machineInWords } from "./hosts/machine";
export { enterOperator, Lab, labDown, labExec, labStatus } from "./hosts/lab";

/** Makes everything a lab is made of, where it is missing, and brings its hosts up. */
export async function bringUp(name: string, progress: Progress): Promise<Lab> {
    checkLabName(name);
    checkMachine();
    const hostRoot = await buildHostRoot(progress);
    const goldenRoot = await buildGoldenRoot(progress);
    const { folder: images, instance: { file, sha256 } } = await buildImages(progress);
    const [archive, can] = await Promise.all([buildArchive(progress), machineCan({ hostRoot, images }, progress)]);
    const names = new AddressPlan(0).hostsEntries();
    return await labUp(name, { hostRoot, archive, goldenRoot, images, instanceImage: { file, sha256 }, machine: { can, choice: choose(can) }, names }, progress);
}
