import { type ChildProcess, spawn } from "child_process";
import { setTimeout as sleep } from "timers/promises";

/** What an openrc exports, without `OS_`. */
export interface Login {
    USERNAME: string;
    PASSWORD: string;
    TENANT_NAME: string;
}

/** `./classroom open` as a user has it in another window: what it printed, until it is interrupted. */
export class Opened {
    private output = "";
    private readonly ended: Promise<number | null>;

    constructor(private readonly child: ChildProcess) {
        child.stdout!.setEncoding("utf8").on("data", (text: string) => {
            this.output += text;
        });
        this.ended = new Promise((resolve, reject) => child.once("error", reject).once("close", code => resolve(code)));
    }

    static start(argv: readonly string[], env: NodeJS.ProcessEnv): Opened {
        return new Opened(spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"], env }));
    }

    /** The address that is printed for a service, when it is. */
    async url(service: string): Promise<string> {
        return await until(`open prints an address of ${service}`, 120, say => {
            say(this.output);
            return new RegExp(`^${service}: (\\S+)$`, "m").exec(this.output)?.[1];
        });
    }

    /** Ctrl-C. Returns the exit code; null for one that had to be killed. */
    async interrupt(): Promise<number | null> {
        this.child.kill("SIGINT");
        const timer = setTimeout(() => this.child.kill("SIGKILL"), 20_000);
        try {
            return await this.ended;
        } finally {
            clearTimeout(timer);
        }
    }
}

/** Asks every second; after the deadline it throws with what was waited for and what `ask` last said. */
export async function until<T>(
    what: string,
    seconds: number,
    ask: (say: (seen: string) => void) => T | undefined | Promise<T | undefined>,
): Promise<T> {
    let last = "";
    for (const deadline = Date.now() + seconds * 1000; ; await sleep(1000)) {
        const found = await ask(seen => {
            last = seen;
        });
        if (found !== undefined) return found;
        if (Date.now() > deadline) throw new Error(`${what}: not after ${seconds} s; last seen: ${last}`);
    }
}

/** The volume API at the addresses that `open` printed. */
export class OpenedVolumes {
    private constructor(
        private readonly url: string,
        private readonly token: string,
    ) {}

    static async logIn(
        opened: Opened,
        { USERNAME: username, PASSWORD: password, TENANT_NAME: tenantName }: Login,
    ): Promise<OpenedVolumes> {
        const { access } = await answer(
            fetch(
                `${await opened.url("identity")}v2.0/tokens`,
                json({ auth: { passwordCredentials: { username, password }, tenantName } }),
            ),
        );
        return new OpenedVolumes(`${await opened.url("volume")}v1/${access.token.tenant.id}/volumes`, access.token.id);
    }

    /** A volume of 1 GiB that is available. Returns its id. */
    async create(name: string): Promise<string> {
        const {
            volume: { id },
        } = await answer(fetch(this.url, json({ volume: { display_name: name, size: 1 } }, this.token)));
        return await until(`volume ${name} is available`, 240, async say => {
            const {
                volume: { status },
            } = await answer(fetch(`${this.url}/${id}`, { headers: { "X-Auth-Token": this.token } }));
            say(status);
            if (status.startsWith("error")) throw new Error(`volume ${name} is in state ${status}`);
            return status === "available" ? (id as string) : undefined;
        });
    }

    /** Returns when it is gone. */
    async delete(id: string): Promise<void> {
        const headers = { "X-Auth-Token": this.token };
        await answer(fetch(`${this.url}/${id}`, { method: "DELETE", headers }));
        await until(`volume ${id} is gone`, 240, async say => {
            const response = await fetch(`${this.url}/${id}`, { headers });
            say(await response.text());
            return response.status === 404 || undefined;
        });
    }
}

const json = (body: object, token?: string): RequestInit => ({
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...(token && { "X-Auth-Token": token }) },
});

async function answer(asked: Promise<Response>): Promise<any> {
    const response = await asked,
        text = await response.text();
    if (!response.ok) throw new Error(`${response.url} answers ${response.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
}
