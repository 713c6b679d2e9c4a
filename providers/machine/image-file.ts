import type * as pulumi from "@pulumi/pulumi";
import { ask, optional, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";

interface Inputs {
    connection: Connection;
    pool: string;
    path: string;
    url: string;
    sha256: string;
}

function put(run: RunScript, { connection, pool, path, url, sha256 }: Inputs) {
    return run(
        connection,
        `f=${quote(path)}; wanted=${sha256}
sum() { sha256sum < "$1" | cut -d ' ' -f 1; }
if [ ! -f "$f" ] || [ "$(sum "$f")" != $wanted ]; then
    umask 022; mkdir -p "$(dirname "$f")"; t=$(mktemp "$f.XXXXXX"); trap 'rm -f "$t"' EXIT
    if command -v curl > /dev/null; then curl -fsSL --retry 3 -o "$t" ${quote(url)}
    elif command -v wget > /dev/null; then wget -q -O "$t" ${quote(url)} || { echo "wget could not fetch it" >&2; exit 1; }
    else echo "it has neither curl nor wget to fetch the image of its machines with; install the package curl" >&2; exit 1; fi
    found=$(sum "$t")
    [ "$found" = $wanted ] || { echo ${quote(`${url} has the checksum`)} "$found, wanted $wanted; it was not kept" >&2; exit 1; }
    chmod 644 "$t"; mv "$t" "$f"
fi
virsh -q -c qemu:///system pool-refresh ${quote(pool)} > /dev/null`,
        { timeoutSeconds: 3600 },
    );
}

function check({ pool, path, url, sha256 }: Partial<Inputs>): Problem[] {
    return [
        ...(pool !== undefined && !/^[A-Za-z0-9_.-]+$/.test(pool)
            ? [{ property: "pool", reason: `"${pool}" is not the name of a libvirt pool` }]
            : []),
        ...(path !== undefined && !/^\/[A-Za-z0-9/._-]+$/.test(path)
            ? [
                  {
                      property: "path",
                      reason: `"${path}" is not an absolute path of letters, digits, dots, dashes`,
                  },
              ]
            : []),
        ...(url !== undefined && !/^(https?|file):\/\/\S+$/.test(url)
            ? [{ property: "url", reason: `"${url}" does not begin with http://, https:// or file://` }]
            : []),
        ...(sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)
            ? [
                  {
                      property: "sha256",
                      reason: `"${sha256}" is not a checksum of 64 hexadecimal digits: a file from ${url ?? "there"} could not be verified. Set goldenImage.sha256; SHA256SUMS beside the image has it`,
                  },
              ]
            : []),
    ];
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const { connection, path } = recorded;
    const { sum } = await ask(
        run,
        connection,
        `[ -f ${quote(path)} ] || exit 0; sum=$(sha256sum < ${quote(path)}); say sum "\${sum%% *}"`,
        { sum: optional(text(/[0-9a-f]{64}/)) },
        { timeoutSeconds: 600 },
    );
    return sum === undefined ? undefined : { ...recorded, sha256: sum };
}

/** An image that a physical host fetches itself; it is there under its name only when its checksum is right. */
export function imageFileHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["path", "sha256"],
        access: ["connection", "pool", "url"],
        replaceOn: ["path"],
        check,
        async create(inputs) {
            await put(run, inputs);
            return { id: `${inputs.connection.name}:${inputs.path}`, outputs: {} };
        },
        read: (_id, recorded) => read(run, recorded),
        async update(_id, _recorded, inputs) {
            await put(run, inputs);
            return {};
        },
        async delete(_id, { connection, path }) {
            await run(connection, `rm -f ${quote(path)}`);
        },
    };
}
export const handler = imageFileHandler();

export interface ImageFileArgs {
    /** The physical host. */
    connection: pulumi.Input<Connection>;
    /** libvirt's pool whose folder it lies in. */
    pool: pulumi.Input<string>;
    path: pulumi.Input<string>;
    /** Where the host fetches it from, with curl or wget. */
    url: pulumi.Input<string>;
    /** Of the fetched file; a file with another one is not kept. */
    sha256: pulumi.Input<string>;
}

/** An image on a physical host, fetched by the host and verified (H4). */
export class ImageFile extends LiveResource {
    constructor(name: string, args: ImageFileArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/image-file", "ImageFile", name, args as unknown as pulumi.Inputs, opts);
    }
}
