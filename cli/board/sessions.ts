import { createHash, createHmac, randomBytes, timingSafeEqual } from "crypto";

/** Who may see and do what: the teacher all, a team its own. */
export type Role = { teacher: true } | { teacher: false; team: string };

/** Role of a word: `teacher`, or `team:team01`. */
const roleIn = (word: string): Role | undefined => {
    if (word === "teacher") return { teacher: true };
    return word.startsWith("team:") ? { teacher: false, team: word.slice(5) } : undefined;
};
export const roleWord = (role: Role): string => (role.teacher ? "teacher" : `team:${role.team}`);

/** Digests of tokens: the part that serves pages knows none of them by itself. */
export interface Keyring {
    /** Of each token its SHA-256 in hexadecimal, with the role's word. */
    tokens: readonly { digest: string; role: string }[];
    /** Signs the cookies, in hexadecimal: a page that is open lives through a restart of the board. */
    key: string;
}

/** 32 random bytes as 43 letters of base64url. */
export const newToken = (): string => randomBytes(32).toString("base64url");
export const digestOf = (token: string): string => createHash("sha256").update(token).digest("hex");

/** How long a cookie counts. */
export const SESSION_SECONDS = 12 * 3600;

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Exchanges tokens for cookies, which nobody can make who has not the key. */
export class Sessions {
    private readonly ended: Set<string>;

    /** @param ended cookies that were ended before, as {@link end} tells them */
    constructor(
        private readonly keyring: Keyring,
        ended: readonly string[] = [],
    ) {
        this.ended = new Set(ended);
    }

    /** Whose token it is. Each of them is compared, in a time that says nothing of it. */
    roleOf(token: string): Role | undefined {
        const given = createHash("sha256").update(token).digest();
        let found: string | undefined;
        for (const { digest, role } of this.keyring.tokens) if (same(given, Buffer.from(digest, "hex"))) found = role;
        return found === undefined ? undefined : roleIn(found);
    }

    /** A cookie's value. @param now seconds since the epoch */
    begin(role: Role, now: number): string {
        const said = [roleWord(role), Math.floor(now) + SESSION_SECONDS, randomBytes(9).toString("base64url")].join(
            "|",
        );
        const text = Buffer.from(said).toString("base64url");
        return `${text}.${this.sign(text)}`;
    }

    /** Whose cookie it is; undefined for one that is forged, over, ended, or of a team that has no token any more. */
    read(cookie: string | undefined, now: number): Role | undefined {
        const [text = "", mark = ""] = (cookie ?? "").split(".");
        if (!same(Buffer.from(mark), Buffer.from(this.sign(text)))) return undefined;
        const [word = "", until] = Buffer.from(text, "base64url").toString().split("|");
        if (Number(until) < now || this.ended.has(text)) return undefined;
        return this.keyring.tokens.some(({ role }) => role === word) ? roleIn(word) : undefined;
    }

    /** A cookie that is sent again after this counts no more. @returns what names it */
    end(cookie: string): string {
        const text = cookie.split(".")[0]!;
        this.ended.add(text);
        return text;
    }

    private sign(text: string): string {
        return createHmac("sha256", Buffer.from(this.keyring.key, "hex")).update(text).digest("base64url");
    }
}
