import * as http from "http";
import type { Duplex, Readable } from "stream";
import { handed } from "../system/handed-over";
import { type Connection, Unreachable } from "./connection";
import { listIn, objectIn, readJson } from "./json";
import { operatorClock } from "./operator-clock";
import { limitedFor, Pace } from "./pace";
import { forward } from "./ssh";

/** Where a service listens, as seen by the machine that the connection is made from. */
export interface Target {
    via: Connection;
    host: string;
    port: number;
}

/** Makes one TCP connection; replaced in tests. */
export type Dial = (target: Target) => Promise<Duplex>;

/** A body that can be sent again: a request may have to be repeated. */
interface StreamBody {
    size: number;
    open(): Readable;
}

export interface HttpRequest {
    method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
    path: string;
    headers?: Record<string, string>;
    /** Sent as JSON, with the matching Content-Type unless `headers` has one. */
    json?: unknown;
    /** Sent as it is. */
    body?: StreamBody;
    /** For the whole exchange, to the last byte of the answer. Default 60. */
    deadlineSeconds?: number;
    /** Secrets that must not appear in a message, even if the service repeats them. */
    secrets?: readonly string[];
    /** Of an answer's body, which may be large, no more is taken than comes with its beginning. */
    beginning?: boolean;
    /** What leads elsewhere is an answer as well; it is not followed. */
    redirects?: boolean;
}

export class HttpResponse {
    constructor(
        readonly status: number,
        readonly headers: http.IncomingHttpHeaders,
        readonly body: Buffer,
    ) {}

    /** @throws Unreachable as {@link readJson} */
    json<T>(): T {
        return readJson(this.body) as T;
    }

    /** @throws Unreachable as {@link readJson} and {@link objectIn} */
    object<T>(name: string): T {
        return objectIn(this.json(), name);
    }

    /** @throws Unreachable as {@link readJson} and {@link listIn} */
    list<T>(name: string): T[] {
        return listIn(this.json(), name);
    }
}

/** A service that answers, but with something else. */
export class HttpError extends Error {
    override readonly name = "HttpError";
    constructor(
        readonly method: string,
        readonly path: string,
        readonly status: number,
        readonly reason: string,
        where: string,
    ) {
        super(`${method} ${path} at ${where}: ${status}${reason && ` ${reason}`}`);
    }
}

export const isStatus = (e: unknown, ...statuses: number[]): e is HttpError =>
    e instanceof HttpError && statuses.includes(e.status);

/**
 * For reads: an error leaves the recorded state as it is. A 401 may come from a lost database of keystone, a 403 from a lost
 * role of the admin. A 404 of a list may come from a wrong URL of an endpoint.
 */
export async function asked<T>(answer: Promise<T>): Promise<T> {
    try {
        return await answer;
    } catch (e) {
        throw e instanceof HttpError ? new Unreachable(e.message) : e;
    }
}

/** `undefined` for an object that is not there. */
export async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
        return await answer;
    } catch (e) {
        if (isStatus(e, 404)) return undefined;
        throw e;
    }
}

const SOCKETS = 4;
/** Of a body; node itself allows 16 KiB of headers. */
const BODY_MIB = 8;
/** The most that is read of an error's body. */
const REASON_BYTES = 16 << 10;
const CONNECT_ATTEMPTS = 3,
    ATTEMPTS = 5,
    LONGEST_WAIT_SECONDS = 30;
const pause = (seconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, seconds * 1000));

/**
 * A channel of an ssh connection with the further methods of a socket that node's agent calls. A socket closes when its other end
 * does. A channel stays half open: a request over it would not fail, it would wait in vain for its whole time.
 */
function asSocket(stream: Duplex): Duplex {
    const nothing = () => stream;
    stream.once("end", () => {
        stream.emit("agentRemove");
        stream.destroy();
    });
    return Object.assign(
        stream,
        Object.fromEntries(
            ["setKeepAlive", "setNoDelay", "setTimeout", "ref", "unref"]
                .filter(k => !(k in stream))
                .map(k => [k, nothing]),
        ),
    );
}

class ForwardingAgent extends http.Agent {
    constructor(
        private readonly dial: () => Promise<Duplex>,
        keepAlive: boolean,
    ) {
        super({ keepAlive, maxFreeSockets: SOCKETS });
    }

    // Node takes the stream from the callback when nothing is returned; its types do not say so.
    override createConnection(_options: object, done?: (error: Error | null, stream: Duplex) => void): Duplex {
        this.dial().then(
            stream => done!(null, asSocket(stream)),
            (error: Error) => done!(error, undefined as never),
        );
        return undefined as never;
    }
}

/** The connections to one service, a few at a time: node's own limit does not count those that are being made. */
class Connections {
    readonly kept: ForwardingAgent;
    readonly single: ForwardingAgent;
    private free = SOCKETS;
    private readonly waiting: (() => void)[] = [];

    constructor(dial: () => Promise<Duplex>) {
        [this.kept, this.single] = [new ForwardingAgent(dial, true), new ForwardingAgent(dial, false)];
    }

    async turn<T>(use: () => Promise<T>): Promise<T> {
        if (this.free > 0) this.free--;
        else await new Promise<void>(resolve => this.waiting.push(resolve));
        try {
            return await use();
        } finally {
            await new Promise(setImmediate); // until node has put the connection back
            const next = this.waiting.shift();
            if (next)
                setImmediate(next); // when this one's failure is known: it may spare the next one the question
            else this.free++;
        }
    }
}

/**
 * HTTP/1.1 over connections that another machine makes: the operator's machine needs no route to the services.
 * A few connections a service are kept for requests that may be repeated; a POST gets one of its own,
 * because it could not be sent again after a kept connection turned out to be dead.
 */
export class Http {
    private readonly connections = new Map<string, Connections>();
    private readonly made = new Map<string, unknown>();
    private readonly paces = new Map<string, Pace>();
    /** Services that were waited for in vain, with the last error. */
    private readonly mute = new Map<string, Unreachable>();

    /**
     * @param patienceSeconds of a run that only asks: how long an answer is waited for, repetitions included. A service
     * that gave none by then is not asked again: each of a dozen questions would have to wait as long.
     * @param now the operator's clock that nobody sets, in milliseconds
     */
    constructor(
        private readonly dial: Dial = ({ via, host, port }) => forward(via, host, port),
        private readonly patienceSeconds?: number,
        private readonly wait = pause,
        private readonly now = () => operatorClock.elapsed() * 1000,
    ) {}

    /** One object a key, for the life of the process: a session, a list that several ask for. */
    once<T>(key: string, make: () => T): T {
        if (!this.made.has(key)) this.made.set(key, make());
        return this.made.get(key) as T;
    }

    /**
     * One request, repeated where that can help and cannot harm.
     * @throws HttpError for a status of 300 and more, Unreachable without an answer
     */
    async request(target: Target, request: HttpRequest): Promise<HttpResponse> {
        const patience = this.patienceSeconds ?? Infinity,
            start = this.now();
        for (let attempt = 1; ; attempt++) {
            const response = await this.attempt(target, request, attempt);
            if (response === undefined) {
                await this.wait(attempt / 2);
                continue;
            }
            if (response.status < (request.redirects ? 400 : 300)) return response;
            const seconds = waitSeconds(response, attempt);
            if (seconds === undefined || attempt >= ATTEMPTS || this.now() - start + seconds * 1000 > patience * 1000)
                throw this.refused(target, request, response);
            await this.wait(seconds);
        }
    }

    /** @returns undefined where it has to be sent again. @throws Unreachable */
    private async attempt(target: Target, request: HttpRequest, attempt: number): Promise<HttpResponse | undefined> {
        const { deadlineSeconds = 60, method } = request,
            key = JSON.stringify(target),
            connections = this.connectionsTo(target);
        try {
            return await this.paceOf(key, method).send(() =>
                connections.turn(async () => {
                    const before = this.mute.get(key);
                    if (before) throw before;
                    return await this.send(connections, target, {
                        ...request,
                        deadlineSeconds: Math.min(deadlineSeconds, this.patienceSeconds ?? Infinity),
                    });
                }),
            );
        } catch (e) {
            const error = e as Failure;
            if (maySendAgain(error, method) && attempt < CONNECT_ATTEMPTS) return undefined;
            if (error.name === "Unreachable") throw error;
            const reason = `${placeOf(target)}, asked from ${target.via.name}, does not answer ${method} ${request.path}: ${error.message}`;
            throw error.code === "ETIMEDOUT" ? this.giveUp(key, reason) : new Unreachable(reason);
        }
    }

    private refused(target: Target, request: HttpRequest, response: HttpResponse): HttpError {
        const error = new HttpError(
            request.method,
            request.path,
            response.status,
            withoutSecrets(reasonOf(response) + limitOf(response), request),
            placeOf(target),
        );
        if (response.status === 503) this.giveUp(JSON.stringify(target), error.message);
        return error;
    }

    /** A run that only asks does not ask the service again. */
    private giveUp(service: string, reason: string): Unreachable {
        const error = new Unreachable(reason);
        if (this.patienceSeconds !== undefined) this.mute.set(service, error);
        return error;
    }

    private connectionsTo(target: Target): Connections {
        const key = JSON.stringify(target);
        const known = this.connections.get(key) ?? new Connections(() => this.dial(target));
        this.connections.set(key, known);
        return known;
    }

    /** A service's rate limit counts each method by itself. */
    private paceOf(service: string, method: string): Pace {
        const key = `${method} ${service}`;
        const known = this.paces.get(key) ?? new Pace(this.wait, this.now, this.patienceSeconds);
        this.paces.set(key, known);
        return known;
    }

    private send({ kept, single }: Connections, target: Target, request: HttpRequest): Promise<HttpResponse> {
        const agent = request.method === "POST" || request.beginning ? single : kept;
        return new Exchange(agent, target, request).done;
    }
}

/** The cause of a broken request. */
type Failure = Error & { code?: string; sent?: boolean };

/** Whether the service has not heard of a request, or may hear of it twice. */
function maySendAgain({ sent, code, message }: Failure, method: string): boolean {
    const refused = !sent && (code === "ECONNREFUSED" || /refused/i.test(message));
    return refused || (sent === true && code === "ECONNRESET" && method !== "POST" && method !== "PATCH");
}

const placeOf = ({ host, port }: Target): string => `${host}, port ${port}`;

/** One request on its way, and its answer. */
class Exchange {
    readonly done: Promise<HttpResponse>;
    private readonly request: http.ClientRequest;
    private readonly stream: Readable | undefined;
    private readonly timer: NodeJS.Timeout;
    private resolve!: (response: HttpResponse) => void;
    private reject!: (error: Error) => void;
    private sent = false;
    private answered = false;

    constructor(
        agent: http.Agent,
        private readonly target: Target,
        private readonly asked: HttpRequest,
    ) {
        const { json, body, deadlineSeconds = 60 } = asked;
        const text = json === undefined ? undefined : Buffer.from(asciiJson(json));
        this.done = new Promise((resolve, reject) => {
            [this.resolve, this.reject] = [resolve, reject];
        });
        this.request = http.request(requestOptions(agent, target, asked, text));
        this.stream = body?.open();
        this.timer = setTimeout(
            () => this.fail(Object.assign(new Error(`no answer within ${deadlineSeconds} s`), { code: "ETIMEDOUT" })),
            deadlineSeconds * 1000,
        );
        // A service that refuses an upload answers and closes: the answer counts, not the broken pipe.
        this.request.on("error", e => {
            if (!this.answered) this.fail(e);
        });
        this.request.on("socket", () => {
            this.sent = true;
        });
        this.request.on("response", response => this.hear(response));
        if (this.stream) {
            this.stream.on("error", e => this.fail(e));
            this.stream.pipe(this.request);
        } else this.request.end(text);
    }

    private fail(error: Error): void {
        clearTimeout(this.timer);
        this.stream?.destroy();
        this.request.destroy();
        this.reject(Object.assign(error, { sent: this.sent }));
    }

    private hear(response: http.IncomingMessage): void {
        this.answered = true;
        const { method, path, beginning } = this.asked,
            parts: Buffer[] = [];
        let size = 0;
        const done = () => {
            clearTimeout(this.timer);
            this.stream?.destroy();
            this.resolve(new HttpResponse(response.statusCode!, response.headers, Buffer.concat(parts)));
        };
        response.on("data", (d: Buffer) => {
            size += d.length;
            if (size <= BODY_MIB << 20) parts.push(d);
            else this.fail(tooLarge(this.target, method, path));
            if (beginning && response.statusCode! < 300) {
                done();
                this.request.destroy();
            }
        });
        response.on("error", e => this.fail(e));
        response.on("end", done);
    }
}

const requestOptions = (
    agent: http.Agent,
    { host, port }: Target,
    { method, path, headers, body }: HttpRequest,
    text: Buffer | undefined,
): http.RequestOptions => ({
    agent,
    method,
    path,
    host,
    port,
    headers: {
        Accept: "application/json",
        "User-Agent": "classroom",
        ...(text ? { "Content-Type": "application/json", "Content-Length": String(text.length) } : {}),
        ...(body ? { "Content-Length": String(body.size) } : {}),
        ...headers,
    },
});

const tooLarge = ({ host, port }: Target, method: string, path: string): Error =>
    new Unreachable(
        `${host}, port ${port}, answers ${method} ${path} with more than ${BODY_MIB} MiB; it was not read on`,
    );

/** The one of this process; the command line says how patient it is. */
export const shared = new Http(undefined, handed.patienceSeconds());

/** JSON with every other character than ASCII's as `\uXXXX`: otherwise nova of 2013 answers 500 to it. */
export const asciiJson = (value: unknown): string =>
    JSON.stringify(value).replace(/[\u007f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/**
 * Seconds until the request may be sent again, if the service did nothing with it. For rate limits see {@link Pace}.
 */
function waitSeconds(response: HttpResponse, attempt: number): number | undefined {
    const { status, headers } = response,
        asksFor = Number(headers["retry-after"]);
    if (limitedFor(response) !== undefined || ![429, 503].includes(status)) return undefined;
    return Math.min(asksFor >= 0 ? asksFor : attempt / 2, LONGEST_WAIT_SECONDS);
}

const brief = (text: string, length: number): string => {
    const line = text.replace(/\s+/g, " ").trim();
    return line.length > length ? `${line.slice(0, length)}…` : line;
};

/** The service's reason: JSON `{"badRequest": {"message": …}}`, plain text, a page or a traceback. */
function reasonOf({ status, body }: HttpResponse): string {
    const text = body.subarray(0, REASON_BYTES).toString();
    let said: string | undefined;
    try {
        const inner = Object.values(JSON.parse(text) as Record<string, { message?: unknown } | string>)[0];
        said = typeof inner === "string" ? inner : typeof inner?.message === "string" ? inner.message : undefined;
    } catch {
        /* not JSON */
    }
    if (said === undefined) {
        said = /^Traceback/.test(text)
            ? body.subarray(-REASON_BYTES).toString().trim().split("\n").pop()!
            : text
                  .replace(/<(title|style)>.*?<\/\1>/gs, "")
                  .replace(/<[^<>]*>/g, " ")
                  .replace(new RegExp(`^\\s*${status} [A-Za-z ]*\\n`), "");
    }
    return brief(beforeStatement(said), 300);
}

/**
 * A database's error repeats the statement with its values: the text before it. It takes time as the text is long, whatever is in it.
 */
function beforeStatement(text: string): string {
    const at = text.search(/\b(?:INSERT INTO|UPDATE \S+ SET|SELECT|DELETE FROM)\b/);
    if (at < 0) return text;
    // Few characters lead to a statement. One expression for all of the text would try each place of it.
    const start = Math.max(0, at - 50);
    return text.slice(0, start) + text.slice(start, at).replace(/['"[(\s]*(?:SQL:\s*)?['"]?$/, "");
}

/** The message about a rate limit whose wait is too long. */
function limitOf(response: HttpResponse): string {
    const seconds = limitedFor(response);
    return seconds === undefined ? "" : ` (it lets the next one through in ${seconds} s)`;
}

const withoutSecrets = (text: string, { headers, secrets = [] }: HttpRequest): string =>
    [...secrets, headers?.["X-Auth-Token"] ?? ""]
        .filter(s => s !== "")
        .reduce((t, secret) => t.split(secret).join("(secret)"), text);
