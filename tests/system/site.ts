import { execFileSync } from "child_process";
import * as fs from "fs";
import type { Server } from "http";
import type { AddressInfo } from "net";
import * as path from "path";

/** Makes a key and a certificate of localhost in a folder; trusted by whoever has PIP_CERT=certFile. */
export function makeCertificate(dir: string): { key: Buffer; cert: Buffer; certFile: string } {
    const [keyFile, certFile] = [path.join(dir, "site.key"), path.join(dir, "site.crt")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    execFileSync("openssl", ["req", "-x509", ...kind, ...name, "-keyout", keyFile, "-out", certFile], {
        stdio: "ignore",
    });
    return { key: fs.readFileSync(keyFile), cert: fs.readFileSync(certFile), certFile };
}

/** Starts a server on a free port of the loopback. */
export const listening = (server: Server): Promise<void> =>
    new Promise(resolve => server.listen(0, "127.0.0.1", () => resolve()));

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Ends a server and its connections. */
export async function closed(server: Server): Promise<void> {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
}
