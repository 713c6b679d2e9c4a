import * as fs from "fs";
import * as http from "http";
import * as net from "net";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import type { Command } from "commander";
import { type Connection, jumpOf } from "../clients/connection";
import { closeAll, forward } from "../clients/ssh";
import type { NodeName } from "../config/nodes";
import { UserError, messageOf } from "../system/errors";
import { toItself } from "../system/handed-over";
import { onInterrupt } from "../system/interrupt";
import { complain, say } from "../system/output";
import { socketFolder } from "./shell/sockets";
import { addHelp, setWork, wordsOf } from "./shell/command";
import { startAgain } from "./shell/operator-side";
import { connectionOf, labOf } from "./stack/reach";

/** The opened services of the cloud: the port in the node, and the wanted port on this machine. */
interface Service {
    name: string;
    node: NodeName;
    port: number;
    local: number;
    path: string;
}
const services: readonly Service[] = [
    { name: "dashboard", node: "api-node", port: 80, local: 8080, path: "/horizon/" },
    { name: "identity", node: "auth-node", port: 5000, local: 5000, path: "/" },
    { name: "compute", node: "api-node", port: 8774, local: 8774, path: "/" },
    { name: "image", node: "image-node", port: 9292, local: 9292, path: "/" },
    { name: "volume", node: "volume-node", port: 8776, local: 8776, path: "/" },
];

/** `open`: the dashboard and the APIs on this machine's loopback, until Ctrl-C. */
export function addOpenCommand(cli: Command): void {
    const command = cli
        .command("open")
        .argument("<stack>")
        .description("the dashboard and the cloud's APIs on 127.0.0.1, until Ctrl-C");
    setWork(command, async (stack: string) => {
        const sockets = process.env[toItself.sockets];
        return await (sockets === undefined ? open(stack, wordsOf(command)) : serveSockets(stack, sockets));
    });
    addHelp(command, ["open lab"], { 1: "error", 130: "ended by Ctrl-C" });
}

/** Makes the stream that leads to a service, from where this process is. */
type Dial = (service: Service) => Promise<NodeJS.ReadWriteStream>;

/** From the node's physical host to the node's address: the operator needs no route to it. */
function through(stack: string): Dial {
    const to = new Map<string, Connection>(services.map(s => [s.name, connectionOf(stack, s.node)]));
    return service => {
        const node = to.get(service.name)!;
        const host = jumpOf(node);
        return host ? forward(host, node.host, service.port) : forward(node, "127.0.0.1", service.port);
    };
}

async function open(stack: string, words: readonly string[]): Promise<number> {
    const lab = labOf(stack),
        ended = new Promise<void>(resolve => {
            onInterrupt(resolve);
        });
    if (lab === undefined) return await listen(through(stack), ended);
    through(stack); // says what is missing before anything is started
    const dir = socketFolder(
        "classroom-open-",
        services.map(({ name }) => name),
    );
    // A unix socket belongs to no network namespace: the child dials from the operator's side, this process listens on
    // the machine's own loopback.
    const child = startAgain(lab, words, { [toItself.sockets]: dir });
    const gone = new Promise<void>(resolve => child.once("exit", () => resolve()));
    try {
        await Promise.race([ended, gone, new Promise(resolve => child.once("message", resolve))]);
        const dial: Dial = async service => net.connect(path.join(dir, service.name));
        const code = await listen(dial, Promise.race([ended, gone]));
        if (child.exitCode !== null)
            throw new UserError(
                `the connections to lab ${lab} have ended; is it still up? ./classroom lab status ${lab}`,
            );
        return code;
    } finally {
        child.kill("SIGKILL");
        fs.rmSync(dir, { recursive: true, force: true });
    }
}

/** In the lab's child: a unix socket for each service. Ends with the process that listens for it. */
async function serveSockets(stack: string, dir: string): Promise<number> {
    const ended = new Promise<void>(resolve => process.once("disconnect", resolve));
    const dial = through(stack);
    for (const service of services) await started(bridge(service, dial), path.join(dir, service.name));
    process.send!("ready");
    await ended;
    return 0;
}

/** Listens for every service on 127.0.0.1 until `ended`. */
async function listen(dial: Dial, ended: Promise<void>): Promise<number> {
    const servers: net.Server[] = [];
    let over = false;
    void ended.then(() => {
        over = true;
    });
    try {
        for (const service of services) {
            const server = bridge(service, dial);
            servers.push(server);
            const url = `http://127.0.0.1:${await started(server, service.local)}${service.path}`;
            if (service.name !== "dashboard") say(`${service.name}: ${url}`);
            else
                void answers(url, () => over).then(yes => {
                    if (yes) say(`dashboard: ${url}`);
                });
        }
        say("Ctrl-C ends this");
        await ended;
        return 130;
    } finally {
        servers.forEach(s => s.close());
        // Open connections would keep this process alive.
        setImmediate(() => process.exit());
        await closeAll();
    }
}

function bridge(service: Service, dial: Dial): net.Server {
    return net.createServer(socket => {
        socket.on("error", () => undefined);
        dial(service).then(
            stream => {
                stream.on("error", () => socket.destroy());
                stream.on("close", () => socket.destroy());
                socket.on("close", () => stream.end());
                socket.pipe(stream).pipe(socket);
            },
            e => {
                complain(`${service.name}: ${messageOf(e)}`);
                socket.destroy();
            },
        );
    });
}

/** Listens at a socket's path, or at the wanted port of 127.0.0.1, else at any free one; returns the port. */
async function started(server: net.Server, at: string | number): Promise<number> {
    const once = (where: net.ListenOptions): Promise<void> =>
        new Promise((resolve, reject) => {
            server.once("error", reject).listen(where, () => {
                server.removeListener("error", reject);
                resolve();
            });
        });
    if (typeof at === "string") {
        await once({ path: at });
        return 0;
    }
    try {
        await once({ host: "127.0.0.1", port: at });
    } catch (e) {
        if (!["EADDRINUSE", "EACCES"].includes((e as NodeJS.ErrnoException).code ?? "")) throw e;
        await once({ host: "127.0.0.1", port: 0 });
    }
    return (server.address() as net.AddressInfo).port;
}

/** Asks again and again until there is an answer that is not the server's own failure. */
async function answers(url: string, over: () => boolean): Promise<boolean> {
    for (let told = false; !over(); await sleep(2000)) {
        const status = await new Promise<number>(resolve => {
            http.get(url, { timeout: 30_000 }, response => {
                response.resume();
                resolve(response.statusCode ?? 0);
            })
                .on("timeout", function (this: http.ClientRequest) {
                    this.destroy();
                })
                .on("error", () => resolve(0));
        });
        if (status > 0 && status < 500) return true;
        if (!told) {
            told = true;
            complain(`dashboard: does not answer yet${status ? ` (it says ${status})` : ""}; asked again every 2 s`);
        }
    }
    return false;
}
