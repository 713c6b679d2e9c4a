import { createPrivateKey, randomBytes, X509Certificate } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { UserError } from "../../system/errors";
import { replaceFile } from "../../system/files";
import { stateDir, temporaryFolder } from "../../system/paths";
import { run } from "../../system/run";
import { digestOf, type Keyring, newToken, SESSION_SECONDS } from "./sessions";

/** Tokens of the teacher and of each team, and the key of the cookies. */
export interface Tokens {
    key: string;
    teacher: string;
    teams: Record<string, string>;
}

const tokensFile = (): string => path.join(stateDir(), "board.json");

function kept(): Tokens | undefined {
    const file = tokensFile();
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as Tokens) : undefined;
}

/** A team's token; undefined before the board's first start. */
export const tokenOf = (team: string): string | undefined => kept()?.teams[team];

/** The board's tokens, made where they are missing; those of teams that are no more go. @param anew all are made anew, and cookies count no more */
export function tokensFor(teams: readonly string[], anew = false): Tokens {
    const before = anew ? undefined : kept();
    const tokens: Tokens = {
        key: before?.key ?? randomBytes(32).toString("hex"),
        teacher: before?.teacher ?? newToken(),
        teams: Object.fromEntries(teams.map(team => [team, before?.teams[team] ?? newToken()])),
    };
    replaceFile(tokensFile(), `${JSON.stringify(tokens)}\n`, 0o600);
    return tokens;
}

/** Their digests: all that the part that serves pages may know of them. */
export const keyringOf = ({ key, teacher, teams }: Tokens): Keyring => ({
    key,
    tokens: [
        { digest: digestOf(teacher), role: "teacher" },
        ...Object.entries(teams).map(([team, token]) => ({ digest: digestOf(token), role: `team:${team}` })),
    ],
});

/** More logouts within twelve hours are none of a class's. */
const ENDED = 5000;

/** Cookies of those who logged out: they count no more, after a restart of the board too. */
export class EndedCookies {
    private known: { cookie: string; until: number }[];

    constructor(private readonly file = path.join(stateDir(), "board-ended.json")) {
        this.known = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as typeof this.known) : [];
    }

    cookies(): string[] {
        return this.known.map(({ cookie }) => cookie);
    }

    add(cookie: string, now = Date.now() / 1000): void {
        const rest = this.known.filter(one => one.until > now && one.cookie !== cookie);
        this.known = [...rest, { cookie, until: now + SESSION_SECONDS }].slice(-ENDED);
        replaceFile(this.file, `${JSON.stringify(this.known)}\n`, 0o600);
    }
}

/** The board's own key and certificate; made once, and again where the address is another or it ends within a day. */
export async function ownCertificate(host: string): Promise<{ key: string; cert: string }> {
    const file = path.join(stateDir(), "board-certificate.json");
    if (fs.existsSync(file)) {
        const kept = JSON.parse(fs.readFileSync(file, "utf8")) as { host: string; key: string; cert: string };
        const { validToDate } = new X509Certificate(kept.cert);
        if (kept.host === host && validToDate.getTime() > Date.now() + 86_400_000) return kept;
    }
    const made = await makeCertificate(host);
    replaceFile(file, `${JSON.stringify({ host, ...made })}\n`, 0o600);
    return made;
}

async function makeCertificate(host: string): Promise<{ key: string; cert: string }> {
    const dir = temporaryFolder("classroom-board-"),
        [key, cert] = ["key", "cert"].map(name => path.join(dir, name)) as [string, string];
    const address = /^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`;
    const words = [
        ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=classroom".split(" "),
        ...["-addext", `subjectAltName=${address},DNS:localhost`],
        ...["-keyout", key, "-out", cert],
    ];
    try {
        await run("openssl", words);
        return { key: fs.readFileSync(key, "utf8"), cert: fs.readFileSync(cert, "utf8") };
    } catch (e) {
        throw new UserError(
            `no certificate could be made (${(e as Error).message.split("\n")[0]}); install openssl, or give one with --certificate and --key`,
        );
    } finally {
        fs.rmSync(dir, { recursive: true });
    }
}

/** A certificate that was given. @throws UserError where the two files are none that belong together */
export function givenCertificate(certificate: string, key: string): { key: string; cert: string } {
    try {
        const given = { key: fs.readFileSync(key, "utf8"), cert: fs.readFileSync(certificate, "utf8") };
        if (!new X509Certificate(given.cert).checkPrivateKey(createPrivateKey(given.key)))
            throw new Error("the key is not that certificate's");
        return given;
    } catch (e) {
        throw new UserError(`--certificate and --key: ${(e as Error).message}; nothing was started`);
    }
}
