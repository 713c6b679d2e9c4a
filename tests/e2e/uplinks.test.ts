import { type ChildProcess, spawn, spawnSync } from "child_process";
import { randomBytes } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as yaml from "yaml";
import type { Connection } from "../../clients/connection";
import { ask } from "../../clients/answer";
import type { RunScript } from "../../clients/ssh";
import { lacks, preflightFields, preflightScript, wantedOf } from "../../cli/hosts/preflight";
import { type HostRole, hostRoles } from "../../config/nodes";
import { readSettings } from "../../config/settings";
import { uplinkId } from "../../config/uplinks";
import { PROJECT } from "../../engine/stack-file";
import { bringUp, type Lab, labDown } from "../../lab";
import { buildImageTools, withImageTools } from "../../lab/images/image-tools";
import { uplinkHandler, uplinkScript } from "../../providers/machine/uplink";
import { projectDir } from "../../system/paths";
import { silent } from "../../system/progress";
import { run } from "../../system/run";
import { scriptOn } from "./on-host";

/** Two labs stand for two teams whose hosts are on one switch: nothing but hosts is made, so all of it takes seconds. */
const teams = ["a", "b"] as const,
    suffix = randomBytes(3).toString("hex");
type Team = (typeof teams)[number];
const labName = (team: Team) => `test-${team}-${suffix}`,
    configFile = (team: Team) => path.join(projectDir(), `Pulumi.${labName(team)}.yaml`);
const number = { a: 1, b: 2 } as const;
/** On the switch, where a team's hosts see each other's and the other team's alike. */
const addressOf = (team: Team, role: HostRole) => `198.51.100.${number[team] * 10 + hostRoles.indexOf(role)}`;
const other = (role: HostRole): HostRole => (role === "central" ? "compute" : "central");

const kinds = ["vxlan", "vlan"] as const;
type Kind = (typeof kinds)[number];
/** Whether this machine's kernel has a kind of interface, by making one where nobody sees it; no module is loaded for it here. */
const kernelHas = (kind: Kind) =>
    spawnSync("unshare", [
        "--net",
        "sh",
        "-c",
        `ip link add one0 type veth peer name one1 && ip link add ${kind === "vlan" ? "link one0 name one2 type vlan id 2" : "one2 type vxlan id 2 remote 192.0.2.1 dstport 4789"}`,
    ]).status === 0;
const testable = kinds.filter(kernelHas);
for (const kind of kinds.filter(k => !testable.includes(k)))
    process.stderr.write(`not tested on hosts: ${kind} uplinks, for this machine's kernel has no such interfaces\n`);

const stateBefore = process.env.CLASSROOM_STATE,
    state = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-state-"));
const labs = {} as Record<Team, Lab>;
let wire: ChildProcess;

const on: RunScript = async (to, script, options) => {
    const [team, role] = to.name.split(" ") as [Team, HostRole];
    return await scriptOn(labs[team], role, script, options);
};
const host = (team: Team, role: HostRole) => ({ name: `${team} ${role}` }) as Connection;
const sh = async (team: Team, role: HostRole, script: string): Promise<string> =>
    (await on(host(team, role), script)).stdout;

const handler = uplinkHandler(on);
type Inputs = Parameters<typeof handler.create>[0];
const inputs = (team: Team, role: HostRole, kind: Kind, own: Partial<Inputs> = {}): Inputs => ({
    connection: host(team, role),
    network: "internal",
    bridge: "br-up-internal",
    kind,
    segment: uplinkId(number[team], "internal"),
    ports: ["up-internal"],
    up: true,
    persistent: true,
    ...(kind === "vlan" ? { nic: "eth3", mtu: 1500 } : { peer: addressOf(team, other(role)), port: 4789, mtu: 1450 }),
    ...own,
});

/** Frames that came in from the other host. */
const received = async (team: Team, role: HostRole): Promise<number> =>
    Number(await sh(team, role, "cat /sys/class/net/up-internal/statistics/rx_packets"));
/** Broadcasts of a kind of their own, as a guest in the bridge would send them. */
const broadcast = async (team: Team, role: HostRole, count: number): Promise<string> =>
    await sh(
        team,
        role,
        `python3 -c "
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('br-up-internal', 0))
for _ in range(${count}): s.send(b'\\xff' * 6 + s.getsockname()[4] + b'\\x88\\xb5' + b'x' * 46)"`,
    );

/** How many of a host's broadcasts come to each of the other three. Beside them are, now and then, a few frames that hosts say of themselves. */
async function spread(team: Team, role: HostRole, count = 20): Promise<Record<string, number>> {
    const others = teams.flatMap(t => hostRoles.map(r => [t, r] as const)).filter(([t, r]) => t !== team || r !== role);
    const counted = (frames: number) => (frames < 5 ? 0 : Math.min(count, frames));
    const count1 = async () => await Promise.all(others.map(([t, r]) => received(t, r)));
    const before = await count1();
    await broadcast(team, role, count);
    // What was sent first has come when this has.
    await sh(team, role, `ping -c 1 -W 5 ${addressOf(team, other(role))}`);
    const after = await count1();
    return Object.fromEntries(others.map(([t, r], i) => [`${t} ${r}`, counted(after[i]! - before[i]!)]));
}

function configure(team: Team, own: object): void {
    const { config } = yaml.parse(fs.readFileSync(path.join(projectDir(), "Pulumi.lab.yaml"), "utf8")) as {
        config: Record<string, unknown>;
    };
    const more = Object.fromEntries(
        Object.entries({ lab: labName(team), number: 200 + number[team], ...own }).map(([key, value]) => [
            `${PROJECT}:${key}`,
            value,
        ]),
    );
    fs.writeFileSync(configFile(team), yaml.stringify({ config: { ...config, ...more } }));
}

beforeAll(async () => {
    process.env.CLASSROOM_STATE = state;
    for (const team of teams) labs[team] = await bringUp(labName(team), silent);
    // The switch lives as long as this process.
    wire = spawn("unshare", ["--net", "cat"], { stdio: ["pipe", "pipe", "inherit"] });
    wire.stdin!.write("up\n");
    await new Promise(resolve => wire.stdout!.once("data", resolve));
    const ports = teams.flatMap(team =>
        hostRoles.map(role => [
            `${team}-${role}`,
            fs.readFileSync(path.join(labs[team].dir, "run", `${role}.pid`), "utf8").trim(),
        ]),
    );
    await run("nsenter", [
        "--net",
        `--target=${wire.pid}`,
        "sh",
        "-ec",
        [
            "ip link add sw type bridge stp_state 0 forward_delay 0; ip link set sw up",
            ...ports.map(
                ([name, pid]) =>
                    `ip link add ${name} type veth peer name eth3 netns ${pid}; ip link set ${name} master sw up`,
            ),
        ].join("\n"),
    ]);
    for (const team of teams)
        for (const role of hostRoles)
            await sh(
                team,
                role,
                `ip link set eth3 addrgenmode none up; ip addr add ${addressOf(team, role)}/24 dev eth3`,
            );
});
afterAll(async () => {
    wire?.kill();
    for (const team of teams) {
        await labDown(labName(team), silent);
        fs.rmSync(configFile(team), { force: true });
    }
    fs.rmSync(state, { recursive: true, force: true });
    if (stateBefore === undefined) delete process.env.CLASSROOM_STATE;
    else process.env.CLASSROOM_STATE = stateBefore;
});

for (const kind of testable)
    describe(`${kind} uplinks of two teams on one switch`, () => {
        const every = async (does: (team: Team, role: HostRole) => Promise<unknown>) => {
            for (const team of teams) for (const role of hostRoles) await does(team, role);
        };

        test("are made, are what was asked for, and are made again without a difference", async () => {
            await every(async (team, role) => {
                const own = inputs(team, role, kind);
                expect(await handler.read("", own)).toBeUndefined();
                expect(await handler.create(own)).toEqual({ id: `${team} ${role}:br-up-internal`, outputs: {} });
                expect(await handler.read("", own)).toEqual(own);
                await handler.create(own);
                expect(await handler.read("", own)).toEqual(own);
            });
        });

        test("every frame comes to the team's other host, and none to another team's", async () => {
            expect(await spread("a", "central")).toEqual({ "a compute": 20, "b central": 0, "b compute": 0 });
            expect(await spread("a", "compute")).toEqual({ "a central": 20, "b central": 0, "b compute": 0 });
            expect(await spread("b", "compute")).toEqual({ "b central": 20, "a central": 0, "a compute": 0 });
        });

        test("both teams have the same addresses in the same network, each its own", async () => {
            await every((team, role) =>
                sh(team, role, `ip addr add 10.0.0.${1 + hostRoles.indexOf(role)}/24 dev br-up-internal`),
            );
            const mac = (team: Team, role: HostRole) => sh(team, role, "cat /sys/class/net/br-up-internal/address");
            for (const team of teams) {
                // As large as the network carries, and not to be cut into pieces.
                const mtu = inputs(team, "central", kind).mtu;
                await sh(team, "central", `ping -c 2 -i 0.2 -W 5 -M do -s ${mtu - 28} 10.0.0.2`);
                expect(await sh(team, "central", "ip neigh show 10.0.0.2 dev br-up-internal")).toContain(
                    (await mac(team, "compute")).trim(),
                );
                const { stdout } = await on(
                    host(team, "central"),
                    `ping -c 1 -W 1 -M do -s ${mtu - 27} 10.0.0.2 2>&1`,
                    { allowFailure: true },
                );
                expect(stdout).toContain(`mtu=${mtu}`);
            }
            // What only one team has, the other does not find.
            await sh("a", "compute", "ip addr add 10.0.0.7/24 dev br-up-internal");
            await sh("a", "central", "ping -c 2 -i 0.2 -W 5 10.0.0.7");
            expect(
                (await on(host("b", "central"), "ping -c 2 -i 0.2 -W 1 10.0.0.7", { allowFailure: true })).stdout,
            ).toContain("2 packets transmitted, 0 received");
            await every((team, role) => sh(team, role, "ip addr flush dev br-up-internal"));
        });

        test("one id for two teams on one wire would let frames cross: the counters see it", async () => {
            const own = inputs("b", "central", kind),
                crossed = {
                    ...own,
                    segment: uplinkId(number.a, "internal"),
                    ...(kind === "vxlan" && { peer: addressOf("a", "compute") }),
                };
            await handler.update("", own, crossed);
            expect(await handler.read("", crossed)).toEqual(crossed);
            expect(await spread("b", "central")).toMatchObject({ "a compute": 20 });
            await handler.update("", crossed, own);
            expect(await spread("b", "central")).toEqual({ "b compute": 20, "a central": 0, "a compute": 0 });
        });

        test.each([
            ["the interface is gone", "ip link delete up-internal", { ports: [] }],
            ["the interface is out of the bridge", "ip link set up-internal nomaster", { ports: [] }],
            [
                "another card is in the bridge",
                "ip link add nic9 type veth peer name nic10; ip link set nic9 master br-up-internal",
                { ports: ["nic9", "up-internal"] },
            ],
            ["it is down", "ip link set up-internal down", { up: false }],
            ["it carries smaller frames", "ip link set up-internal mtu 1300", { mtu: 1300 }],
            [
                "what makes it again is not started at boot",
                "rm /etc/systemd/system/multi-user.target.wants/classroom-uplink-internal.service",
                { persistent: false },
            ],
            [
                "what makes it again does something else",
                "echo true >> /usr/local/lib/classroom/uplink-internal",
                { persistent: false },
            ],
        ])("drift: %s is found and mended, and the bridge under the guests stays", async (_what, script, found) => {
            const own = inputs("a", "central", kind),
                index = () => sh("a", "central", "cat /sys/class/net/br-up-internal/ifindex");
            const before = await index();
            await sh("a", "central", script);
            expect(await handler.read("", own)).toEqual({ ...own, ...found });
            await handler.update("", own, own);
            expect(await handler.read("", own)).toEqual(own);
            expect(await index()).toBe(before);
            await sh("a", "central", "[ ! -e /sys/class/net/nic9 ] || ip link delete nic9");
            expect(await spread("a", "central")).toEqual({ "a compute": 20, "b central": 0, "b compute": 0 });
        });

        test("guests' cards in the bridge are theirs, and stay", async () => {
            const own = inputs("a", "central", kind);
            await sh(
                "a",
                "central",
                "ip link add vnet7 type veth peer name vnet7p; ip link set vnet7 master br-up-internal",
            );
            expect(await handler.read("", own)).toEqual(own);
            const smaller = { ...own, mtu: 1400 };
            await handler.update("", own, smaller);
            expect(await handler.read("", smaller)).toEqual(smaller);
            expect(await sh("a", "central", "ls /sys/class/net/br-up-internal/brif")).toBe("up-internal\nvnet7\n");
            await handler.update("", smaller, own);
            await sh("a", "central", "ip link delete vnet7");
        });

        test("a host that starts again has it again: by what systemd is told, which is well formed", async () => {
            const own = inputs("a", "central", kind),
                unit = "/etc/systemd/system/classroom-uplink-internal.service";
            expect(await sh("a", "central", `systemd-analyze verify ${unit} 2>&1`)).toBe("");
            await sh("a", "central", "ip link delete up-internal; ip link delete br-up-internal");
            expect(await handler.read("", own)).toBeUndefined();
            await sh("a", "central", `$(sed -n 's/^ExecStart=//p' ${unit})`);
            expect(await handler.read("", own)).toEqual(own);
        });

        test("what is there already and is another is left alone, with both shown", async () => {
            const own = inputs("a", "central", kind);
            await expect(handler.create({ ...own, segment: 77 })).rejects.toThrow(
                `a central: there is an interface up-internal already, ${kind === "vlan" ? "VLAN 1002 on eth3" : "VXLAN 1002 to 198.51.100.11, port 4789"}; wanted is ${kind === "vlan" ? "VLAN 77" : "VXLAN 77"}`,
            );
            await sh(
                "a",
                "central",
                "ip link add nic9 type veth peer name nic10; ip link set nic9 master br-up-internal",
            );
            await expect(handler.create(own)).rejects.toThrow(
                "a central: there is a bridge br-up-internal already, with nic9 in it; wanted is one of this network's own",
            );
            await sh("a", "central", "ip link delete nic9");
            expect(await handler.read("", own)).toEqual(own);
        });

        test("taken away, twice: nothing of it is left on any host", async () => {
            await every(async (team, role) => {
                const own = inputs(team, role, kind);
                await handler.delete("", own);
                await handler.delete("", own);
                expect(await handler.read("", own)).toBeUndefined();
                expect(await sh(team, role, "ls /sys/class/net; find /etc/systemd /usr/local -name '*uplink*'")).toBe(
                    "br-internal\nbr-private\neth0\neth1\neth2\neth3\nlo\n",
                );
            });
        });
    });

test("VLAN uplinks of two teams on one switch, on a kernel that has VLANs: an emulated machine plays all of it", async () => {
    const dir = fs.mkdtempSync(path.join(state, "emulated-")),
        vlan = (team: Team, role: HostRole, own: Partial<Inputs> = {}) => uplinkScript(inputs(team, role, "vlan", own));
    fs.mkdirSync(path.join(dir, "scripts"));
    for (const team of teams)
        for (const role of hostRoles) fs.writeFileSync(path.join(dir, "scripts", `${team}-${role}`), vlan(team, role));
    fs.writeFileSync(
        path.join(dir, "scripts/crossed"),
        vlan("b", "central", { segment: uplinkId(number.a, "internal") }),
    );
    fs.copyFileSync(path.join(projectDir(), "tests/e2e/vlan-init.sh"), path.join(dir, "init"));
    fs.chmodSync(path.join(dir, "init"), 0o755);
    const said: string[] = [];
    await withImageTools(
        await buildImageTools(silent),
        dir,
        `. /data/modules.sh
start=/tmp/start; mkdir -p $start/bin $start/proc $start/sys $start/dev
cp -r /out/init /out/scripts $start/
# A shell that does not take busybox's own ip.
cp -L /bin/sh /bin/busybox "$(command -v ip)" $start/bin/; for name in mount mkdir cat insmod ping grep sleep; do ln -s busybox $start/bin/$name; done
for file in $(ldd "$(command -v ip)" | grep -o '/[^ ]*'); do mkdir -p "$start$(dirname $file)"; cp -L $file "$start$file"; done
modules $start/modules veth bridge 8021q
(cd $start && find . | cpio --quiet --create --format=newc | gzip -1n) > /tmp/initrd
qemu-system-x86_64 -accel tcg -machine pc -m 256 -nodefaults -display none -no-reboot -serial stdio -kernel /kernel/vmlinuz -initrd /tmp/initrd \
    -append 'console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests' < /dev/null`,
        { timeoutSeconds: 300, onLine: line => said.push(line.trimEnd()) },
    );
    const [link, ...lines] = said.slice(said.indexOf("BEGIN") + 1, said.indexOf("END"));
    expect((JSON.parse(link!.replace("interface ", "")) as unknown[])[0]).toMatchObject({
        link: "eth3",
        mtu: 1500,
        master: "br-up-internal",
        linkinfo: { info_kind: "vlan", info_data: { id: 1002 } },
    });
    expect(lines).toEqual([
        "from a-central",
        "  answered",
        "  to a-compute",
        "from b-compute",
        "  answered",
        "  to b-central",
        "from a-central",
        "  to a-compute",
        "whole frames: 2",
        // The counters see what crosses where something does.
        "one id for two teams:",
        "from b-central",
        "  to a-central",
        "  to a-compute",
    ]);
});

test("a host that a name stands for is looked up by the other, and a name that is nobody's is no drift", async () => {
    await sh("a", "central", `echo '${addressOf("a", "compute")} compute.underlay' >> /etc/hosts`);
    const own = inputs("a", "central", "vxlan", { peer: "compute.underlay" });
    await handler.create(own);
    expect(await handler.read("", own)).toEqual(own);
    expect(await sh("a", "central", "ip -d link show up-internal")).toContain(`remote ${addressOf("a", "compute")}`);
    await sh("a", "central", `sed -i 's/.* compute.underlay/198.51.100.99 compute.underlay/' /etc/hosts`);
    expect(await handler.read("", own)).toEqual({ ...own, peer: addressOf("a", "compute"), persistent: false });
    await handler.update("", own, own);
    expect(await handler.read("", own)).toEqual(own);
    await sh("a", "central", `sed -i '/compute.underlay/d' /etc/hosts`);
    await expect(handler.read("", own)).rejects.toMatchObject({
        name: "Unreachable",
        message: "a central cannot look up compute.underlay, the other end of its uplink",
    });
    await handler.delete("", own);
});

test("a lab's hosts have what the lab's stack wants of them, and what VXLAN wants", async () => {
    for (const role of hostRoles)
        for (const uplinks of [{}, { internal: { vxlan: {} } }]) {
            const { hosts } = labs.a,
                settings = readSettings("lab", {
                    number: 0,
                    release: "ocata",
                    machine: "container",
                    goldenRoot: "/srv/golden",
                    nodes: { "volume-node": { kind: "vm" } },
                    hypervisor: "qemu",
                    hosts,
                    uplinks,
                });
            const wanted = wantedOf(settings, role),
                said = await ask(on, host("a", role), preflightScript(wanted), preflightFields);
            expect(lacks(wanted, said)).toEqual([]);
        }
});

test("preview and up say everything that the hosts lack, both hosts', and change nothing", async () => {
    configure("a", { uplinks: { internal: { bridge: "br-none" }, private: { vlan: { nic: "eth9" } } }, nodes: {} });
    for (const command of ["preview", "up"]) {
        const { code, stderr, stdout } = await run(
            process.execPath,
            [path.join(projectDir(), "bin/cli/main.js"), command, labName("a")],
            { cwd: projectDir(), env: { CLASSROOM_STATE: state }, allowFailure: true, timeoutSeconds: 120 },
        );
        const said = (stdout + stderr).split("\n").filter(line => line.includes("host 192.0.2."));
        const each = (address: string) => [
            `host ${address}: it has no bridge br-none (uplinks.internal.bridge), which connects the network internal to the other host; nothing was changed`,
            ...(testable.includes("vlan")
                ? []
                : [
                      `host ${address}: its kernel knows no VLANs (8021q), which uplinks.private asks for; nothing was changed`,
                  ]),
            `host ${address}: it has no network card eth9 (uplinks.private.vlan.nic); nothing was changed`,
        ];
        expect([code, said.map(line => line.replace(/^(classroom: | {2}\| )/, ""))]).toEqual([
            1,
            [...each("192.0.2.1"), ...each("192.0.2.2")],
        ]);
    }
    expect(await sh("a", "central", "virsh -q -c qemu:///system net-list --all --name; ls /sys/class/net")).toBe(
        "br-internal\nbr-private\neth0\neth1\neth2\neth3\nlo\n",
    );
});
