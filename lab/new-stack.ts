import * as path from "path";
import { checkLabName } from "../config/lab-settings";
import { UserError } from "../system/errors";
import { createFile } from "../system/files";
import { projectDir } from "../system/paths";

/**
 * Writes the file of a stack whose hosts are a lab of the same name.
 * @returns the file's name
 * @throws UserError where the name is none of a lab, or there is such a stack
 */
export function newLabStack(name: string): string {
    checkLabName(name);
    const file = `Pulumi.${name}.yaml`;
    const text = [
        "# yaml-language-server: $schema=schema/stack.schema.json",
        `# The cloud on one machine: hosts, keys and images are those of the lab of that name (./classroom lab up ${name}).`,
        "config:",
        `  gridka-cloud-classroom:lab: ${name}`,
        "  gridka-cloud-classroom:release: ocata",
        "  gridka-cloud-classroom:training: true",
        "",
    ].join("\n");
    if (!createFile(path.join(projectDir(), file), text, 0o644))
        throw new UserError(`there is a ${file} already; nothing was changed. Give the lab another name`);
    return file;
}
