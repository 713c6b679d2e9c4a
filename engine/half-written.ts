import * as fs from "fs";
import * as path from "path";

const isJson = (file: string): boolean => {
    try {
        JSON.parse(fs.readFileSync(file, "utf8"));
        return true;
    } catch {
        return false;
    }
};

/**
 * Removes what an engine that was killed left half written beside a stack's state: a file of attributes that is empty,
 * with which every later run would fail ("failed to load checkpoint: EOF"), and copies that never became the state. The file
 * backend exchanges the state itself whole, and does without attributes. Of a stack that nobody works on.
 * @param backendDir the file backend's folder
 */
export function removeHalfWritten(backendDir: string, project: string, stack: string): void {
    const dir = path.join(backendDir, ".pulumi/stacks", project),
        state = `${stack}.json`;
    const files = [path.join(backendDir, ".pulumi/meta.yaml.attrs")];
    if (fs.existsSync(dir))
        files.push(
            ...fs
                .readdirSync(dir)
                .filter(name => name.startsWith(state))
                .map(name => path.join(dir, name)),
        );
    for (const file of files) {
        if (/\.json(\.bak)?\.[0-9a-f]+\.tmp$/.test(file) || (file.endsWith(".attrs") && !isJson(file)))
            fs.rmSync(file, { force: true });
    }
}
