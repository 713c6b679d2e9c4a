import * as net from "net";
import type { SomeKeys } from "../system/ssh-agent";

/** Requests and answers of an agent's protocol (draft-miller-ssh-agent). */
const FAILURE = 5,
    LIST = 11,
    LISTED = 12,
    SIGN = 13;
/** No request or answer is longer: OpenSSH's own limit. */
const LONGEST = 256 * 1024;

/**
 * An ssh agent for a client that offers every key that it finds. It shows some keys of the operator's agent, and passes requests for
 * signatures on to that agent. It refuses everything else.
 * @param at path of its socket, in a folder that nobody else can enter
 * @returns a function that ends it
 */
export async function serveAgent(at: string, keys: SomeKeys): Promise<() => Promise<void>> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer(socket => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
        void serve(socket, keys).catch(() => socket.destroy());
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(at, resolve));
    return async () => {
        const closed = new Promise<void>(resolve => server.close(() => resolve()));
        sockets.forEach(socket => socket.destroy());
        await closed;
    };
}

/** Answers one client, a request after the other. */
async function serve(socket: net.Socket, keys: SomeKeys): Promise<void> {
    for await (const request of messages(socket)) {
        if (request[0] === LIST) socket.write(framed(shown(await askAgent(keys.socket, request), keys)));
        else if (request[0] === SIGN && keys.has(stringAt(request, 1)))
            socket.write(framed(await askAgent(keys.socket, request)));
        else socket.write(framed(Buffer.from([FAILURE])));
    }
}

/** The messages that come in, without their lengths. */
async function* messages(socket: net.Socket): AsyncGenerator<Buffer> {
    let data = Buffer.alloc(0);
    for await (const chunk of socket) {
        data = Buffer.concat([data, chunk as Buffer]);
        while (data.length >= 4) {
            const length = data.readUInt32BE(0);
            if (length === 0 || length > LONGEST) throw new Error("no message of an agent's");
            if (data.length < 4 + length) break;
            yield data.subarray(4, 4 + length);
            data = data.subarray(4 + length);
        }
    }
}

/** The operator's agent's answer to one request. */
async function askAgent(at: string, request: Buffer): Promise<Buffer> {
    const socket = net.connect(at);
    try {
        socket.write(framed(request));
        for await (const answer of messages(socket)) return answer;
        throw new Error("the agent does not answer");
    } finally {
        socket.destroy();
    }
}

/** Of a list of keys, those that are to be seen. */
function shown(answer: Buffer, keys: SomeKeys): Buffer {
    if (answer[0] !== LISTED) return Buffer.from([FAILURE]);
    const some: Buffer[] = [];
    for (let i = 0, at = 5; i < answer.readUInt32BE(1); i++) {
        const blob = stringAt(answer, at),
            comment = stringAt(answer, at + 4 + blob.length),
            end = at + 8 + blob.length + comment.length;
        if (keys.has(blob)) some.push(answer.subarray(at, end));
        at = end;
    }
    const head = Buffer.alloc(5, LISTED);
    head.writeUInt32BE(some.length, 1);
    return Buffer.concat([head, ...some]);
}

const stringAt = (message: Buffer, at: number): Buffer => message.subarray(at + 4, at + 4 + message.readUInt32BE(at));

function framed(message: Buffer): Buffer {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(message.length);
    return Buffer.concat([length, message]);
}
