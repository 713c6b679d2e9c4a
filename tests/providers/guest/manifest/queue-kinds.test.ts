import { compare } from "../../../../providers/guest/manifest/compare";
import { type KindName, linesOf } from "../../../../providers/guest/manifest/kinds";
import { mendingOf } from "../../../../providers/guest/manifest/mend";
import { type Reading, takeReading } from "../../../../providers/guest/manifest/reading";
import { connection, FakeNode } from "./node";

/** As rabbitmqctl of RabbitMQ 3.8 prints it, here with an alarm, limits, an operator policy and rights on topics. */
const answer = String.raw`['watermark {absolute,"1GB"}','disk 50000000',
 'alarm {{resource_limit,disk,\n                       \'rabbit@db-node.a-very-long-name-of-a-node.example.org.and.more\'},\n       []}',
 'alarm file_descriptor_limit','parameter\t/\tvhost-limits\tlimits\t55111278',
 'parameter\t/\toperator_policy\tit\'s a\tb\t59617982','parameter\t/\toperator_policy\tfew\t1',
 'user\tnova\t133450679','topic\t/\tnova\tnova\t111834479']
`;
const of = (printed: string): Reading => ({
    files: {},
    lines: Object.fromEntries(
        (["queueMemory", "queueLimits", "queueAlarms"] as KindName[]).map(name => [name, linesOf(name, printed)]),
    ),
});
const found = compare(of("['watermark 0.4','disk 1']"), of(answer), { paths: [], lines: [] });

test("of RabbitMQ what stops its senders, limits, rights on topics and alarms are told", () => {
    expect(found.map(({ words }) => words)).toEqual([
        "RabbitMQ stops its senders where its disk has less than 50000000 bytes free instead of 1",
        "RabbitMQ stops its senders at absolute 1GB of the memory instead of 0.4",
        "RabbitMQ's settings operator policy few of the virtual host / were added",
        "RabbitMQ's limits of the virtual host / were added",
        "RabbitMQ's rights of the account nova on topics of the exchange nova (virtual host /) were added",
        "RabbitMQ's limits of the account nova were added",
        "RabbitMQ holds up its clients: it has an alarm, for want of disk",
        "RabbitMQ holds up its clients: it has an alarm, for want of files",
    ]);
});

test("it gets back its levels, and loses limits that were added", () => {
    const shells = found.map(difference => mendingOf(difference as never));
    const guarded = (words: string) => `[ ! -d /run/systemd/system ] || timeout 30 rabbitmqctl -q ${words}`;
    expect(shells).toEqual([
        guarded("set_disk_free_limit '1'"),
        "timeout 30 rabbitmqctl -q set_vm_memory_high_watermark '0.4'",
        guarded("clear_operator_policy -p '/' 'few'"),
        guarded("clear_vhost_limits -p '/'"),
        guarded("clear_topic_permissions -p '/' 'nova' 'nova'"),
        guarded("clear_user_limits 'nova' all"),
        undefined,
        undefined,
    ]);
});

test("an alarm is told whatever was recorded, limits of a record before them are not", () =>
    expect(compare({ files: {}, lines: {} }, of(answer), { paths: [], lines: [] })).toHaveLength(2));

test("a name that no command may hold is told alone", () => {
    const lines = { queueLimits: ["parameter\t/\toperator_policy\t-x\t1", "user\ta;b\t1"] };
    const strange = compare({ files: {}, lines: { queueLimits: [] } }, { files: {}, lines }, { paths: [], lines: [] });
    expect(strange.map(difference => mendingOf(difference as never))).toEqual([undefined, undefined]);
});

test("a line that is longer than an atom goes on in the next one", () =>
    expect(linesOf("queuePolicies", "['policy\\t/\\tlong\\t.*\\tqueues\\t{\"a\":','+1}\\t0','vhost\\t/']")).toEqual([
        '/\tlong\t.*\tqueues\t{"a":1}\t0',
    ]));

test("what a server warns of before its answer is no line", () =>
    expect(linesOf("queueHosts", "warning: it's deprecated\n['vhost\\t/']\n")).toEqual(["/"]));

test("one question gives the lines of all five", async () => {
    const node = new FakeNode({
        files: { "/etc": { type: "d", mode: "755", owner: "root", group: "root" } },
        lines: { queueMemory: [answer] },
    });
    const { lines } = await takeReading(node.run, connection);
    node.remove();
    expect(Object.keys(lines).sort()).toEqual([
        "queueAlarms",
        "queueHosts",
        "queueLimits",
        "queueMemory",
        "queuePolicies",
    ]);
    expect(lines.queueAlarms).toEqual(["disk alarm", "file_descriptor_limit alarm"]);
});
