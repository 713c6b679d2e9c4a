import type { Server } from "http";
import type { AddressInfo } from "net";

/** Has a server listen on loopback while a file's tests run. @returns its port, then */
export function onLoopback(server: Server): () => number {
    beforeAll(() => new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve)));
    afterAll(async () => {
        server.closeAllConnections();
        await new Promise(resolve => server.close(resolve));
    });
    return () => (server.address() as AddressInfo).port;
}
