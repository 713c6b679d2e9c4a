import * as fs from "fs";
import * as http from "http";
import * as net from "net";
import * as path from "path";
import { Http } from "../../clients/http";

/** One line of tests/data/grizzly. */
export interface Exchange {
    case: string;
    method: string;
    port: number;
    path: string;
    req_headers: Record<string, string>;
    req_body: string | null;
    status: number;
    resp_headers: [string, string][];
    resp_body: string;
    derived?: string;
}

const read = (file: string): Exchange[] =>
    fs
        .readFileSync(path.join(__dirname, "../data/grizzly", `${file}.jsonl`), "utf8")
        .trim()
        .split("\n")
        .map(l => JSON.parse(l) as Exchange);
/** One exchange as it was recorded. */
export function recorded(file: string, name: string): Exchange {
    const found = read(file).find(e => e.case === name);
    if (!found) throw new Error(`${file}.jsonl has no case ${name}`);
    return found;
}

const parsed = (text: string): unknown => {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
};
const canonical = (value: unknown): string =>
    JSON.stringify(value, (_k, v) =>
        v && typeof v === "object" && !Array.isArray(v)
            ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
            : v,
    );

/** What of a request's headers counts: those that an API reads. */
const counting = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
    Object.fromEntries(
        Object.entries(headers)
            .map(([k, v]) => [k.toLowerCase(), String(v)] as const)
            .filter(([k]) => k.startsWith("x-") || k === "content-type"),
    );

/**
 * Answers as Grizzly did, and only to the requests of the cases named, each once and in any order; of two equal ones the first
 * comes first. `finished` fails for a request that was not recorded and for a case that nobody asked for.
 */
export class Replay {
    http: Http;
    private readonly left: Exchange[];
    private readonly unexpected: string[] = [];
    private readonly server: http.Server;
    connections = 0;

    constructor(file: string, ...cases: string[]) {
        this.left = cases.map(name => recorded(file, name));
        this.server = http.createServer((request, response) => {
            const parts: Buffer[] = [];
            request
                .on("data", (d: Buffer) => parts.push(d))
                .on("end", () => this.answer(request, Buffer.concat(parts).toString(), response));
        });
        this.server.on("connection", () => this.connections++);
        this.http = new Http(this.dial);
    }

    private readonly dial = async (): Promise<net.Socket> => {
        if (!this.server.listening) await new Promise<void>(resolve => this.server.listen(0, "127.0.0.1", resolve));
        return net.connect((this.server.address() as net.AddressInfo).port, "127.0.0.1");
    };

    /** Has the client wait by this in place of the time. */
    waiting(wait: (seconds: number) => Promise<void>): void {
        this.http = new Http(this.dial, undefined, wait);
    }

    private answer(request: http.IncomingMessage, body: string, response: http.ServerResponse): void {
        const port = Number(request.headers.host!.split(":")[1]);
        const shown = canonical([request.method, port, request.url, counting(request.headers), parsed(body)]);
        const index = this.left.findIndex(
            e => shown === canonical([e.method, e.port, e.path, counting(e.req_headers), parsed(e.req_body ?? "")]),
        );
        if (index < 0) {
            this.unexpected.push(shown);
            response.writeHead(418).end("not recorded");
            return;
        }
        const [{ status, resp_headers, resp_body }] = this.left.splice(index, 1) as [Exchange];
        response.sendDate = false; // the recorded one, or none
        response.writeHead(status, Object.fromEntries(resp_headers)).end(resp_body);
    }

    async finished(): Promise<void> {
        this.server.closeAllConnections();
        if (this.server.listening) await new Promise(resolve => this.server.close(resolve));
        expect({ unexpected: this.unexpected, neverAsked: this.left.map(e => e.case) }).toEqual({
            unexpected: [],
            neverAsked: [],
        });
    }
}
