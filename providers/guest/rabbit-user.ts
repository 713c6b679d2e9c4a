import * as pulumi from "@pulumi/pulumi";
import { ask, text } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { exec, quote, RemoteError, type RunScript } from "../../clients/ssh";
import { differs, type Handler, LiveResource, type Problem } from "../dynamic";
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

/** An account of a RabbitMQ server that may use everything on `/` (D2). */
export function rabbitUserHandler(run: RunScript = exec): Handler<Inputs> {
    /** The answer of a script of rabbitmqctl's calls. */
    const call = async ({ connection }: Inputs, calls: string, input?: string): Promise<string> => {
        const script = `export HOME=/root\n${calls}\nsay said "$said"`;
        try {
            return (await ask(run, connection, script, { said: text() }, { input, timeoutSeconds: 60 })).said;
        } catch (e) {
            if (!(e instanceof RemoteError)) throw e;
            const [first] = e.result.stderr.trim().split("\n");
            throw new Unreachable(`${connection.name}: the message queue cannot be asked: ${first}`);
        }
    };
    const listed = (command: string): string => `said=$(${command}) || { printf '%s\\n' "$said" >&2; exit 1; }`;
    // Passwords come on standard input: rabbitmqctl has no other way than an argument, so its own node is called
    // instead.
    const evaluate = (inputs: Inputs, expression: string): Promise<string> =>
        call(
            inputs,
            // In a folder of root's until it is written: nobody puts a link in its place. The file first, then the
            // folder.
            `umask 077; mkdir -p -m 711 /run/classroom; d=$(mktemp -d /run/classroom/XXXXXX); trap 'rm -rf "$d"' EXIT
cat > "$d/password"; chown rabbitmq "$d/password"; chown rabbitmq "$d"
${listed(`rabbitmqctl -q eval ${quote('{ok, Password} = file:read_file("')}"$d"${quote(`/password"), ${users}, ${expression}.`)}`)}`,
            inputs.password,
        );
    /** The account's rights on `/`, as rabbitmqctl lists them. */
    const rightsOf = async (inputs: Inputs): Promise<string> => {
        const said = await call(inputs, listed(`rabbitmqctl -q list_user_permissions ${quote(inputs.user)}`)),
            found = said.split("\n").find(line => line.startsWith("/\t"));
        return found === undefined ? "none" : found.split("\t").slice(1).join(" ");
    };
    /** One of some words, which has a line of its own: newer servers warn of this and that beside it. */
    const answer = async <W extends string>(inputs: Inputs, expression: string, ...words: W[]): Promise<W> => {
        const said = (await evaluate(inputs, expression)).split("\n").map(line => line.trim()),
            found = words.filter(w => said.includes(w));
        if (found.length === 1) return found[0]!;
        throw new Unreachable(
            `${inputs.connection.name}: the message queue cannot be asked: it says ${JSON.stringify(said.join(" ").slice(0, 80))}`,
        );
    };
    const word = (user: string) => `<<"${user.replace(/["\\]/g, "\\$&")}">>`;
    const removal = (user: string) =>
        `case rabbit_auth_backend_internal:lookup_user(${word(user)}) of {ok, _} -> Change(delete_user, [${word(user)}]); _ -> ok end`;
    const put = (inputs: Inputs) =>
        evaluate(
            inputs,
            `User = ${word(inputs.user)}, ` +
                "case rabbit_auth_backend_internal:lookup_user(User) of {ok, _} -> Change(change_password, [User, Password]); _ -> Change(add_user, [User, Password]) end, " +
                'Change(set_permissions, [User, <<"/">>, <<".*">>, <<".*">>, <<".*">>])' +
                (inputs.others ? `, ${removal(GUEST)}` : ""),
        );
    return {
        inputs: ["user", "password", "others", "rights"],
        access: ["connection"],
        replaceOn: ["user"],
        check({ user }): Problem[] {
            return user === undefined || isName(user)
                ? []
                : [{ property: "user", reason: `"${user}" is not allowed: letters, digits, dots, dashes` }];
        },
        async create(inputs) {
            await put(inputs);
            return { id: inputs.user, outputs: {} };
        },
        async read(_id, recorded) {
            const said = await answer(
                recorded,
                `case rabbit_auth_backend_internal:lookup_user(${word(recorded.user)}) of {ok, _} -> case rabbit_access_control:check_user_pass_login(${word(recorded.user)}, Password) of {ok, _} -> same; _ -> differs end; _ -> gone end`,
                "same",
                "differs",
                "gone",
            );
            if (said === "gone") return undefined;
            const others =
                recorded.others &&
                (await answer(
                    recorded,
                    `case rabbit_auth_backend_internal:lookup_user(${word(GUEST)}) of {ok, _} -> there; _ -> gone end`,
                    "there",
                    "gone",
                )) === "there"
                    ? { others: [GUEST] }
                    : {};
            const password = said === "same" ? recorded.password : differs;
            return { ...recorded, ...others, password, rights: await rightsOf(recorded) };
        },
        async update(_id, _recorded, inputs) {
            await put(inputs);
            return {};
        },
        async delete(_id, recorded) {
            await evaluate(recorded, removal(recorded.user));
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
