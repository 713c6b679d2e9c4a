import * as fs from "fs";
import * as path from "path";
import { cacheDir } from "../../system/paths";
import { PlainProgress } from "../../system/progress";
import { buildBaseRoot, debianSource } from "./base-root";
import { dataFile } from "./data-files";
import { scriptInRoot } from "./in-root";
import { pipEnvironment } from "./pip-settings";
import { ENVIRONMENT_PINS } from "./runtime";

/**
 * Writes beside each pin of lab/golden/data/pins-*.txt the sha256 of the files that may be installed for it, from the
 * machine's package index: to be run after a pin was changed, as root, and its difference to be read before it is committed.
 */
async function updatePins(): Promise<void> {
    const root = fs.mkdtempSync(path.join(cacheDir(), "pins-"));
    try {
        const out = path.join(root, "out");
        fs.mkdirSync(out);
        const script = `
            echo '${await debianSource()}' > /etc/apt/sources.list
            apt-get update -q
            apt-get install -q -y python3-pip
            python3 /pins/pin-hashes.py < /pins/pins-virtualenv.txt > /out/pins-virtualenv.txt
            python3 -m pip install -q --require-hashes -r /out/pins-virtualenv.txt
            python3 -m virtualenv -q --python=/usr/bin/python2.7 --no-periodic-update /opt/pins
            for name in ${ENVIRONMENT_PINS.filter(name => name !== "pins-virtualenv.txt").join(" ")}; do
                /opt/pins/bin/python /pins/pin-hashes.py < /pins/$name > /out/$name
            done`;
        await scriptInRoot(path.join(root, "root"), script, {
            lower: [await buildBaseRoot(new PlainProgress())],
            binds: { "/pins": dataFile(), "/out": out },
            env: await pipEnvironment(),
            timeoutSeconds: 1800,
        });
        for (const name of ENVIRONMENT_PINS) fs.copyFileSync(path.join(out, name), dataFile(name));
    } finally {
        fs.rmSync(root, { recursive: true, force: true });
    }
}

if (require.main === module) void updatePins();
