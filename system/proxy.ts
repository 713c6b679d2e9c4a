import * as http from "http";
import * as https from "https";
import type { Socket } from "net";
import { trusted } from "./certificates";

/** The proxy that the environment names for a https address, as curl and pip understand it; undefined where none is to be used. */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv = process.env): URL | undefined {
    const proxy = env.https_proxy || env.HTTPS_PROXY;
    const without = (env.no_proxy || env.NO_PROXY || "")
        .split(/[\s,]+/)
        .map(entry => entry.replace(/^\*?\./, ""))
        .filter(Boolean);
    const direct = without.some(
        entry => entry === "*" || [url.hostname, url.host].some(host => host === entry || host.endsWith(`.${entry}`)),
    );
    return proxy && !direct ? new URL(proxy.includes("://") ? proxy : `http://${proxy}`) : undefined;
}

/**
 * A connection through a proxy to where a https address leads.
 * @throws Error with the proxy's answer when it does not make one
 */
export function tunnel(proxy: URL, to: URL, timeoutMs: number): Promise<Socket> {
    const { username, password } = proxy;
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return new Promise((resolve, reject) => {
        const request = (proxy.protocol === "https:" ? https : http).request({
            method: "CONNECT",
            host: proxy.hostname,
            port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
            path: `${to.hostname}:${to.port || 443}`,
            timeout: timeoutMs,
            ...(proxy.protocol === "https:" && { ca: trusted() }),
            headers: {
                Host: `${to.hostname}:${to.port || 443}`,
                ...(username && { "Proxy-Authorization": `Basic ${Buffer.from(user).toString("base64")}` }),
            },
            agent: false,
        });
        request.once("connect", (answer, socket) => {
            if (answer.statusCode === 200) return resolve(socket as Socket);
            socket.destroy();
            reject(new Error(`the proxy ${proxy.host} answers ${answer.statusCode}`));
        });
        request.once("timeout", () => request.destroy(new Error(`the proxy ${proxy.host} does not answer`)));
        request.once("error", reject);
        request.end();
    });
}
