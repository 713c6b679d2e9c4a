import * as fs from "fs";
import * as path from "path";
import { realOnes, RecordedResource } from "../../engine/state";
import { replaceFile } from "../../system/files";
import { stackFolder } from "../stack/openrc";

const file = (stack: string): string => path.join(stackFolder(stack), "databases");

/** The ids of the databases that are recorded; one that is made anew has another. */
const databases = (resources: readonly RecordedResource[]): string[] =>
    realOnes(resources)
        .filter(r => r.type.endsWith("/guest:Database"))
        .map(r => r.id!)
        .sort();

/** Notes with which databases the nodes hold nothing that is unknown to the cloud: the recorded ones. */
export function noteDatabases(stack: string, resources: readonly RecordedResource[]): void {
    fs.mkdirSync(stackFolder(stack), { recursive: true, mode: 0o700 });
    replaceFile(
        file(stack),
        databases(resources)
            .map(id => `${id}\n`)
            .join(""),
        0o600,
    );
}

/** Before anything is changed: where nothing is noted yet, notes the databases that are there, so that a run that is cut off is known to have made others. */
export function noteFormerDatabases(stack: string, resources: readonly RecordedResource[]): void {
    if (!fs.existsSync(file(stack)) && databases(resources).length > 0) noteDatabases(stack, resources);
}

/** Whether a database is another than was noted, by whichever run it was made: what stood in the former one is known to nobody. */
export function databasesAnew(stack: string, resources: readonly RecordedResource[]): boolean {
    if (!fs.existsSync(file(stack))) return false;
    const noted = new Set(fs.readFileSync(file(stack), "utf8").split("\n"));
    return databases(resources).some(id => !noted.has(id));
}
