import { type Context, Hono } from "hono";
import { type Limit, Limits } from "./limits";
import { type Keyring, type Role, roleWord, Sessions, SESSION_SECONDS } from "./sessions";
import type { Action, TeamView, Views } from "./vocabulary";

/** Surroundings of the pages; a test gives its own. */
export interface Surroundings {
    keyring: Keyring;
    /** Cookies of those who have logged out. */
    endedBefore: readonly string[];
    /** The origin that pages are of: `https://10.1.2.3:8443`, and others by which this machine is called. */
    isOwn(host: string): boolean;
    secure: boolean;
    /** The pages' files, by name. */
    files: Readonly<Record<string, string>>;
    /** Asks the privileged part. @throws Error with words for the user */
    perform(action: Action, team: string, by: string, from: string): Promise<string>;
    /** Notes what was refused. */
    refused(what: string, by: string, from: string): void;
    /** Keeps that somebody has logged out. */
    ended(cookie: string): void;
}

/** How much may be asked: of a session each action, of an address each try to log in, of everybody together. */
const ACTIONS: Readonly<Record<Action, Limit>> = {
    check: { burst: 2, seconds: 30 },
    diagnose: { burst: 2, seconds: 30 },
    hint: { burst: 3, seconds: 5 },
    reset: { burst: 1, seconds: 120 },
};
const STREAMS = { all: 300, role: 30 };

const HEADERS: Readonly<Record<string, string>> = {
    "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
};
const TYPES: Readonly<Record<string, string>> = {
    html: "text/html; charset=utf-8",
    css: "text/css; charset=utf-8",
    js: "text/javascript; charset=utf-8",
};

type Env = {
    Variables: { role: Role; address: string };
    Bindings: { incoming?: { socket: { remoteAddress?: string } } };
};
type Ctx = Context<Env>;
interface Stream {
    role: Role;
    /** Whether its cookie still counts. */
    counts(): boolean;
    push(text: string): void;
    close(): void;
}

/** The board's pages: who is logged in sees a view, live, and asks for the few things that may be asked. */
export class Board {
    readonly app = new Hono<Env>();
    private readonly sessions: Sessions;
    private readonly streams = new Set<Stream>();
    private views: Views = { class: "", teacher: [], teams: {} };
    private pictures: Record<string, string> = {};
    private shownAt = 0;
    private readonly logins = new Limits({ burst: 10, seconds: 6 });
    private readonly allLogins = new Limits({ burst: 100, seconds: 0.5 });
    private readonly actions: Record<Action, Limits>;
    private readonly cookie: string;

    constructor(private readonly around: Surroundings) {
        this.sessions = new Sessions(around.keyring, around.endedBefore);
        this.cookie = around.secure ? "__Host-board" : "board";
        this.actions = Object.fromEntries(
            Object.entries(ACTIONS).map(([action, limit]) => [action, new Limits(limit)]),
        ) as Record<Action, Limits>;
        this.guard();
        this.pages();
        this.stream();
        this.doing();
    }

    /** Shows other views on every page that is open. */
    show(views: Views, pictures: Record<string, string>): void {
        this.views = views;
        this.shownAt = performance.now();
        this.pictures = pictures;
        for (const stream of this.streams) stream.push(this.viewFor(stream.role));
    }

    /** Ends every page's stream; the pages come back by themselves. */
    close(): void {
        for (const stream of this.streams) stream.close();
    }

    private viewFor(role: Role): string {
        const { class: name, teacher, teams } = this.views,
            since = (performance.now() - this.shownAt) / 1000;
        const now = <T extends TeamView>(view: T): T => ({
            ...view,
            left: view.frozen ? view.left : Math.max(0, view.left - since),
        });
        const own = role.teacher ? undefined : teams[role.team];
        const view = role.teacher ? { teams: teacher.map(now) } : { view: own && now(own) };
        return `data: ${JSON.stringify({ class: name, ...view })}\n\n`;
    }

    private readonly address = (c: Ctx): string => c.env?.incoming?.socket.remoteAddress ?? "";

    /** What holds for every answer: headers, hosts that are this one, no token in an address. */
    private guard(): void {
        this.app.use(async (c, next) => {
            if (!this.around.isOwn(c.req.header("host") ?? "")) return c.text("this is not that host\n", 421);
            if (new URL(c.req.url).search !== "") return c.text("addresses have no questions here\n", 400);
            await next();
            for (const [name, value] of Object.entries(HEADERS)) if (!c.res.headers.has(name)) c.header(name, value);
            if (this.around.secure) c.header("Strict-Transport-Security", "max-age=31536000");
        });
        this.app.onError((_e, c) => c.text("that went wrong\n", 500));
        this.app.notFound(c => c.text("there is no such page\n", 404));
    }

    /** The value of the board's own cookie. */
    private ownCookie(c: Ctx): string | undefined {
        const all = (c.req.header("cookie") ?? "").split(/; */),
            own = all.find(part => part.startsWith(`${this.cookie}=`));
        return own?.slice(this.cookie.length + 1);
    }

    private role(c: Ctx): Role | undefined {
        return this.sessions.read(this.ownCookie(c), Date.now() / 1000);
    }

    private file(name: string): Response {
        return new Response(this.around.files[name], { headers: { "Content-Type": TYPES[name.split(".")[1]!]! } });
    }

    private pages(): void {
        this.app.get("/", c => {
            const role = this.role(c);
            if (!role) return this.file("login.html");
            return this.file(role.teacher ? "teacher.html" : "team.html");
        });
        for (const name of Object.keys(this.around.files).filter(n => !n.endsWith(".html")))
            this.app.get(`/${name}`, () => this.file(name));
        this.app.get("/session", c => (this.role(c) ? c.body(null, 204) : c.text("log in first\n", 401)));
        this.app.get("/picture/:team/:version", c => {
            const role = this.role(c),
                team = c.req.param("team");
            if (!role) return c.text("log in first\n", 401);
            if (!this.mayFor(role, team)) return this.refuse(c, role, "picture of another team");
            const picture = this.pictures[role.teacher ? `teacher:${team}` : `team:${team}`];
            if (picture === undefined) return c.notFound();
            return c.body(picture, 200, {
                "Content-Type": "image/svg+xml",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            });
        });
    }

    private mayFor(role: Role, team: string): boolean {
        return role.teacher ? Object.hasOwn(this.views.teams, team) : role.team === team;
    }

    private refuse(c: Ctx, role: Role | undefined, what: string): Response {
        this.around.refused(what, role ? roleWord(role) : "nobody", this.address(c));
        return c.text("that is not yours\n", 403);
    }

    private stream(): void {
        this.app.get("/events", c => {
            const role = this.role(c);
            if (!role) return c.text("log in first\n", 401);
            const word = roleWord(role),
                own = [...this.streams].filter(s => roleWord(s.role) === word).length;
            if (this.streams.size >= STREAMS.all || own >= STREAMS.role)
                return c.text("too many pages are open\n", 503, { "Retry-After": "10" });
            return new Response(
                this.opened(role, () => this.role(c) !== undefined),
                { headers: { "Content-Type": "text/event-stream" } },
            );
        });
    }

    private opened(role: Role, counts: () => boolean): ReadableStream {
        const bytes = new TextEncoder();
        let stream: Stream, timer: NodeJS.Timeout;
        const gone = () => {
            clearInterval(timer);
            this.streams.delete(stream);
        };
        return new ReadableStream({
            start: controller => {
                const push = (text: string) => {
                    // A page that takes nothing is left alone: each view has all of it, and one comes every 15 s.
                    if ((controller.desiredSize ?? 0) > -64) controller.enqueue(bytes.encode(text));
                };
                const close = () => {
                    gone();
                    controller.close();
                };
                stream = { role, counts, push, close };
                this.streams.add(stream);
                push(`retry: 1000\n${this.viewFor(role)}`);
                timer = setInterval(() => (counts() ? push(this.viewFor(role)) : close()), 15_000);
            },
            cancel: gone,
        });
    }

    /** A form of another site can send neither this header nor JSON. */
    private isOwnRequest(c: Ctx): boolean {
        const origin = c.req.header("origin"),
            host = c.req.header("host");
        return (
            c.req.header("x-board") === "1" &&
            c.req.header("content-type") === "application/json" &&
            origin === `${this.around.secure ? "https" : "http"}://${host}`
        );
    }

    private async body(c: Ctx): Promise<Record<string, unknown>> {
        if (Number(c.req.header("content-length") ?? 1e9) > 1000) return {};
        const value: unknown = await c.req.json().catch(() => ({}));
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
    }

    private doing(): void {
        this.app.post("/login", async c => {
            if (!this.isOwnRequest(c)) return this.refuse(c, undefined, "login from elsewhere");
            const wait = this.logins.take(this.address(c)) || this.allLogins.take("all");
            if (wait > 0) return this.tooOften(c, undefined, "login", wait);
            const { token } = await this.body(c),
                role = typeof token === "string" ? this.sessions.roleOf(token) : undefined;
            if (!role) return this.refuse(c, undefined, "login with a wrong token");
            return this.withCookie(c, this.sessions.begin(role, Date.now() / 1000), SESSION_SECONDS);
        });
        this.app.post("/logout", c => {
            if (!this.isOwnRequest(c)) return this.refuse(c, this.role(c), "logout from elsewhere");
            const own = this.ownCookie(c);
            if (own !== undefined && this.role(c)) this.around.ended(this.sessions.end(own));
            for (const stream of this.streams) if (!stream.counts()) stream.close();
            return this.withCookie(c, "", 0);
        });
        this.app.post("/do/:action/:team", async c => this.act(c, c.req.param("action"), c.req.param("team")));
    }

    private withCookie(c: Ctx, value: string, seconds: number): Response {
        const secure = this.around.secure ? "; Secure" : "";
        c.header(
            "Set-Cookie",
            `${this.cookie}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`,
        );
        return c.json({ ok: true });
    }

    private async act(c: Ctx, word: string, team: string): Promise<Response> {
        const role = this.role(c);
        if (!this.isOwnRequest(c)) return this.refuse(c, role, "action from elsewhere");
        if (!role) return c.text("log in first\n", 401);
        if (!Object.hasOwn(ACTIONS, word) || (word === "diagnose" && !role.teacher))
            return this.refuse(c, role, "unknown action");
        if (!this.mayFor(role, team)) return this.refuse(c, role, `${word} of another team`);
        const action = word as Action,
            wait = this.actions[action].take(`${roleWord(role)} ${team}`);
        if (wait > 0) return this.tooOften(c, role, action, wait);
        try {
            return c.json({ ok: true, text: await this.around.perform(action, team, roleWord(role), this.address(c)) });
        } catch (e) {
            return c.json({ ok: false, text: (e as Error).message }, 409);
        }
    }

    private tooOften(c: Ctx, role: Role | undefined, what: string, wait: number): Response {
        this.around.refused(`${what} too often`, role ? roleWord(role) : "nobody", this.address(c));
        c.header("Retry-After", String(wait));
        return c.json({ ok: false, text: `too often; again in ${wait} s` }, 429);
    }
}
