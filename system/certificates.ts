import * as fs from "fs";
import * as tls from "tls";

/** File with the certificates this machine trusts beyond its packages' own, where it is told so. */
export function machineCertificates(): string | undefined {
    return ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
        .map(name => process.env[name])
        .find((file): file is string => file !== undefined && fs.existsSync(file));
}

/**
 * The certificates that a connection of this process trusts: Node.js's own and this machine's; undefined for Node.js's
 * defaults.
 */
export function trusted(): string[] | undefined {
    const files = [process.env.NODE_EXTRA_CA_CERTS, machineCertificates()].filter(
        (file): file is string => file !== undefined && fs.existsSync(file),
    );
    return files.length === 0
        ? undefined
        : [...tls.rootCertificates, ...files.map(file => fs.readFileSync(file, "utf8"))];
}
