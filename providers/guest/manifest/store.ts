import { createCipheriv, createDecipheriv, createHash, randomBytes } from "crypto";
import { gunzipSync, gzipSync } from "zlib";
import { ask, bytes, poured } from "../../../clients/answer";
import { type Connection, jumpOf, Unreachable } from "../../../clients/connection";
import { folderShell, quote, type RunScript } from "../../../clients/ssh";
import type { Reading } from "./reading";

/** Where a physical host keeps what is recorded of its nodes, a folder each. */
export const groundsDir = "/var/lib/libvirt/grounds";

/** What is right in a node. */
export interface Manifest {
    reading: Reading;
    /** Packs of kept contents, by the digests that are in them. */
    packs: Record<string, string[]>;
    /** The run whose end it is, by its number: what is pending of that one is over. */
    ends?: string;
}

/** A run that has begun in a node and has not recorded yet what it made of it. */
export type Pending = {
    /** Of this run alone; a former version gave none. */
    number?: string;
} & (
    | /** The node is new: all that is in it when the run is over is right. */ { fresh: true }
    | {
          fresh: false;
          /** The manifest that held when the run began, by its configuration. */
          expects: string;
          /** The configuration that the run makes; a former version did not tell. */
          to?: string;
          /** What the node was before. */
          before: Reading;
      }
);

const NONCE = 12,
    TAG = 16,
    /** Unpacked. */
    MOST = 64 << 20;

export const newKey = (): string => randomBytes(32).toString("base64");

/** @param about what it is, which has to be said again to open it */
export function seal(key: string, about: string, plain: Buffer): Buffer {
    const nonce = randomBytes(NONCE),
        cipher = createCipheriv("aes-256-gcm", Buffer.from(key, "base64"), nonce).setAAD(Buffer.from(about));
    const sealed = Buffer.concat([cipher.update(gzipSync(plain)), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** @throws Error where it was not sealed with this key, or as something else, or was changed */
export function unseal(key: string, about: string, sealed: Buffer): Buffer {
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(key, "base64"), sealed.subarray(0, NONCE), {
        authTagLength: TAG,
    }).setAAD(Buffer.from(about));
    decipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
    const packed = Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]);
    return gunzipSync(packed, { maxOutputLength: MOST });
}

/** What a physical host keeps of one node, encrypted: who has not the key can neither read nor change it. */
export class Store {
    private readonly host: Connection;
    private readonly dir: string;

    constructor(
        private readonly run: RunScript,
        private readonly node: Connection,
        private readonly key: string,
    ) {
        this.host = jumpOf(node) ?? node;
        this.dir = `${groundsDir}/${node.name}`;
    }

    /** @param expects which manifest: of that configuration of the node */
    async load(expects: string): Promise<{ manifest?: Manifest; pending?: Pending }> {
        const file = (name: string) => quote(`${this.dir}/${name}`),
            name = nameOf(expects);
        const { manifest, pending } = await ask(
            this.run,
            this.host,
            `[ ! -f ${file(name)} ] || pour manifest < ${file(name)}
[ ! -f ${file("pending")} ] || pour pending < ${file("pending")}`,
            { manifest: poured, pending: poured },
        );
        const recorded = manifest.length > 0 ? (this.opened(name, manifest) as Manifest) : undefined,
            begun = pending.length > 0 ? (this.opened("pending", pending) as Pending) : undefined;
        return {
            ...(recorded && { manifest: recorded }),
            ...(begun && isUnderWay(begun, expects, recorded) && { pending: begun }),
        };
    }

    async manifestOf(expects: string): Promise<Manifest | undefined> {
        return (await this.load(expects)).manifest;
    }

    async saveManifest(expects: string, manifest: Manifest): Promise<void> {
        await this.write(nameOf(expects), Buffer.from(JSON.stringify(manifest)));
    }

    async savePending(pending: Pending): Promise<void> {
        await this.write("pending", Buffer.from(JSON.stringify(pending)));
    }

    /** Nothing is pending any more, and what the manifest does not need goes. */
    async settle(expects: string, { packs }: Manifest): Promise<void> {
        const needed = [nameOf(expects), ...Object.keys(packs)].map(quote).join(" | ");
        await this.run(
            this.host,
            `cd ${quote(this.dir)}
for f in *; do case $f in ${needed}) ;; pending | manifest-* | pack-* | *.new) rm -f "$f" ;; esac; done`,
        );
    }

    /** Keeps contents. @returns the pack's name */
    async keep(contents: ReadonlyMap<string, Buffer>): Promise<string> {
        const name = `pack-${randomBytes(8).toString("hex")}`;
        const plain = Object.fromEntries(
            [...contents].map(([digest, content]) => [digest, content.toString("base64")]),
        );
        await this.write(name, Buffer.from(JSON.stringify(plain)));
        return name;
    }

    /** Those of the contents that are kept, by their digests; each is what its digest says. */
    async contents({ packs }: Manifest, digests: readonly string[]): Promise<Map<string, Buffer>> {
        const found = new Map<string, Buffer>();
        for (const [name, held] of Object.entries(packs)) {
            if (!/^pack-[0-9a-f]{16}$/.test(name) || !held.some(digest => digests.includes(digest))) continue;
            const { pack } = await ask(this.run, this.host, `tell pack < ${quote(`${this.dir}/${name}`)}`, {
                pack: bytes,
            });
            for (const [digest, content] of Object.entries(this.opened(name, pack) as Record<string, string>)) {
                const plain = Buffer.from(content, "base64");
                if (digests.includes(digest) && digestOf(plain) === digest) found.set(digest, plain);
            }
        }
        return found;
    }

    /** Removes all that is kept of the node. */
    async remove(): Promise<void> {
        await this.run(this.host, `rm -rf ${quote(this.dir)}; rmdir ${groundsDir} 2> /dev/null || true`);
    }

    private about(name: string): string {
        return `${this.node.name}/${name}`;
    }

    private opened(name: string, sealed: Buffer): unknown {
        try {
            return JSON.parse(unseal(this.key, this.about(name), sealed).toString());
        } catch {
            throw new Unreachable(
                `${this.host.name}: ${this.dir}/${name} is damaged or another stack's, so there is no record of ${this.node.name}`,
            );
        }
    }

    private async write(name: string, plain: Buffer): Promise<void> {
        const file = quote(`${this.dir}/${name}`);
        // Input of a script has no NUL in it.
        await this.run(
            this.host,
            `${folderShell}
umask 077; folder ${quote(this.dir)}; base64 -d > ${file}.new; mv -f ${file}.new ${file}`,
            { input: seal(this.key, this.about(name), plain).toString("base64") },
        );
    }
}

/**
 * Whether what is pending still counts: not where the manifest has taken it in and the run was cut off before it could be removed;
 * nor where the run was cut off before the node's first resource, so that it changed nothing in it.
 * @param expects the configuration that the state has
 */
function isUnderWay(pending: Pending, expects: string, manifest: Manifest | undefined): boolean {
    if (pending.number !== undefined && manifest?.ends === pending.number) return false;
    if (pending.fresh || pending.to === undefined) return true;
    return pending.expects !== expects || pending.to === expects;
}

export const newNumber = (): string => randomBytes(8).toString("hex");

export const digestOf = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/** The file of a manifest. */
const nameOf = (expects: string): string => `manifest-${digestOf(Buffer.from(expects)).slice(0, 16)}`;
