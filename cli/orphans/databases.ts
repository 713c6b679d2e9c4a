import { stackStore } from "../../engine/stack-store";
import { realOnes, type RecordedResource } from "../../engine/state";

/** Name of the note. */
const NOTE = "databases";

/** The ids of the databases that are recorded; one that is made anew has another. */
const databases = (resources: readonly RecordedResource[]): string[] =>
    realOnes(resources)
        .filter(r => r.type.endsWith("/guest:Database"))
        .map(r => r.id!)
        .sort();

/** Notes with which databases the nodes hold nothing that is unknown to the cloud: the recorded ones. */
export function noteDatabases(stack: string, resources: readonly RecordedResource[]): void {
    const lines = databases(resources).map(id => `${id}\n`);
    stackStore.putNote(stack, NOTE, lines.join(""));
}

/** Before anything is changed: where nothing is noted yet, notes the databases that are there, so that a run that is cut off is known to have made others. */
export function noteFormerDatabases(stack: string, resources: readonly RecordedResource[]): void {
    if (stackStore.note(stack, NOTE) === undefined && databases(resources).length > 0) noteDatabases(stack, resources);
}

/** Whether a database is another than was noted, by whichever run it was made: what stood in the former one is known to nobody. */
export function databasesAnew(stack: string, resources: readonly RecordedResource[]): boolean {
    const noted = stackStore.note(stack, NOTE)?.split("\n");
    return noted !== undefined && databases(resources).some(id => !noted.includes(id));
}
