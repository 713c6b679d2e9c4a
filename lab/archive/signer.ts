import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import type { Progress } from "../../system/progress";
import { buildBaseRoot, debianSource } from "../golden/base-root";
import { scriptInRoot } from "../golden/in-root";

/** Raised when the steps below change the result. */
const RECIPE = 1;

/** Signs the index of the lab's package archive into a folder; returns the public key in ASCII armour. */
export type SignArchive = (folder: string) => Promise<string>;

const SIGN = `
umask 077
export GNUPGHOME=/run/gnupg
mkdir $GNUPGHOME
# Of yesterday: for a node whose clock is behind, a key of today would not be valid yet.
sign() { gpg --batch --quiet --faked-system-time "$(date -u -d yesterday +%Y%m%dT%H%M%S)!" --armor "$@"; }
sign --passphrase '' --quick-generate-key "Package archive of a lab" ed25519 sign never
sign --detach-sign --output /signed/Release.gpg /archive/Release
sign --clearsign --output /signed/InRelease /archive/Release
sign --export
chmod 644 /signed/*
`;

/**
 * What signs an archive for one lab: by a key made then, which lies in memory only and which nobody has afterwards. So a lab's
 * nodes take no other archive, not even another lab's with the same packages. gpg is in a layer of its own: nodes have none.
 * @param archive its folder, with Release
 */
export async function buildSigner(archive: string, progress: Progress): Promise<SignArchive> {
    const base = await buildBaseRoot(progress);
    const inputs = { recipe: RECIPE, base: path.basename(path.dirname(base)) };
    const entry = await cached({ kind: "signer", name: "bullseye", inputs }, dir =>
        progress.step("Signer of the package archive", async () => {
            const root = path.join(dir, "root");
            const script = `
                echo '${await debianSource()}' > /etc/apt/sources.list
                apt-get update -q
                apt-get install -q -y --no-install-recommends gpg gpg-agent
                rm -rf /var/lib/apt/lists /var/cache/apt`;
            await scriptInRoot(root, script, { lower: [base], timeoutSeconds: 300 });
            fs.renameSync(`${root}.upper`, path.join(dir, "layer"));
            for (const used of [root, `${root}.work`]) fs.rmSync(used, { recursive: true, force: true });
        }),
    );
    return async folder => {
        const root = path.join(folder, "signing");
        fs.mkdirSync(folder, { recursive: true });
        try {
            const { stdout } = await scriptInRoot(root, SIGN, {
                lower: [path.join(entry, "layer"), base],
                binds: { "/archive": archive, "/signed": folder },
                timeoutSeconds: 60,
            });
            return stdout;
        } finally {
            for (const used of [root, `${root}.upper`, `${root}.work`])
                fs.rmSync(used, { recursive: true, force: true });
        }
    };
}
