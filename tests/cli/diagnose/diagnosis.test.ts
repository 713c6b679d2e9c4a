import { diagnose, type Examined, exitCodeOf, type Verdict } from "../../../cli/diagnose/diagnosis";
import { causeInWords, causeLines } from "../../../cli/diagnose/words";

const sound: Verdict = { found: "sound" };
const drifted = (path: string, old: unknown, now: unknown): Verdict => ({
    found: "drifted",
    changes: [{ path, old, new: now }],
});
const unasked = (reason = "no answer"): Verdict => ({ found: "unasked", reason });
const thing = (
    id: string,
    type: string,
    area: string,
    needs: string[],
    verdict: Verdict = sound,
    inputs: Record<string, unknown> = {},
): Examined => ({ id, resourceId: id, type, name: id, area, needs, verdict, inputs });
const service = (name: string, node: string, needs: string[], verdict?: Verdict) =>
    thing(name, "guest:Service", node, needs, verdict, { service: name });
const stopped = drifted("running", true, false);

/** Two nodes on a host: db-node with a database, auth-node with keystone and what is in it; a file that keystone reads. */
function cloud(found: Record<string, Verdict> = {}): Examined[] {
    const all: Examined[] = [
        { ...thing("host central", "host", "central", []), name: "gks-125" },
        thing("db-machine", "machine:Container", "central", ["host central"], sound, { name: "db-node" }),
        thing("db-node-golden", "machine:Container", "central", ["host central"], sound, { name: "db-node-golden" }),
        thing("ssh db-node", "ssh", "db-node", ["host central", "db-machine"]),
        service("ntp", "db-node", ["ssh db-node", "db-machine", "db-node-golden"]),
        service("mysql", "db-node", ["ssh db-node", "db-machine", "db-node-golden"]),
        thing("grant", "guest:DatabaseGrant", "db-node", ["ssh db-node", "mysql"], sound, { user: "keystoneUser" }),
        thing("auth-machine", "machine:Container", "central", ["host central"], sound, { name: "auth-node" }),
        thing("ssh auth-node", "ssh", "auth-node", ["host central", "auth-machine"]),
        thing("conf", "guest:OptionsFile", "auth-node", ["ssh auth-node"], sound, {
            path: "/etc/keystone/keystone.conf",
            restarts: ["keystone"],
        }),
        service("keystone", "auth-node", ["ssh auth-node", "conf", "grant"]),
        service("apache", "auth-node", ["ssh auth-node", "conf"]),
        thing("user", "keystone:User", "keystone", ["host central", "keystone"], sound, { user: "nova" }),
        thing("rule", "nova:SecurityRule", "nova", ["host central", "user"], sound, {
            protocol: "tcp",
            group: "default",
        }),
    ];
    return all.map(e => (found[e.id] ? { ...e, verdict: found[e.id]! } : e));
}
const told = (all: Examined[]) => diagnose(all).map(c => [c.of.id, c.follows.map(e => e.id), c.leans.map(e => e.id)]);

test("where all is sound there is no cause", () => {
    expect(diagnose(cloud())).toEqual([]);
    expect(exitCodeOf([])).toBe(0);
});

test("a stopped database is the cause; what cannot be asked because of it is not, and what needs it is named", () => {
    const all = cloud({ mysql: stopped, grant: unasked("ERROR 2002"), user: unasked("500"), rule: unasked("401") }),
        [cause] = diagnose(all);
    expect(told(all)).toEqual([["mysql", ["grant", "user", "rule"], ["keystone"]]]);
    expect(exitCodeOf(diagnose(all))).toBe(3);
    expect(causeLines(cause!, String)).toEqual([
        "! mysql on db-node is stopped",
        "    needed by",
        "        auth-node: keystone",
        "    cannot be asked: 1 in db-node (ERROR 2002)",
        "    cannot be asked: 1 in keystone (500)",
        "    cannot be asked: 1 in nova (401)",
    ]);
});

test("what suffers from several causes is told once, beneath the first", () => {
    const pw = drifted("secretOptions.sql.connection", "[secret]", "[secret]"),
        all = cloud({ mysql: stopped, conf: pw, grant: unasked("ERROR 2002"), user: unasked("500") });
    const told = new Set<string>(),
        [first, second] = diagnose(all).map(cause => causeLines(cause, String, told));
    expect(first!.filter(line => /keystone \(500\)|cannot be asked: 1 in keystone/.test(line))).toHaveLength(1);
    expect(second!.slice(1)).toEqual(["    and 2 of what is told above"]);
});

test("a service that stopped above a broken one follows from it; one beside it does not", () => {
    expect(told(cloud({ mysql: stopped, keystone: stopped, ntp: stopped }))).toEqual([
        ["mysql", ["keystone"], []],
        ["ntp", [], []],
    ]);
});

test("what nobody but a person changes is a cause of its own, whatever is broken below it", () => {
    expect(
        told(
            cloud({
                mysql: stopped,
                conf: drifted("options.DEFAULT.debug", "false", "true"),
                user: drifted("enabled", true, false),
            }),
        )
            .map(([id]) => id)
            .sort(),
    ).toEqual(["conf", "mysql", "user"]);
    expect(
        told(
            cloud({
                mysql: stopped,
                keystone: {
                    found: "drifted",
                    changes: [
                        { path: "running", old: true, new: false },
                        { path: "enabled", old: true, new: false },
                    ],
                },
            }),
        )
            .map(([id]) => id)
            .sort(),
    ).toEqual(["keystone", "mysql"]);
});

test("a changed file reaches the services of its node that read it, and no others", () => {
    expect(told(cloud({ conf: drifted("options.DEFAULT.debug", "false", "true") }))).toEqual([
        ["conf", [], ["keystone"]],
    ]);
});

test("something gone is a cause unless what it was in is gone too", () => {
    expect(
        told(cloud({ mysql: stopped, rule: { found: "gone" } }))
            .map(([id]) => id)
            .sort(),
    ).toEqual(["mysql", "rule"]);
    expect(told(cloud({ user: { found: "gone" }, rule: { found: "gone" } }))).toEqual([["user", ["rule"], []]]);
});

test("a machine that is off: one cause, and all in it suffers", () => {
    const inside = Object.fromEntries(["ssh db-node", "ntp", "mysql", "grant"].map(id => [id, unasked("no ssh")]));
    const all = cloud({ ...inside, "db-machine": drifted("power", "on", "off") });
    expect(told(all)).toEqual([["db-machine", ["ssh db-node", "ntp", "mysql", "grant"], ["keystone"]]]);
    expect(causeInWords(diagnose(all)[0]!, String)).toBe("db-node is off, but it should be on");
    expect(exitCodeOf(diagnose(all))).toBe(3);
});

test("a node that is mute though its machine runs: ssh of it is the cause, and it could not be told", () => {
    const all = cloud(
        Object.fromEntries(
            ["ssh db-node", "ntp", "mysql", "grant"].map(id => [id, unasked("accepts no ssh session within 8 s")]),
        ),
    );
    expect(told(all)).toEqual([["ssh db-node", ["ntp", "mysql", "grant"], ["keystone"]]]);
    expect(causeInWords(diagnose(all)[0]!, String)).toBe(
        "db-node does not answer ssh, though its machine runs: accepts no ssh session within 8 s",
    );
    expect(exitCodeOf(diagnose(all))).toBe(2);
});

test("what is in a mute node suffers from that alone, though what it was made after is broken too", () => {
    const all = cloud({
        mysql: stopped,
        ...Object.fromEntries(["ssh auth-node", "conf", "keystone", "apache"].map(id => [id, unasked("no ssh")])),
        user: unasked("500"),
    });
    expect(told(all)).toEqual([
        ["ssh auth-node", ["conf", "keystone", "apache", "user"], []],
        ["mysql", ["user"], []],
    ]);
    expect(exitCodeOf(diagnose(all))).toBe(2);
});

test("a host that is down is one cause for all that is on it", () => {
    const all = cloud(Object.fromEntries(cloud().map(e => [e.id, unasked("no ssh session within 5 s (port 24)")])));
    expect(told(all).map(([id]) => id)).toEqual(["host central"]);
    expect(causeLines(diagnose(all)[0]!, String)[0]).toBe("! host gks-125: no ssh session within 5 s (port 24)");
});

test("what cannot be asked though nothing below is broken is one cause an area", () => {
    const all = [
        ...cloud({ user: unasked("500") }),
        thing("role", "keystone:Role", "keystone", ["host central", "keystone"], unasked("500")),
    ];
    expect(diagnose(all).map(c => [c.of.id, c.beside.map(e => e.id)])).toEqual([["user", ["role"]]]);
    expect(causeInWords(diagnose(all)[0]!, String)).toBe(
        "keystone cannot be asked, and nothing that is recorded says why: 500",
    );
});

test("a golden clone is off anyway: nothing suffers from it", () => {
    expect(told(cloud({ "db-node-golden": { found: "gone" }, mysql: stopped }))).toEqual([
        ["mysql", [], ["keystone"]],
        ["db-node-golden", [], []],
    ]);
});

test("a clock that is wrong is a cause, of what is told of its node, and of all services that work on it", () => {
    const all = cloud({ keystone: stopped });
    all.push(
        thing(
            "clock",
            "machine:Clock",
            "central",
            ["host central"],
            drifted("offset", "within 2 s", "200000 s behind"),
        ),
    );
    const [db] = all.filter(e => e.id === "db-machine");
    all.splice(all.indexOf(db!), 1, { ...db!, needs: [...db!.needs, "clock"] });
    expect(told(all)).toEqual([["clock", ["keystone"], ["ntp", "mysql"]]]);
    expect(causeInWords(diagnose(all)[0]!, String)).toBe("the clock of the central host is 2 days behind");
});

test("a circle in the graph ends", () => {
    expect(told([service("a", "n", ["b"], stopped), service("b", "n", ["a"])])).toEqual([["a", [], ["b"]]]);
});

const said = (type: string, inputs: Record<string, unknown>, verdict: Verdict): string =>
    causeInWords({ of: thing("cloud-x", type, "api-node", [], verdict, inputs) }, (_type, id) => `<${String(id)}>`);

test.each<[string, string, Record<string, unknown>, Verdict]>([
    ["api-node has no record of its right content", "guest:Baseline", {}, { found: "gone" }],
    ["api-node: nothing is recorded of it", "guest:Ground", {}, { found: "gone" }],
    [
        "/etc/nova/nova.conf on api-node has [DEFAULT] rabbit_host 10.0.0.99 instead of 10.0.0.3",
        "guest:OptionsFile",
        { path: "/etc/nova/nova.conf" },
        drifted("options.DEFAULT.rabbit_host", "10.0.0.3", "10.0.0.99"),
    ],
    [
        "/etc/nova/nova.conf on api-node does not set [DEFAULT] rabbit_host (it should be 10.0.0.3)",
        "guest:OptionsFile",
        { path: "/etc/nova/nova.conf" },
        drifted("options.DEFAULT.rabbit_host", "10.0.0.3", undefined),
    ],
    [
        "/etc/nova/api-paste.ini on api-node has [filter:authtoken] admin_password changed or removed (secret)",
        "guest:OptionsFile",
        { path: "/etc/nova/api-paste.ini" },
        drifted("secretOptions.filter:authtoken.admin_password", "[secret]", "(differs)"),
    ],
    [
        "/etc/nova/nova.conf on api-node has [DEFAULT] rabbit_host 10.0.0.99 instead of 10.0.0.3 (line 57)",
        "guest:OptionsFile",
        { path: "/etc/nova/nova.conf" },
        {
            found: "drifted",
            changes: [{ path: "options.DEFAULT.rabbit_host", old: "10.0.0.3", new: "10.0.0.99", where: "line 57" }],
        },
    ],
    [
        "/etc/nova/nova.conf on api-node has [DEFAULT] sql_connection changed or removed (secret) ([database] connection, line 3 of /a\\x1b)",
        "guest:OptionsFile",
        { path: "/etc/nova/nova.conf" },
        {
            found: "drifted",
            changes: [
                {
                    path: "secretOptions.DEFAULT.sql_connection",
                    old: "[secret]",
                    new: "(differs)",
                    where: "[database] connection, line 3 of /a\x1b",
                },
            ],
        },
    ],
    [
        "/etc/glance/glance-api.conf on api-node has mode 0600 instead of 0640",
        "guest:OptionsFile",
        { path: "/etc/glance/glance-api.conf" },
        drifted("mode", "0640", "0600"),
    ],
    [
        "/etc/nova/nova.conf on api-node has [DEFAULT] rabbit_host 1\\x1b[2K\\nforged instead of \\u202e10.0.0.3",
        "guest:OptionsFile",
        { path: "/etc/nova/nova.conf" },
        drifted("options.DEFAULT.rabbit_host", "\u202e10.0.0.3", "1\u001b[2K\nforged"),
    ],
    [
        "/root/openrc on api-node has mode 0644 instead of 0600",
        "guest:File",
        { path: "/root/openrc" },
        drifted("mode", "0600", "0644"),
    ],
    ["api-node lacks the package nova-doc", "guest:Packages", {}, drifted("packages", "nova-doc", undefined)],
    [
        "the database account novaUser on api-node has another password than it should",
        "guest:DatabaseGrant",
        { user: "novaUser" },
        drifted("password", "[secret]", "(differs)"),
    ],
    [
        "the database account novaUser on api-node does not get in: the account is locked",
        "guest:DatabaseGrant",
        { user: "novaUser" },
        {
            found: "drifted",
            changes: [{ path: "password", old: "[secret]", new: "(differs)", where: "the account is locked" }],
        },
    ],
    [
        "the data of image cirros-0.3.0 on image-node have 3 bytes instead of 18",
        "glance:Image",
        { name: "cirros-0.3.0" },
        drifted("data", "whole", "have 3 bytes instead of 18"),
    ],
    [
        "nova-network on api-node runs without its firewall rules of the metadata service",
        "guest:Service",
        { service: "nova-network" },
        drifted("lacks", undefined, "firewall rules of the metadata service"),
    ],
    [
        "user <1> has no longer the role <2> in tenant <3>",
        "keystone:Grant",
        { userId: "1", roleId: "2", tenantId: "3" },
        { found: "gone" },
    ],
    [
        "the floating addresses 172.16.1.0/24 are gone, all of them",
        "nova:FloatingRange",
        { range: "172.16.1.0/24" },
        { found: "gone" },
    ],
    [
        "/etc/nova/nova.conf on api-node is not read by nova-api and nova-cert since its last change",
        "guest:OptionsFile",
        { path: "/etc/nova/nova.conf", connection: { name: "api-node" } },
        {
            found: "drifted",
            changes: ["nova-api", "nova-cert"].map(name => ({ path: "unread", old: undefined, new: name })),
        },
    ],
    [
        "nova-compute on compute-1 does not report itself to nova",
        "nova:ServiceState",
        { binary: "nova-compute", host: "compute-1" },
        drifted("state", "up", "down"),
    ],
    [
        "the network private of api-node is stopped",
        "machine:NetworkState",
        { network: "private" },
        drifted("active", true, false),
    ],
    [
        "the bridge br-nat of api-node is down",
        "machine:NetworkState",
        { network: "nat" },
        drifted("hindered", undefined, "the bridge br-nat of this host is down"),
    ],
    [
        "the network nat of api-node is stopped and the pool x of api-node is stopped",
        "machine:NetworkState",
        { network: "nat" },
        {
            found: "drifted",
            changes: [
                { path: "active", old: true, new: false },
                { path: "hindered", old: undefined, new: "the pool x of this host is stopped" },
            ],
        },
    ],
    [
        "api-node does not forward (net.ipv4.ip_forward is 0)",
        "machine:HostState",
        {},
        drifted("hindered", undefined, "this host does not forward (net.ipv4.ip_forward is 0)"),
    ],
    [
        "the network nat of api-node does not start with its host",
        "network:Network",
        { name: "nat" },
        drifted("autostart", true, false),
    ],
    [
        "api-node: the process nova-api (42) is stopped by a signal",
        "guest:Ground",
        {},
        drifted("differences", undefined, "the process nova-api (42) is stopped by a signal"),
    ],
    ["the clock of api-node is 2 h ahead", "machine:Clock", {}, drifted("offset", "within 2 s", "7203 s ahead")],
    ["the clock of api-node is 100 s behind", "machine:Clock", {}, drifted("offset", "within 2 s", "100 s behind")],
    [
        "the clock of api-node is 48 min ahead and runs 13.8 times too fast",
        "machine:Clock",
        {},
        {
            found: "drifted",
            changes: [
                { path: "offset", old: "within 2 s", new: "2895 s ahead" },
                { path: "speed", old: "true", new: "13.8 times too fast" },
            ],
        },
    ],
    ["cloud-x has cidr: 10.0.0.0/8 → 10.0.0.0/9", "other:Kind", {}, drifted("cidr", "10.0.0.0/8", "10.0.0.0/9")],
])("in words: %s", (words, type, inputs, verdict) => expect(said(type, inputs, verdict)).toBe(words));
