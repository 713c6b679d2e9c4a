import * as path from "path";
import type { Settings } from "../config/settings";
import { releaseOf } from "../releases";
import type { PublishedImage } from "../releases/release";
import { cached } from "../system/cache";
import { download, NotReached } from "../system/download";
import { UserError } from "../system/errors";

/** The release's own first image (G2), where a stack is to have it: it has image-node, and names no file itself. */
function publishedImage({ image, release, made }: Settings): PublishedImage | undefined {
    return image === undefined && made.includes("image-node") ? releaseOf(release).image : undefined;
}

/** The settings with a published image as the stack's, which is in a file of this path. */
const withImage = (settings: Settings, { sha256 }: PublishedImage, file: string): Settings => ({
    ...settings,
    image: { file, sha256 },
});

const fileName = ({ url }: PublishedImage): string => path.basename(new URL(url).pathname);

/** Where the image is on a machine that nothing is known of. */
export function withImageAnywhere(settings: Settings): Settings {
    const image = publishedImage(settings);
    return image ? withImage(settings, image, `~/.cache/classroom/${fileName(image)}`) : settings;
}

/**
 * Gets the release's own first image into the cache, where a stack is to have it and it is not there yet.
 * @param get downloads a file whose digest is known
 * @returns the settings with the image named
 * @throws UserError where it cannot be got, or is another one
 */
export async function withFirstImage(settings: Settings, get: typeof download = download): Promise<Settings> {
    const image = publishedImage(settings);
    if (!image) return settings;
    const name = fileName(image),
        entry = { kind: "image", name: path.parse(name).name, inputs: image };
    try {
        const folder = await cached(entry, dir => get(image, path.join(dir, name)));
        return withImage(settings, image, path.join(folder, name));
    } catch (e) {
        if (!(e instanceof NotReached)) throw e;
        throw new UserError(
            `image: ${image.url}, the first image of release ${settings.release}, cannot be fetched (${e.message}); nothing was changed. ` +
                `Run this again; or get it on another machine, and name the file in the stack's configuration: image, with file, and sha256 ${image.sha256}`,
        );
    }
}
