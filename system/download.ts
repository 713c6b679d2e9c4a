import { createHash } from "crypto";
import * as fs from "fs";
import type { IncomingMessage } from "http";
import * as https from "https";
import { isIP } from "net";
import * as path from "path";
import { pipeline } from "stream/promises";
import * as tls from "tls";
import { trusted } from "./certificates";
import { messageOf, UserError } from "./errors";
import { proxyFor, tunnel } from "./proxy";

/** A file that is published at an address of its own, and whose content is known beforehand. */
export interface Pinned {
    /** Over https, as are the addresses that it redirects to. */
    url: string;
    /** Of the whole file, in hexadecimal digits. */
    sha256: string;
}

export interface DownloadOptions {
    /** The most that is taken; default 512 MiB, twice the largest file that the program downloads. */
    limitBytes?: number;
    /**
     * How long nothing may come: for a connection, an answer, the next bytes. Default 30 s; the whole has no limit of
     * time.
     */
    stallSeconds?: number;
    /** Told in full percents how far it is, where the server says how long the file is. */
    onPercent?: (percent: number) => unknown;
}

/** A file that could not be got at all; the message is the reason, without the file. */
export class NotReached extends Error {
    override readonly name = "NotReached";
}

const REDIRECTS = 5;

/**
 * Downloads a file whose digest is known. Nothing is kept of one that is cut off, too long or another one.
 * @throws NotReached if it cannot be fetched; UserError if the fetched file is not the wanted one
 */
export async function download({ url, sha256 }: Pinned, file: string, options: DownloadOptions = {}): Promise<void> {
    let found: string;
    try {
        found = await fetched(url, file, options);
    } catch (e) {
        fs.rmSync(file, { force: true });
        throw new NotReached(messageOf(e));
    }
    if (found === sha256) return;
    fs.rmSync(file, { force: true });
    throw new UserError(
        `${path.basename(new URL(url).pathname)} of ${new URL(url).host}: its sha256 should be ${sha256} and is ${found}; it was removed unused. ` +
            "Run this again; if it stays so, something between here and there puts another file in its place",
    );
}

/** Downloads an address into a file; returns its sha256. */
async function fetched(url: string, file: string, options: DownloadOptions): Promise<string> {
    const { limitBytes = 512 * 2 ** 20, onPercent } = options;
    const answer = await opened(new URL(url), (options.stallSeconds ?? 30) * 1000);
    const length = Number(answer.headers["content-length"] ?? NaN);
    const digest = createHash("sha256"),
        // Opened at once: a stream that opens it later would make it after it has been removed for an early error.
        out = fs.createWriteStream(file, { fd: fs.openSync(file, "wx", 0o600) });
    let bytes = 0,
        told = 0;
    async function* counted(): AsyncGenerator<Buffer> {
        for await (const chunk of answer as AsyncIterable<Buffer>) {
            bytes += chunk.length;
            if (bytes > limitBytes) throw new Error(`it is longer than ${limitBytes} bytes`);
            digest.update(chunk);
            const percent = Math.floor((bytes / length) * 100);
            if (percent > told) onPercent?.((told = percent));
            yield chunk;
        }
    }
    try {
        await pipeline(counted, out);
    } catch (e) {
        const { code } = e as NodeJS.ErrnoException;
        throw code === "ECONNRESET" ? new Error(`the connection ended after ${bytes} bytes`) : e;
    }
    return digest.digest("hex");
}

/** The answer of an address, or of the one that it redirects to. */
async function opened(url: URL, stallMs: number, redirects = REDIRECTS): Promise<IncomingMessage> {
    if (url.protocol !== "https:") throw new Error(`${url.host} is to be asked without https`);
    const answer = await asked(url, stallMs),
        { statusCode = 0, headers } = answer;
    if (statusCode === 200) return answer;
    answer.destroy();
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined)
        throw new Error(`${url.host} answers ${statusCode}`);
    if (redirects === 0) throw new Error(`${url.host} redirects once more after ${REDIRECTS} times`);
    return await opened(new URL(headers.location, url), stallMs, redirects - 1);
}

async function asked(url: URL, stallMs: number): Promise<IncomingMessage> {
    const proxy = proxyFor(url),
        ca = trusted();
    const socket = proxy && (await tunnel(proxy, url, stallMs));
    const servername = isIP(url.hostname) ? undefined : url.hostname;
    return await new Promise((resolve, reject) => {
        let stream: { destroy(error: Error): unknown };
        const request = https.get(url, {
            agent: false,
            timeout: stallMs,
            ca,
            ...(socket && { createConnection: () => tls.connect({ socket, servername, ca }) }),
        });
        stream = request;
        request.once("response", answer => resolve((stream = answer)));
        request.once("close", () => socket?.destroy());
        request.once("timeout", () => stream.destroy(new Error(`${url.host}: nothing came for ${stallMs / 1000} s`)));
        request.once("error", reject);
    });
}
