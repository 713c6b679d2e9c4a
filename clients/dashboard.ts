import { randomBytes } from "crypto";
import { Readable } from "stream";
import { type Connection, Unreachable } from "./connection";
import { type Http, type HttpRequest, type HttpResponse, shared, type Target } from "./http";
import { readJson } from "./json";

/** The dashboard, as one of the cloud's users. */
export interface DashboardAccess {
    /** The physical host that the requests start from. */
    via: Connection;
    /** Address of the node that has it. */
    host: string;
    username: string;
    /** Secret. */
    password: string;
}

/** What one of its pages sends when its button is pressed. */
export interface DashboardRequest {
    /** Below the dashboard's own: `api/nova/servers/`. */
    path: string;
    /** Of a page that is a program in the browser. */
    json?: unknown;
    /** Of a form, by the fields' names. */
    fields?: Record<string, string>;
    /** Of a form that uploads a file: which of its fields that is in. */
    file?: { field: string; data: Buffer };
}

const ROOT = "/horizon/",
    LOGIN = "auth/login/";
/** Cookies are a browser's matter; a server that sends more than this means no good. */
const COOKIE_BYTES = 16 << 10;
/** Django's number for messages that say what went wrong. */
const ERROR_LEVEL = 40;

const plain = (html: string): string =>
    html
        .replace(/<[^<>]*>/g, " ")
        .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Math.min(Number(code), 0x10ffff)))
        .replace(/&quot;/g, '"')
        .replace(/&lt;/g, "<")
        .replace(/&gt;/g, ">")
        .replace(/&amp;/g, "&")
        .replace(/\s+/g, " ")
        .trim();

/** The fields of a page that its user does not see: its token is one. */
export function hiddenFields(page: string): Record<string, string> {
    const found: Record<string, string> = {};
    for (const [tag] of page.matchAll(/<input\b[^>]{0,4000}>/g)) {
        const attribute = (name: string) =>
            new RegExp(`\\s${name}=(?:"([^"]*)"|'([^']*)')`)
                .exec(tag)
                ?.slice(1)
                .find(value => value !== undefined);
        const name = attribute("name");
        if (attribute("type") === "hidden" && name !== undefined) found[name] = plain(attribute("value") ?? "");
    }
    return found;
}

/** What a page says is wrong with what was filled in. */
export function complaintsIn(page: string): string {
    const marked = [
        ...page.matchAll(
            /<(ul|div|span|p)\b[^>]*class="[^"]*\b(?:errorlist|alert-error|alert-danger)\b[^"]*"[^>]*>(.*?)<\/\1>/gs,
        ),
    ];
    return [...new Set(marked.map(([, , text]) => plain(text!)))].filter(Boolean).join("; ").slice(0, 300);
}

/** The text of errors in Django's cookie of messages: `hash$[["__json_message",0,40,"Error: …"]]`, quoted as cookies are. */
export function errorsIn(cookie: string): string[] {
    const text = cookie
        .replace(/^"|"$/g, "")
        .replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
        .replace(/\\(["\\])/g, "$1");
    try {
        const messages = readJson(Buffer.from(text.slice(text.indexOf("$") + 1)));
        if (!Array.isArray(messages)) return [];
        return messages.flatMap(m =>
            Array.isArray(m) && typeof m[2] === "number" && m[2] >= ERROR_LEVEL && typeof m[3] === "string"
                ? [plain(m[3])]
                : [],
        );
    } catch {
        return [];
    }
}

/** A session of the dashboard (V2): it logs in once, keeps its cookies, and sends with each request the token that its pages have. */
export class Dashboard {
    private readonly cookies = new Map<string, string>();
    private loggedIn: Promise<void> | undefined;
    private readonly target: Target;

    constructor(
        private readonly access: DashboardAccess,
        private readonly http: Http = shared,
    ) {
        this.target = { via: access.via, host: access.host, port: 80 };
    }

    /**
     * Logs in where it has not yet, and sends what a page sends.
     * @throws HttpError or Unreachable where it does not answer so, Error with its words where it refuses
     */
    async send({ path, json, fields, file }: DashboardRequest): Promise<void> {
        await this.login();
        const token = this.cookies.get("csrftoken") ?? "";
        const { headers, ...content } =
            json === undefined ? formOf({ csrfmiddlewaretoken: token, ...fields }, file) : { headers: {}, json };
        const response = await this.ask({
            method: "POST",
            path: ROOT + path,
            headers: { ...headers, "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": token },
            ...content,
        });
        if (json === undefined) this.taken(response);
    }

    /** Of a form: one that is sent back was not taken, and one that leads elsewhere may have left a message of an error. */
    private taken({ status, headers, body }: HttpResponse): void {
        const errors = errorsIn(this.cookies.get("messages") ?? "");
        this.cookies.delete("messages");
        if (errors.length > 0) throw new Error(`the dashboard says: ${errors.join("; ")}`);
        if (status >= 300 || status === 201 || headers["x-horizon-location"] !== undefined) return;
        throw new Error(
            `the dashboard does not take the form: ${complaintsIn(body.toString()) || "it does not say why"}`,
        );
    }

    private login(): Promise<void> {
        this.loggedIn ??= this.logIn().catch((e: unknown) => {
            this.loggedIn = undefined;
            throw e;
        });
        return this.loggedIn;
    }

    private async logIn(): Promise<void> {
        const { username, password } = this.access,
            path = ROOT + LOGIN,
            page = (await this.ask({ method: "GET", path })).body.toString(),
            form = formOf({ ...hiddenFields(page), username, password });
        const answer = await this.ask({ method: "POST", path, secrets: [password], ...form });
        if (answer.status < 300)
            throw new Error(
                `the dashboard does not let ${username} in: ${complaintsIn(answer.body.toString()) || "it shows its login again"}`,
            );
    }

    private async ask(request: HttpRequest): Promise<HttpResponse> {
        const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        const response = await this.http.request(this.target, {
            ...request,
            redirects: true,
            headers: { Accept: "*/*", ...(cookie && { Cookie: cookie }), ...request.headers },
        });
        this.keep(response.headers["set-cookie"] ?? []);
        return response;
    }

    private keep(set: readonly string[]): void {
        for (const line of set) {
            const [, name, value] = /^([\w.-]+)=([^;\r\n]*)/.exec(line) ?? [];
            if (name === undefined) continue;
            if (value === "" || value === '""') this.cookies.delete(name);
            else this.cookies.set(name, value!);
        }
        const size = [...this.cookies].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
        if (size > COOKIE_BYTES) throw new Unreachable(`the dashboard sets more than ${COOKIE_BYTES} bytes of cookies`);
    }
}

/** A form's body, as a browser sends it. */
function formOf(
    fields: Record<string, string>,
    file?: DashboardRequest["file"],
): Required<Pick<HttpRequest, "headers" | "body">> {
    if (!file) {
        const text = Buffer.from(new URLSearchParams(fields).toString());
        return bodyOf(text, "application/x-www-form-urlencoded");
    }
    const boundary = `classroom-${randomBytes(12).toString("hex")}`;
    const part = (about: string) => `--${boundary}\r\nContent-Disposition: form-data; ${about}\r\n`;
    const parts = Object.entries(fields).map(([name, value]) => `${part(`name="${name}"`)}\r\n${value}\r\n`);
    const head = `${part(`name="${file.field}"; filename="image"`)}Content-Type: application/octet-stream\r\n\r\n`;
    const content = Buffer.concat([
        Buffer.from(parts.join("") + head),
        file.data,
        Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    return bodyOf(content, `multipart/form-data; boundary=${boundary}`);
}

const bodyOf = (content: Buffer, type: string): Required<Pick<HttpRequest, "headers" | "body">> => ({
    headers: { "Content-Type": type },
    body: { size: content.length, open: () => Readable.from([content]) },
});
