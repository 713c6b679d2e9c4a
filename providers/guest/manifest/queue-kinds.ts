import { quote, quoteWords } from "../../../clients/ssh";
import { linesIn, LINE } from "../erlang";
import { apart, IF_SYSTEMD, isPlain, type Kind } from "./kind";

/** RabbitMQ 2.7 of Ubuntu 12.04 has neither policies nor limits. */
const control = (words: string): string => `${IF_SYSTEMD} timeout 30 rabbitmqctl -q ${words}`;

/**
 * One question to the server, for each costs an emulated node ten seconds. A server that lacks a function has none of its lines. Of values
 * that may be anything stands a number alone. The server has no answer about policies of a virtual host that is gone, and the whole
 * question would fail.
 */
const STATE = `${LINE},
Of = fun(M, F, Args, Make) -> code:ensure_loaded(M), case erlang:function_exported(M, F, length(Args)) of true -> [Make(X) || X <- apply(M, F, Args)]; _ -> [] end end,
G = fun(K, P) -> proplists:get_value(K, P) end,
lists:flatten([[L("watermark ~p", [vm_memory_monitor:get_vm_memory_high_watermark()])],
[L("disk ~p", [rabbit_disk_monitor:get_disk_free_limit()]) || erlang:function_exported(rabbit_disk_monitor, get_disk_free_limit, 0)],
[L("vhost\\t~s", [V]) || V <- rabbit_vhost:list()],
[Of(rabbit_policy, list_formatted, [<<"/">>], fun(P) -> L("policy\\t~s\\t~s\\t~s\\t~s\\t~s\\t~p", [G(K, P) || K <- [vhost, name, pattern, 'apply-to', definition, priority]]) end) || <<"/">> <- rabbit_vhost:list()],
Of(rabbit_alarm, get_alarms, [], fun(A) -> L("alarm ~p", [A]) end),
Of(rabbit_runtime_parameters, list, [], fun(P) -> L("parameter\\t~s\\t~s\\t~s\\t~p", [G(vhost, P), G(component, P), G(name, P), erlang:phash2(G(value, P))]) end),
Of(rabbit_auth_backend_internal, get_user_limits, [], fun({U, X}) -> L("user\\t~s\\t~p", [U, erlang:phash2(X)]) end),
Of(rabbit_auth_backend_internal, list_topic_permissions, [], fun(P) -> L("topic\\t~s\\t~s\\t~s\\t~p", [G(vhost, P), G(user, P), G(exchange, P), erlang:phash2({G(write, P), G(read, P)})]) end)]).`;

/** What the answer's lines of one word have behind it. */
const behind = (word: string, printed: readonly string[]): string[] =>
    linesIn(printed.join("\n")).flatMap(line => (line.startsWith(`${word}\t`) ? [line.slice(word.length + 1)] : []));

/** What a server was given by hand beside its policies, by the word that begins its line. */
const LIMITS: Readonly<Record<string, { words(parts: string[]): string; mend(parts: string[]): string }>> = {
    parameter: {
        words: ([host, component, name]) =>
            component === "vhost-limits"
                ? `RabbitMQ's limits of the virtual host ${host}`
                : `RabbitMQ's settings ${component!.replace(/[_-]/g, " ")} ${name} of the virtual host ${host}`,
        mend([host, component, name]) {
            const at = `-p ${quote(host!)}`;
            if (component === "vhost-limits") return control(`clear_vhost_limits ${at}`);
            return component === "operator_policy"
                ? control(`clear_operator_policy ${at} ${quote(name!)}`)
                : control(`clear_parameter ${at} ${quote(component!)} ${quote(name!)}`);
        },
    },
    user: {
        words: ([user]) => `RabbitMQ's limits of the account ${user}`,
        mend: ([user]) => control(`clear_user_limits ${quote(user!)} all`),
    },
    topic: {
        words: ([host, user, exchange]) =>
            `RabbitMQ's rights of the account ${user} on topics of the exchange ${exchange} (virtual host ${host})`,
        mend: ([host, user, exchange]) =>
            control(`clear_topic_permissions -p ${quote(host!)} ${quote(user!)} ${quote(exchange!)}`),
    },
};
function limitOf(line: string): { words: string; mend: string | undefined } {
    const [what = "", ...parts] = line.split("\t"),
        limit = LIMITS[what]!;
    return { words: limit.words(parts), mend: parts.every(isPlain) ? limit.mend(parts) : undefined };
}

/** `{absolute,1000}` as rabbitmqctl takes it. */
const LEVEL = /^(?:watermark (?:\d[\d.e-]{0,20}|\{absolute,"?\w{1,20}"?\})|disk \d{1,20})$/;

/** What a RabbitMQ server has beside its account: without these it takes no message, or loses some. */
export const queueKinds = {
    queueHosts: {
        ask: "",
        with: "queueMemory",
        lines: printed => behind("vhost", printed),
        words: {
            added: line => `the virtual host ${line} of RabbitMQ was added`,
            gone: line => `the virtual host ${line} of RabbitMQ is gone`,
        },
        mend: {
            added: line => (isPlain(line) ? `timeout 30 rabbitmqctl -q delete_vhost ${quote(line)}` : undefined),
            gone: line => (isPlain(line) ? `timeout 30 rabbitmqctl -q add_vhost ${quote(line)}` : undefined),
        },
    },
    queuePolicies: {
        ask: "",
        with: "queueMemory",
        lines: printed => behind("policy", printed),
        words: {
            added: line => `the policy ${line.replace(/\t/g, " ")} of RabbitMQ was added`,
            gone: line => `the policy ${line.replace(/\t/g, " ")} of RabbitMQ is gone`,
        },
        mend: {
            added(line) {
                const [host, name] = line.split("\t");
                return name !== undefined && isPlain(name) && isPlain(host!)
                    ? control(`clear_policy -p ${quote(host!)} ${quote(name)}`)
                    : undefined;
            },
        },
    },
    queueMemory: {
        ask: `[ -d /var/lib/rabbitmq ] && timeout 30 rabbitmqctl -q eval ${quote(STATE)}`,
        lines: printed =>
            linesIn(printed.join("\n"))
                .filter(line => LEVEL.test(line))
                .map(line => line.replace(/\{absolute,"?(\w+)"?\}/, "absolute $1")),
        named: true,
        words: {
            added: line => line,
            gone: line => line,
            changed: (name, now, before) =>
                name === "disk"
                    ? `RabbitMQ stops its senders where its disk has less than ${now} bytes free instead of ${before}`
                    : `RabbitMQ stops its senders at ${now} of the memory instead of ${before}`,
        },
        mend: {
            changed: (name, _now, before) =>
                name === "disk"
                    ? control(`set_disk_free_limit ${quote(before)}`)
                    : `timeout 30 rabbitmqctl -q set_vm_memory_high_watermark ${quoteWords(before)}`,
        },
    },
    queueLimits: {
        ask: "",
        with: "queueMemory",
        lines: printed =>
            linesIn(printed.join("\n")).filter(line =>
                /^(parameter(\t[^\t]*){4}|user(\t[^\t]*){2}|topic(\t[^\t]*){4})$/.test(line),
            ),
        words: {
            added: line => `${limitOf(line).words} were added`,
            gone: line => `${limitOf(line).words} are gone, or others`,
        },
        mend: { added: line => limitOf(line).mend },
    },
    queueAlarms: {
        ask: "",
        with: "queueMemory",
        lines: printed =>
            linesIn(printed.join("\n")).flatMap(line => {
                const [, limit] =
                    /^alarm \{*(?:resource_limit,)?\s*(disk|memory|file_descriptor_limit)\b/.exec(line) ?? [];
                return limit === undefined ? [] : [`${limit} alarm`];
            }),
        never: true,
        words: {
            added: line =>
                `RabbitMQ holds up its clients: it has an alarm, for want of ${apart(line)[0].replace(/_.*/, "s")}`,
            gone: line => line,
        },
        // It ends by itself with what it is about.
    },
} as const satisfies Record<string, Kind>;
