import type { Connection } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { placesOf } from "../../../providers/dynamic";
import { serviceHandler } from "../../../providers/guest/service";
import { isAddress } from "../../../providers/guest/signs";
import { FakeClock } from "../../clients/fake-clock";
import { localHost } from "../machine/local-host";

/** A node of before systemd, where init scripts start services; `pids` are those of every service, as pgrep finds them. */
const host = localHost({
    service:
        'echo "$*" >> "$LOG"; [ "$2" != restart ] || [ ! -e "$ROOT/after" ] || cp "$ROOT/after" "$ROOT/proc/net/tcp"; [ "$2" != status ] || [ -e "$ROOT/runs" ]',
    pgrep: 'case "$*" in *dnsmasq*) [ -e "$ROOT/dnsmasq" ] ;; *) cat "$ROOT/pids" ;; esac',
    ls: 'case "$1" in -l) cat "$ROOT/fds" ;; esac',
    kill: "",
    sleep: "",
    "iptables-save": 'cat "$ROOT/nat"',
    ip: 'cat "$ROOT/addresses"',
});
afterAll(() => host.remove());
const connection = { name: "api-node" } as Connection;
const inputs = {
    connection,
    service: "nova-conductor",
    running: true,
    enabled: true,
    port: 8774,
    queue: "10.0.0.3:5672",
    lacks: [],
};
const stat = (state: string, start = 100) => `7 (nova (x) y) ${state} ${"0 ".repeat(18)}${start} 0 0\n`;
const QUEUE = "   1: 0500000A:ABCD 0300000A:1628 01 00000000:00000000 00:00000000 00000000   107        0 4711 1\n";
const LISTENS = "   0: 00000000:2246 00000000:0000 0A 00000000:00000000 00:00000000 00000000   107        0 4712 1\n";

beforeEach(() => {
    host.put("runs", "");
    host.put("pids", "7\n");
    host.put("proc/7/stat", stat("S"));
    host.put("proc/cpuinfo", "processor : 0\n");
    host.put("proc/uptime", "9000.00 8000.00\n");
    host.put("proc/net/tcp", LISTENS + QUEUE);
    host.put("proc/net/tcp6", "");
    host.put("fds", "lrwx 1 nova nova 64 Nov 29 10:00 5 -> socket:[4711]\n");
    host.put("var/log/nova/nova-conductor.log", "INFO fine\nERROR no way to \x1b[31m10.0.0.99\nINFO later\n");
});
const read = (of: object = inputs) =>
    serviceHandler(host.run, 1, new FakeClock()).read("", of as typeof inputs) as Promise<typeof inputs>;

test("a service that listens and is connected lacks nothing", async () => {
    expect(await read()).toEqual(inputs);
});

test("one whose process is stopped by a signal is found, whatever else there is", async () => {
    host.put("proc/7/stat", stat("T"));
    host.put("proc/net/tcp", "");
    expect((await read()).lacks).toEqual(["stopped"]);
});

test("a person's client of the same name that waits in a terminal is none of the service's", async () => {
    host.put("proc/7/stat", `7 (mysql) T 6 7 6 34817 ${"0 ".repeat(14)}100 0 0\n`);
    expect((await read()).lacks).toEqual([]);
});

test("one that does not listen, and has no connection to its queue, is found with the last error of its log", async () => {
    host.put("proc/net/tcp", QUEUE.replace("4711", "4713"));
    const found = await read();
    expect(found.lacks).toEqual(["port", "queue"]);
    expect(placesOf(found)).toMatchObject({ lacks: "its log: ERROR no way to \x1b[31m10.0.0.99" });
});

test.each([
    ["to another address", QUEUE.replace("0300000A", "6300000A")],
    ["which is only tried", QUEUE.replace(" 01 ", " 02 ")],
])("a connection %s is none to its queue", async (_which, line) => {
    host.put("proc/net/tcp", LISTENS + line);
    expect((await read()).lacks).toEqual(["queue"]);
});

test("a database is asked for like a queue", async () => {
    expect((await read({ ...inputs, database: "10.0.0.3:3306" })).lacks).toEqual(["database"]);
});

test.each([
    [299, []],
    [301, ["queue"]],
])("after %p s without a connection it lacks %p: it asks for its queue again every half minute", async (age, lacks) => {
    host.put("proc/7/stat", stat("S", (9000 - age) * 100));
    host.put("proc/net/tcp", LISTENS);
    expect((await read()).lacks).toEqual(lacks);
});

test("one that has just started is given time to listen", async () => {
    host.put("proc/7/stat", stat("S", 895_000));
    host.put("proc/net/tcp", QUEUE);
    const clock = new FakeClock(),
        begin = clock.elapsed();
    const found = await serviceHandler(host.run, 1, clock).read("", inputs);
    expect(found).toMatchObject({ lacks: ["port"] });
    expect(clock.elapsed() - begin).toBeGreaterThanOrEqual(60);
});

test.each([
    [100, "0.80", 0],
    [100, "1.00", 60],
    [250, "9.00", 0],
])("one that started %p s ago, at a load of %s on one processor, is given %p s", async (age, load, seconds) => {
    host.put("proc/7/stat", stat("S", (9000 - age) * 100));
    host.put("proc/loadavg", `${load} 0.50 0.50 1/100 4711\n`);
    host.put("proc/net/tcp", QUEUE);
    const clock = new FakeClock(),
        begin = clock.elapsed();
    await serviceHandler(host.run, 1, clock).read("", inputs);
    expect(clock.elapsed() - begin).toBeGreaterThanOrEqual(seconds);
    expect(clock.elapsed() - begin).toBeLessThanOrEqual(4 * seconds);
    host.put("proc/loadavg", "0.00 0.00 0.00 1/100 4711\n");
});

test("a dnsmasq that does not run is named; none is wanted of a bridge that is not there", async () => {
    const folder = `${host.dir}/var/lib/nova/networks`;
    for (const bridge of ["br100", "br101", "br;x"]) host.put(`var/lib/nova/networks/nova-${bridge}.conf`, "");
    host.put("sys/class/net/br100/mtu", "");
    expect((await read({ ...inputs, dnsmasqs: folder })).lacks).toEqual(["dnsmasq of br100"]);
    host.put("dnsmasq", "");
    expect((await read({ ...inputs, dnsmasqs: folder })).lacks).toEqual([]);
});

describe("nova-network's rules", () => {
    const folder = `${host.dir}/var/lib/nova/networks`;
    const sound = `*nat
-A PREROUTING -j nova-network-PREROUTING
-A POSTROUTING -m comment --comment "x" -j nova-postrouting-bottom
-A nova-network-OUTPUT -d 172.16.1.5/32 -j DNAT --to-destination 10.1.0.10
-A nova-network-POSTROUTING -s 10.1.0.0/24 -d 10.0.0.9/32 -j ACCEPT
-A nova-network-PREROUTING -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.6:8775
-A nova-network-PREROUTING -d 172.16.1.5/32 -j DNAT --to-destination 10.1.0.10
-A nova-network-PREROUTING -d 172.16.1.9/32 -p udp -m udp --dport 1194 -j DNAT --to-destination 10.1.0.2:1194
-A nova-network-float-snat -s 10.1.0.10/32 -d 10.1.0.10/32 -j SNAT --to-source 172.16.1.5
-A nova-network-float-snat -s 10.1.0.10/32 -o eth2 -j SNAT --to-source 172.16.1.5
-A nova-network-snat -j nova-network-float-snat
-A nova-network-snat -s 10.1.0.0/24 -o eth2 -j SNAT --to-source 10.0.0.6
-A nova-postrouting-bottom -j nova-network-snat
COMMIT
`;
    const lacks = async (nat: string, addresses = "3: eth2    inet 172.16.1.5/32 scope global eth2\n") => {
        host.put("nat", nat);
        host.put("addresses", addresses);
        host.put("dnsmasq", "");
        host.put("var/lib/nova/networks/nova-br100.conf", "");
        return (await read({ ...inputs, dnsmasqs: folder })).lacks;
    };
    const without = (line: RegExp) =>
        sound
            .split("\n")
            .filter(rule => !line.test(rule))
            .join("\n");

    test("that are all there, it lacks nothing", async () => expect(await lacks(sound)).toEqual([]));

    test.each([
        [/--to-destination 10.0.0.6/, ["firewall rules of the metadata service"]],
        [/-j nova-network-PREROUTING/, ["firewall rules of the metadata service"]],
        [/--to-source 10.0.0.6/, ["firewall rules of the way out"]],
        [/-j nova-network-snat/, ["firewall rules of the way out"]],
        [/-OUTPUT -d 172/, ["firewall rules of the floating address 172.16.1.5"]],
        [/-PREROUTING -d 172.16.1.5/, ["firewall rules of the floating address 172.16.1.5"]],
        [/172\.16\.1\.5/, []],
        [/10\.1\.0\.0/, []],
    ])("without %s it lacks %j", async (line, wanted) => expect(await lacks(without(line))).toEqual(wanted));

    test("with a floating address that is on no card it lacks that", async () =>
        expect(await lacks(sound, "")).toEqual(["floating address 172.16.1.5"]));

    test("that a stack's own option leaves out are not missed", async () => {
        host.put("etc/nova/nova.conf", "[DEFAULT]\nrouting_source_ip =\n");
        expect(await lacks(without(/--to-source 10.0.0.6/))).toEqual([]);
    });

    test("that cannot be asked for are not missed", async () => expect(await lacks("")).toEqual([]));
});

describe("a port that another program holds", () => {
    const stopped: RunScript = (to, script, options) => host.run(to, `rm -f "$ROOT/runs"\n${script}`, options);
    const processes = (name: string) => {
        host.put("proc/812/comm", `${name}\n`);
        host.put(
            "fds",
            "/proc/7/fd:\nlrwx 1 a a 64 Nov 29 10:00 5 -> socket:[4711]\n\n/proc/812/fd:\nlrwx 1 a a 64 Nov 29 10:00 3 -> socket:[4712]\n",
        );
    };

    test("is told with the service that does not run", async () => {
        processes("nc\x1b[31m");
        const found = await serviceHandler(stopped, 1, new FakeClock()).read("", inputs);
        expect(placesOf(found).running).toMatch(/^port 8774 is held by nc31m \(812\); its log: ERROR no way/);
    });

    test("keeps it from being started, at once and in words", async () => {
        processes("nc");
        const update = serviceHandler(stopped, 1, new FakeClock()).update("", { ...inputs, running: false }, inputs);
        await expect(update).rejects.toThrow("service nova-conductor cannot be started: port 8774 is held by nc (812)");
        expect(host.said()).not.toContain("nova-conductor start");
    });

    test("is none where it is the service's own", async () => {
        processes("nova-conductor");
        host.said();
        const service = serviceHandler(stopped, 1, new FakeClock());
        await service.update("", { ...inputs, running: false }, inputs).catch(() => undefined);
        expect(host.said()).toContain("nova-conductor start");
    });
});

test("one that does not run is found with its last error, and lacks nothing beside that", async () => {
    host.put("runs", "");
    const stopped = serviceHandler(
        (to, script, options) => host.run(to, `rm -f "$ROOT/runs"\n${script}`, options),
        1,
        new FakeClock(),
    );
    const found = await stopped.read("", inputs);
    expect(found).toMatchObject({ running: false, lacks: [] });
    expect(placesOf(found)).toMatchObject({ running: expect.stringContaining("ERROR no way") });
});

test("one that was made before this is not asked", async () => {
    const { lacks: _none, ...before } = inputs;
    host.put("proc/net/tcp", "");
    expect(await read(before)).toEqual(before);
});

test("without a sign of life it is restarted, and waited for; where the sign has come back it is not", async () => {
    const update = (recorded: object) =>
        serviceHandler(host.run, 1, new FakeClock()).update("", recorded as typeof inputs, inputs);
    host.put("proc/net/tcp", LISTENS);
    host.put("after", LISTENS + QUEUE);
    host.said();
    await update({ ...inputs, lacks: ["queue"] });
    expect(host.said()).toContain("nova-conductor restart");
    await update({ ...inputs, lacks: ["queue"] });
    await update({ ...inputs, enabled: false });
    expect(host.said()).not.toContain("restart");
});

test("one that gets no connection is given up, with the last error of its log", async () => {
    host.put("proc/net/tcp", LISTENS);
    host.put("after", LISTENS);
    const clock = new FakeClock(),
        begin = clock.elapsed();
    await expect(
        serviceHandler(host.run, 1, clock).update("", { ...inputs, lacks: ["queue"] }, inputs),
    ).rejects.toThrow(/^api-node: service nova-conductor shows no sign of life: queue after \d+ s:\nERROR no way/);
    expect(clock.elapsed() - begin).toBeLessThan(250);
});

test("an address and a port are what they are", () => {
    expect(
        ["10.0.0.3:5672", "10.0.0.3", "10.0.0.3:0", "10.0.0.3:65536", "db-node:5672", "$(x):1"].map(isAddress),
    ).toEqual([true, false, false, false, false, false]);
});
