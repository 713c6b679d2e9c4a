import type * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { alone, readFile, writeFile } from "./machine-files";

interface Inputs {
    connection: Connection;
    member: string;
    keys: string[];
}

const FILE = "/root/.ssh/authorized_keys";
/** Behind a key: whose it is. The operator's has another comment. */
const MARK = "classroom member";
const LINE = new RegExp(`^(\\S+ \\S+) ${MARK} (.*)$`);

const lineOf = (key: string, member: string): string => `${key} ${MARK} ${member}`;

/** The key of a line of a member's; undefined of any other line. */
function keyIn(line: string, member: string): string | undefined {
    const [, key, of] = LINE.exec(line.trimEnd()) ?? [];
    return of === member ? key : undefined;
}

/** The content of a member's lines in a file. */
export const keysIn = (text: string, member: string): string[] =>
    text.split("\n").flatMap(line => keyIn(line, member) ?? []);

/** The file with exactly these keys of a member's; every other line stays as it is. */
export function withKeys(text: string, member: string, keys: readonly string[]): string {
    const ends = (line: string) => line.trimEnd().endsWith(` ${MARK} ${member}`);
    const others = text.split("\n").filter(line => line !== "" && !ends(line));
    return [...others, ...keys.map(key => lineOf(key, member)), ""].join("\n");
}

/** A member's public keys among those that may log in as root of a machine. */
export function authorizedKeysHandler(run: RunScript = exec): Handler<Inputs> {
    const put = (connection: Connection, member: string, keys: readonly string[]) =>
        alone(connection, FILE, async () => {
            const text = (await readFile(run, connection, FILE))?.content ?? "",
                next = withKeys(text, member, keys);
            if (next !== text) await writeFile(run, connection, FILE, next);
        });
    return {
        inputs: ["member", "keys"],
        access: ["connection"],
        replaceOn: ["member"],
        check({ member, keys }): Problem[] {
            return [
                ...(member !== undefined && !/^[\p{L}\p{N} ._'-]+$/u.test(member)
                    ? [{ property: "member", reason: `"${member}" is not a name: letters, digits, spaces and ._'-` }]
                    : []),
                ...(keys ?? [])
                    .filter(key => !/^[a-z0-9-]+ [A-Za-z0-9+/]+={0,2}$/.test(key))
                    .map(key => ({ property: "keys", reason: `"${key}" is not a public key without a comment` })),
            ];
        },
        async create({ connection, member, keys }) {
            await put(connection, member, keys);
            return { id: `${connection.name}:${member}`, outputs: {} };
        },
        async read(_id, recorded) {
            const text = (await readFile(run, recorded.connection, FILE))?.content ?? "",
                keys = keysIn(text, recorded.member);
            return keys.length === 0 ? undefined : { ...recorded, keys };
        },
        async update(_id, _recorded, { connection, member, keys }) {
            await put(connection, member, keys);
            return {};
        },
        async delete(_id, { connection, member }) {
            await put(connection, member, []);
        },
    };
}
export const handler = authorizedKeysHandler();

export interface AuthorizedKeysArgs {
    connection: pulumi.Input<Connection>;
    /** Whose they are. */
    member: pulumi.Input<string>;
    /** Public keys without a comment. */
    keys: pulumi.Input<string[]>;
}

/** A member's public keys among those that may log in as root of a machine; gone with the member. */
export class AuthorizedKeys extends LiveResource {
    constructor(name: string, args: AuthorizedKeysArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/authorized-keys", "AuthorizedKeys", name, args as unknown as pulumi.Inputs, opts);
    }
}
