import * as pulumi from "@pulumi/pulumi";
import { ask, text } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { exec, quote, RemoteError, type RunScript } from "../../clients/ssh";
import { differs, type Handler, LiveResource, type Problem } from "../dynamic";
import { LINE, linesIn } from "./erlang";
import { isName } from "./init";

interface Inputs {
    connection: Connection;
    user: string;
    password: string;
    others?: string[];
    /** Its rights to configure, write and read on `/`. */
    rights: string;
}

/** The right to configure, write and read everything. */
const EVERYTHING = ".* .* .*";

/** The account that comes with every server. */
const GUEST = "guest";

/** Servers since 3.7 want to know who changes an account; 2.7, of Ubuntu 12.04, does not. */
const users =
    "Change = fun(What, Args) -> case erlang:function_exported(rabbit_auth_backend_internal, What, length(Args) + 1) of " +
    'true -> apply(rabbit_auth_backend_internal, What, Args ++ [<<"classroom">>]); false -> apply(rabbit_auth_backend_internal, What, Args) end end';

function check({ user }: Partial<Inputs>): Problem[] {
    return user === undefined || isName(user)
        ? []
        : [{ property: "user", reason: `"${user}" is not allowed: letters, digits, dots, dashes` }];
}

/**
 * Evaluates an expression of Erlang in the server, with the account's password as `Password`. It comes on standard input:
 * rabbitmqctl has no other way than an argument, so its own node is called instead.
 */
async function evaluate(run: RunScript, { connection, password }: Inputs, expression: string): Promise<string> {
    const erlang = `${quote('{ok, Password} = file:read_file("')}"$d"${quote(`/password"), ${users}, ${expression}.`)}`;
    // In a folder of root's until it is written: nobody puts a link in its place. The file first, then the folder.
    const script = `export HOME=/root
umask 077; mkdir -p -m 711 /run/classroom; d=$(mktemp -d /run/classroom/XXXXXX); trap 'rm -rf "$d"' EXIT
cat > "$d/password"; chown rabbitmq "$d/password"; chown rabbitmq "$d"
said=$(rabbitmqctl -q eval ${erlang}) || { printf '%s\\n' "$said" >&2; exit 1; }
say said "$said"`;
    try {
        return (await ask(run, connection, script, { said: text() }, { input: password, timeoutSeconds: 60 })).said;
    } catch (e) {
        if (!(e instanceof RemoteError)) throw e;
        const [first] = e.result.stderr.trim().split("\n");
        throw new Unreachable(`${connection.name}: the message queue cannot be asked: ${first}`);
    }
}

/** A text in Erlang. */
const word = (user: string): string => `<<"${user.replace(/["\\]/g, "\\$&")}">>`;
/** In Erlang: what is so where the server has an account, and where it has none. */
const whereThere = (user: string, there: string, gone: string): string =>
    `case rabbit_auth_backend_internal:lookup_user(${word(user)}) of {ok, _} -> ${there}; _ -> ${gone} end`;
const removal = (user: string): string => whereThere(user, `Change(delete_user, [${word(user)}])`, "ok");

async function put(run: RunScript, inputs: Inputs): Promise<void> {
    await evaluate(
        run,
        inputs,
        `User = ${word(inputs.user)}, ` +
            "case rabbit_auth_backend_internal:lookup_user(User) of {ok, _} -> Change(change_password, [User, Password]); _ -> Change(add_user, [User, Password]) end, " +
            'Change(set_permissions, [User, <<"/">>, <<".*">>, <<".*">>, <<".*">>])' +
            (inputs.others ? `, ${removal(GUEST)}` : ""),
    );
}

/** A server since 2.8 lists rights by their names, an older one in a row. */
const ROW =
    "Row = fun(P) when is_list(P) -> [proplists:get_value(K, P) || K <- [vhost, configure, write, read]]; (P) -> tuple_to_list(P) end";

/** In Erlang: a line for the account with its password, one for each of its rights, and one where the other account is there. */
function question(user: string): string {
    const login =
        "case rabbit_access_control:check_user_pass_login(User, Password) of {ok, _} -> same; _ -> differs end";
    return (
        `${LINE}, ${ROW}, User = ${word(user)}, ` +
        `lists:flatten([${whereThere(user, `[L("account ~s", [${login}])] ++ [L("right\\t~s\\t~s\\t~s\\t~s", Row(P)) || P <- rabbit_auth_backend_internal:list_user_permissions(User)]`, '[L("account gone", [])]')}, ` +
        `${whereThere(GUEST, '[L("guest there", [])]', "[]")}])`
    );
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const said = await evaluate(run, recorded, question(recorded.user)),
        lines = linesIn(said),
        [, account] = /^account (same|differs|gone)$/.exec(lines[0] ?? "") ?? [];
    if (account === undefined)
        throw new Unreachable(
            `${recorded.connection.name}: the message queue cannot be asked: it says ${JSON.stringify(said.replace(/\s+/g, " ").trim().slice(0, 80))}`,
        );
    if (account === "gone") return undefined;
    const rights = lines
        .find(line => line.startsWith("right\t/\t"))
        ?.split("\t")
        .slice(2) ?? ["none"];
    return {
        ...recorded,
        ...(recorded.others && { others: lines.includes("guest there") ? [GUEST] : [] }),
        password: account === "same" ? recorded.password : differs,
        rights: rights.join(" "),
    };
}

/** An account of a RabbitMQ server that may use everything on `/` (D2). */
export function rabbitUserHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["user", "password", "others", "rights"],
        access: ["connection"],
        replaceOn: ["user"],
        check,
        async create(inputs) {
            await put(run, inputs);
            return { id: inputs.user, outputs: {} };
        },
        read: (_id, recorded) => read(run, recorded),
        async update(_id, _recorded, inputs) {
            await put(run, inputs);
            return {};
        },
        async delete(_id, recorded) {
            await evaluate(run, recorded, removal(recorded.user));
        },
    };
}
export const handler = rabbitUserHandler();

export interface RabbitUserArgs {
    connection: pulumi.Input<Connection>;
    user: pulumi.Input<string>;
    /** Secret. */
    password: pulumi.Input<string>;
    /** Empty: the account that comes with every server is taken away, and found where it is there again. */
    others?: pulumi.Input<string[]>;
}

/** An account of the message queue (D2). */
export class RabbitUser extends LiveResource {
    constructor(name: string, args: RabbitUserArgs, opts?: pulumi.CustomResourceOptions) {
        const password = pulumi.secret(args.password);
        super("guest/rabbit-user", "RabbitUser", name, { ...args, password, rights: EVERYTHING }, opts);
    }
}
