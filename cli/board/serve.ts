import * as http from "http";
import * as https from "https";
import * as net from "net";
import { getRequestListener } from "@hono/node-server";
import { complain } from "../../system/output";
import { Board } from "./server";
import { type Action, hear, type Message, send } from "./vocabulary";

/** Whoever this user is, nothing on the machine is theirs. */
const NOBODY = 65534;

/** How many questions wait for their answers at most. */
const WAITING = 200;

type Hello = Extract<Message, { say: "hello" }>;

/** The privileged part, as this one sees it. */
class Privileged {
    private readonly waiting = new Map<number, (message: Extract<Message, { say: "done" }>) => void>();
    private readonly told = new Map<string, number>();
    private last = 0;

    constructor(private readonly socket: net.Socket) {}

    perform = async (action: Action, team: string, by: string, from: string): Promise<string> => {
        if (this.waiting.size >= WAITING) throw new Error("too much is being asked; again later");
        const id = ++this.last;
        send(this.socket, { ask: "do", id, action, team, by, from });
        const { ok, text } = await new Promise<Extract<Message, { say: "done" }>>(resolve =>
            this.waiting.set(id, resolve),
        );
        if (!ok) throw new Error(text);
        return text;
    };

    /** Of what is refused again and again, one line a second, with how often. */
    refused = (what: string, by: string, from: string): void => {
        const key = JSON.stringify([what, by, from]),
            before = this.told.get(key);
        if (before === undefined && this.told.size > 100) return;
        this.told.set(key, (before ?? 0) + 1);
        if (before === undefined)
            setTimeout(() => {
                send(this.socket, { ask: "refused", what, by, from, count: this.told.get(key)! });
                this.told.delete(key);
            }, 1000);
    };

    ended = (cookie: string): void => void send(this.socket, { ask: "ended", cookie });

    hear(message: Extract<Message, { say: "done" }>): void {
        this.waiting.get(message.id)?.(message);
        this.waiting.delete(message.id);
    }
}

/** Whether a request's host is this machine as it was told to listen: a page of another name has no cookie here, and asks nothing. */
function ownHosts(host: string, port: () => number): (header: string) => boolean {
    const local = ["127.0.0.1", "localhost", "[::1]"],
        any = !/^(127\.|::1$|localhost$)/.test(host);
    // Beyond loopback the certificate names the machine.
    return header => any || local.some(name => header === `${name}:${port()}`);
}

function listener(board: Board, { tls }: Hello): net.Server {
    const answer = getRequestListener(board.app.fetch, { overrideGlobalObjects: false });
    const work = (req: http.IncomingMessage, res: http.ServerResponse) => void answer(req, res);
    const server = tls ? https.createServer({ ...tls, minVersion: "TLSv1.2" }, work) : http.createServer(work);
    Object.assign(server, { requestTimeout: 20_000, headersTimeout: 10_000, maxConnections: 600 });
    return server;
}

/** Gives up what root may do, where this is root: whatever comes in later has to do with nobody's rights. */
function dropRights(): void {
    if (process.geteuid?.() !== 0) return;
    process.setgroups!([]);
    process.setgid!(NOBODY);
    process.setuid!(NOBODY);
}

/**
 * Serves the board's pages, as nobody, until the privileged part ends.
 * @param at path of the privileged part's socket
 */
export async function serve(at: string): Promise<number> {
    const socket = net.connect(at),
        privileged = new Privileged(socket),
        ended = new Promise<void>(resolve => socket.once("close", () => resolve()));
    socket.on("error", () => undefined);
    let board: Board | undefined;
    hear(socket, value => {
        const message = value as Message;
        if (message.say === "hello") board = begin(message, socket, privileged);
        else if (message.say === "views") board?.show(message.views, message.pictures);
        else privileged.hear(message);
    });
    await ended;
    board?.close();
    return 0;
}

function begin(hello: Hello, socket: net.Socket, { perform, refused, ended }: Privileged): Board {
    const { keyring, listen, tls, files } = hello;
    const port = (): number => (server.address() as net.AddressInfo | null)?.port ?? 0;
    const secure = tls !== undefined,
        isOwn = ownHosts(listen.host, port),
        board = new Board({ keyring, endedBefore: hello.ended, isOwn, secure, files, perform, refused, ended });
    const server = listener(board, hello);
    server.once("error", e => {
        complain(`classroom: the board cannot listen at ${listen.host}:${listen.port}: ${e.message}`);
        process.exit(1);
    });
    server.listen(listen.port, listen.host, () => {
        dropRights();
        send(socket, { ask: "ready", port: port() });
    });
    return board;
}
