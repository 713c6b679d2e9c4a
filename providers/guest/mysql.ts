import { ask, text as anyText } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { type ExecResult, lastOf, quote, RemoteError, type RunScript } from "../../clients/ssh";

/** Where the client finds root's password: a file of root's own, mode 0600. */
export const rootOptionsFile = "/root/.my.cnf";

/** A text in SQL. */
export const text = (value: string): string => `'${value.replace(/\\/g, "\\\\").replace(/'/g, "''")}'`;
/** A name in SQL. */
export const name = (value: string): string => `\`${value.replace(/`/g, "``")}\``;
export const isDatabaseName = (value: string): boolean => /^[A-Za-z0-9_]{1,64}$/.test(value);

/** How often root asks for the last connection of a full server, and the seconds in between. */
const ASKS = 20,
    BETWEEN_SECONDS = 0.5;

/**
 * Runs root's scripts. A server without a free connection keeps one more for its root: who comes as root meanwhile asks again.
 */
export const asRoot =
    (run: RunScript, clock = operatorClock): RunScript =>
    async (on, script, options) => {
        const once = () => run(on, script, { ...options, allowFailure: true }),
            isFull = ({ code, stderr }: ExecResult) => code !== 0 && /^ERROR (1040|1203)\b/m.test(stderr);
        let answer = await once();
        for (let asks = 1; isFull(answer) && asks < ASKS; asks++) {
            await clock.pause(BETWEEN_SECONDS);
            answer = await once();
        }
        if (answer.code !== 0 && options?.allowFailure !== true) throw new RemoteError(on.name, answer);
        return answer;
    };

/**
 * Runs SQL as root on the database's machine; it comes on standard input, so that no password is in a process list.
 * @returns the rows, tab-separated
 * @throws Unreachable when the server does not run: nothing is known about its content
 */
export async function sql(run: RunScript, on: Connection, statements: string): Promise<string[]> {
    // In its batch mode the client writes a newline in a value as \\n.
    const script = 'rows=$(HOME=/root mysql --batch --skip-column-names --connect-timeout=5); say rows "$rows"';
    try {
        const { rows } = await ask(
            asRoot(run),
            on,
            script,
            { rows: anyText() },
            { input: statements, timeoutSeconds: 60 },
        );
        return rows.split("\n").filter(Boolean);
    } catch (e) {
        if (e instanceof RemoteError && /^ERROR (200[236]|2013|1040|1045|1203)\b/m.test(e.result.stderr))
            throw new Unreachable(`${on.name}: the database cannot be asked: ${e.result.stderr}`);
        throw e;
    }
}

/** SQL that answers with a statement for each of an account's open connections, which ends it. */
export const killsOf = (user: string): string =>
    `SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = ${text(user)};`;

/** Why an account is kept out that is as it should be but for its password. */
export const otherPassword = "its password is another";

/** Errors by which a server keeps an account out: MySQL's and MariaDB's. */
const refusals: Readonly<Record<string, string>> = {
    1044: otherPassword,
    1045: otherPassword,
    1820: "its password has expired",
    1862: "its password has expired",
    3118: "the account is locked",
    4151: "the account is locked",
};

/** Why the server does not let an account in with a password, from the network; undefined where it does. */
export async function refusalOf(
    run: RunScript,
    on: Connection,
    user: string,
    password: string,
    address: string,
): Promise<string | undefined> {
    const { code, stderr } = await run(
        on,
        `IFS= read -r MYSQL_PWD; export MYSQL_PWD; mysql --no-defaults --protocol=tcp -h ${quote(address)} -u ${quote(user)} --connect-timeout=5 -e 'SELECT 1'`,
        { input: `${password}\n`, timeoutSeconds: 30, allowFailure: true },
    );
    if (code === 0) return undefined;
    const refusal = refusals[/^ERROR (\d{4})\b/m.exec(stderr)?.[1] ?? ""];
    if (refusal !== undefined) return refusal;
    throw new Unreachable(`${on.name}: the database cannot be asked: ${lastOf(stderr)}`);
}
