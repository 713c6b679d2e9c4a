import * as fs from "fs";
import * as path from "path";
import { AddressPlan } from "../config/address-plan";
import { cacheDir } from "../system/paths";
import type { Progress } from "../system/progress";
import { buildArchive } from "./archive/archive";
import { buildGoldenRoot } from "./golden/golden-root";
import { buildHostRoot } from "./hosts/host-root";
import { checkLabName } from "./hosts/files";
import { buildInstanceImage } from "./images/instance-image";
import { Lab, labUp } from "./hosts/lab";
import { checkMachine } from "./hosts/preflight";

export { enterOperator, Lab, labDown, labExec, labStatus } from "./hosts/lab";

/** Makes everything a lab is made of, where it is missing, and brings its hosts up. */
export async function bringUp(name: string, progress: Progress): Promise<Lab> {
    checkLabName(name);
    checkMachine();
    const hostRoot = await buildHostRoot(progress);
    const goldenRoot = await buildGoldenRoot(progress);
    const archive = await buildArchive(progress);
    const { file, sha256 } = await buildInstanceImage(progress);
    const folder = (below: string): string => {
        const dir = path.join(cacheDir(), below);
        fs.mkdirSync(dir, { recursive: true });
        return dir;
    };
    const names = new AddressPlan(0).hostsEntries();
    return await labUp(name, { hostRoot, archive, goldenRoot, images: folder("images"), instanceImage: { file, sha256 }, names }, progress);
}
