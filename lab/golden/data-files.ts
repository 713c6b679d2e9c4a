import * as fs from "fs";
import * as path from "path";
import { projectDir } from "../../system/paths";

/** A file or folder of lab/golden/data. */
export const dataFile = (...below: string[]): string => path.join(projectDir(), "lab/golden/data", ...below);

/** The lines of a list in lab/golden/data, without comments. */
export function dataList(name: string): string[] {
    return parseList(fs.readFileSync(dataFile(name), "utf8"));
}

/** The lines of a list that are neither empty nor comments. */
export const parseList = (text: string): string[] =>
    text
        .split("\n")
        .map(line => line.trim())
        .filter(line => line !== "" && !line.startsWith("#"));

/** The text of files in lab/golden/data by name. An entry of the cache made with them depends on it. */
export const dataTexts = (...names: string[]): Record<string, string> =>
    Object.fromEntries(names.map(name => [name, fs.readFileSync(dataFile(name), "utf8")]));
