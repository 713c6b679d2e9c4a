import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { run } from "../../system/run";

const digest = (algorithm: string, content: Buffer | string): string =>
    createHash(algorithm).update(content).digest("hex");

/** Packages, Packages.gz and Release of a flat repository over the .deb files of a folder. */
export async function writeIndex(dir: string): Promise<number> {
    const stanzas: string[] = [];
    const files = fs
        .readdirSync(dir)
        .filter(name => name.endsWith(".deb"))
        .sort();
    for (const name of files) {
        const content = fs.readFileSync(path.join(dir, name));
        const control = (await run("dpkg-deb", ["--field", path.join(dir, name)])).stdout.trimEnd();
        stanzas.push(
            `${control}\nFilename: ./${name}\nSize: ${content.length}\nMD5sum: ${digest("md5", content)}\nSHA256: ${digest("sha256", content)}\n`,
        );
    }
    fs.writeFileSync(path.join(dir, "Packages"), stanzas.join("\n"));
    await run("gzip", ["-9nkf", path.join(dir, "Packages")]);
    const sums = ["Packages", "Packages.gz"].map(name => {
        const content = fs.readFileSync(path.join(dir, name));
        return ` ${digest("sha256", content)} ${content.length} ${name}\n`;
    });
    fs.writeFileSync(
        path.join(dir, "Release"),
        `Origin: classroom lab\nLabel: classroom lab\nSuite: lab\nCodename: lab\nArchitectures: amd64 all\nDate: ${new Date().toUTCString()}\nSHA256:\n${sums.join("")}`,
    );
    return files.length;
}
