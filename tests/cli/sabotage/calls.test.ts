import { spawn, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { scriptsOf, undosOf } from "../../../cli/sabotage/render";
import { stepSchema } from "../../../cli/sabotage/steps";
import type { Variant } from "../../../cli/sabotage/exercise";
import { own, scriptNamed, settings } from "./loaded";

/** The programs of machines, which here do nothing but tell how they were called; some have something to say. */
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-calls-")),
    log = path.join(dir, "log");
const says: Record<string, string> = {
    keystone: `case $1 in service-list) echo '| 1a2b | glance | image | x |'; echo '| 3c4d | nova | compute | x |'; echo '| 5e6f | cinder | volume | x |';; esac`,
    glance: `case $1 in image-list) echo '| 7a | other | x |'; echo '| 8b | cirros-0.3.0 | x |'; esac`,
    mysql: `while read -r line; do echo "  < $line" >> ${log}; done; case $* in *--skip-column-names) echo 'KILL 7;' ;; esac`,
    rabbitmqctl: `case $* in *list_connections*) echo '<rabbit@db-node.1.2.3>'; echo 'Listing connections' ;; esac`,
    date: `case $1 in +%s) echo 1000000 ;; esac`,
    iptables: `case $1 in -D) [ ! -e ${dir}/ruleless ] || exit 1; : > ${dir}/ruleless ;; esac`,
    ...Object.fromEntries(["ip", "tc", "virsh", "nova", "dpkg"].map(name => [name, ":"])),
};
beforeAll(() => {
    for (const [name, more] of Object.entries(says))
        fs.writeFileSync(path.join(dir, name), `#!/bin/sh\necho "${name} $*" >> ${log}\n${more}\n`, { mode: 0o755 });
    // Nothing else of this machine is found.
    for (const name of ["awk", "cat", "sed", "grep"])
        fs.symlinkSync(
            spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim(),
            path.join(dir, name),
        );
    fs.writeFileSync(path.join(dir, "openrc"), "");
});
beforeEach(() => fs.writeFileSync(log, ""));
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** Runs what a step does, or what takes it back. @returns how machines' programs were called */
function calls(work: typeof scriptsOf, step: object, node: Variant["node"] = "api-node"): string[] {
    const variant: Variant = { name: "x", node, steps: [stepSchema.parse(step)], causes: [], solution: "none" };
    for (const { script } of work(variant, { settings: settings.ocata, scriptNamed })) {
        const { status, stderr } = spawnSync(
            "/bin/sh",
            ["-ec", own(script).split("/root/openrc").join(`${dir}/openrc`)],
            {
                encoding: "utf8",
                env: { PATH: dir },
                cwd: dir,
            },
        );
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    }
    return fs.readFileSync(log, "utf8").split("\n").filter(Boolean);
}

const nova = (account: string) =>
    `  < SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = '${account}';`;
const ended = (account: string) => [
    "mysql --batch --skip-column-names",
    nova(account),
    "mysql --batch --force",
    "  < KILL 7;",
];

test.each<[object, string[]]>([
    [{ do: "clock", seconds: -7200 }, ["date +%s", "date -s @992800"]],
    [{ do: "remove-package", package: "novnc" }, ["dpkg --remove --force-depends novnc"]],
    [{ do: "unplug-bridge", node: "compute-1" }, ["ip link set eth2 nomaster"]],
    [{ do: "bridge-down", node: "compute-1" }, ["ip link set br100 down"]],
    [{ do: "route", to: "db-node" }, ["ip route add blackhole 10.0.0.3/32"]],
    [{ do: "route", to: "db-node", network: "public" }, ["ip route add blackhole 172.16.0.3/32"]],
    [
        { do: "traffic", network: "internal", delay: 400, loss: 5 },
        ["tc qdisc add dev eth1 root netem delay 400ms loss 5%"],
    ],
    [
        { do: "traffic", network: "internal", rate: 64 },
        ["tc qdisc add dev eth1 root tbf rate 64kbit burst 3000 latency 800ms"],
    ],
    [{ do: "suspend", node: "compute-1" }, ["virsh -q -c qemu:///system suspend compute-1"]],
    [{ do: "remove-role", user: "nova" }, ["keystone user-role-remove --user nova --role admin --tenant service"]],
    [{ do: "disable-user", user: "cinder" }, ["keystone user-update --enabled false cinder"]],
    [{ do: "user-password", user: "nova" }, ["keystone user-password-update --pass notThePassword nova"]],
    [{ do: "delete-service", name: "nova" }, ["keystone service-list", "keystone service-delete 3c4d"]],
    [
        { do: "second-endpoint", name: "cinder" },
        [
            "keystone service-list",
            `keystone endpoint-create --region RegionOne --service-id 5e6f ${["publicurl", "adminurl", "internalurl"].map(url => `--${url} http://10.0.0.99:8776/v1/$(tenant_id)s`).join(" ")}`,
        ],
    ],
    [
        { do: "disable-agent", agent: "nova-compute", host: "compute-2" },
        ["nova service-disable compute-2 nova-compute"],
    ],
    [{ do: "delete-flavor", flavor: "x1.tiny" }, ["nova flavor-delete 6"]],
    [{ do: "delete-keypair", keypair: "gridka-api-node" }, ["nova keypair-delete gridka-api-node"]],
    [{ do: "delete-rule", protocol: "icmp" }, ["nova secgroup-delete-rule default icmp -1 -1 0.0.0.0/0"]],
    [{ do: "delete-image", image: "cirros-0.3.0" }, ["glance image-list", "glance image-delete 8b"]],
    [{ do: "delete-floating" }, ["nova floating-ip-bulk-delete 172.16.1.0/24"]],
    [
        { do: "sql", statement: "revoke", account: "nova" },
        [
            "mysql --batch",
            `  < ${["nova", "nova_api", "nova_cell0"].map(d => `REVOKE ALL ON \`${d}\`.* FROM 'novaUser'@'%';`).join(" ")} FLUSH PRIVILEGES;`,
            ...ended("novaUser"),
        ],
    ],
    [
        { do: "sql", statement: "drop-account", account: "glance" },
        ["mysql --batch", "  < DROP USER 'glanceUser'@'%'; FLUSH PRIVILEGES;", ...ended("glanceUser")],
    ],
    [
        { do: "sql", statement: "change-password", account: "keystone" },
        [
            "mysql --batch",
            "  < SET PASSWORD FOR 'keystoneUser'@'%' = PASSWORD('notThePassword'); FLUSH PRIVILEGES;",
            ...ended("keystoneUser"),
        ],
    ],
    [
        { do: "queue", action: "change-password" },
        [
            "rabbitmqctl -q change_password guest notThePassword",
            "rabbitmqctl -q list_connections pid",
            "rabbitmqctl -q close_connection <rabbit@db-node.1.2.3> over",
        ],
    ],
    [{ do: "queue", action: "no-writing" }, ["rabbitmqctl -q set_permissions -p / guest .* ^$ .*"]],
    [{ do: "queue", action: "clear-permissions" }, ["rabbitmqctl -q clear_permissions -p / guest"]],
])("%j calls the machine's programs so", (step, expected) => {
    const told = calls(scriptsOf, step);
    // What a pipe ends with may be told in another order.
    expect([...told].sort()).toEqual([...expected].sort());
});

test.each<[object, string[]]>([
    [{ do: "route", to: "db-node" }, ["ip route del blackhole 10.0.0.3/32"]],
    [{ do: "traffic", network: "internal", delay: 400 }, ["tc qdisc del dev eth1 root"]],
    [
        { do: "firewall", direction: "in", protocol: "tcp", port: 5672, peer: "compute-1" },
        Array<string>(2).fill("iptables -D INPUT -p tcp -s 10.0.0.20 --dport 5672 -j DROP"),
    ],
    [{ do: "read-only-database" }, ["mysql -e SET GLOBAL read_only = 0"]],
    [{ do: "queue", action: "no-writing" }, ["rabbitmqctl -q set_permissions -p / guest .* .* .*"]],
    [{ do: "queue", action: "stop-app" }, ["rabbitmqctl -q start_app"]],
    [{ do: "pull-plug", node: "compute-1" }, ["virsh -q -c qemu:///system start compute-1"]],
])("%j is taken back so, as often as it was done", (step, expected) => {
    expect(calls(undosOf, step)).toEqual(expected);
});

describe("a signal", () => {
    const scripts = (work: typeof scriptsOf) =>
        work(
            {
                name: "x",
                node: "compute-2",
                steps: [{ do: "signal", service: "nova-compute", signal: "STOP" }],
                causes: [],
                solution: "none",
            },
            { settings: settings.grizzly, scriptNamed },
        ).map(({ script }) => own(script));
    const runs = (script: string, systemd: string) =>
        spawnSync("/bin/sh", ["-ec", script.split("/run/systemd/system").join(systemd)], {
            encoding: "utf8",
            env: { PATH: dir },
        });
    const program = (name: string, text: string) =>
        fs.writeFileSync(path.join(dir, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

    test("goes to the process that upstart has of the service, and back", async () => {
        const process = spawn("sleep", ["60"]);
        try {
            program("service", `echo "nova-compute start/running, process ${process.pid}"`);
            program("pgrep", "exit 1");
            const state = () => /\) (\w) /.exec(fs.readFileSync(`/proc/${process.pid}/stat`, "utf8"))![1];
            for (const [work, expected] of [
                [scriptsOf, ["T"]],
                [undosOf, ["S", "R"]],
            ] as const) {
                for (const script of scripts(work))
                    expect(runs(script, "/nonexistent")).toMatchObject({ status: 0, stderr: "" });
                // The kernel may take a moment on a busy machine.
                for (const end = Date.now() + 5000; !expected.some(e => e === state()) && Date.now() < end;)
                    await sleep(10);
                expect(expected).toContain(state());
            }
        } finally {
            process.kill("SIGKILL");
        }
    });

    test("goes to all processes that systemd has of it", () => {
        program("systemctl", `echo "systemctl $*" >> ${log}`);
        for (const script of [...scripts(scriptsOf), ...scripts(undosOf)])
            expect(runs(script, dir)).toMatchObject({ status: 0, stderr: "" });
        expect(fs.readFileSync(log, "utf8").trim().split("\n")).toEqual([
            "systemctl kill --signal=STOP nova-compute",
            "systemctl kill --signal=CONT nova-compute",
        ]);
    });

    test("of a service whose process nobody knows is not sent", () => {
        program("service", "echo nova-compute stop/waiting");
        expect(runs(scripts(scriptsOf)[0]!, "/nonexistent")).toMatchObject({
            status: 1,
            stderr: "the process of nova-compute cannot be told\n",
        });
    });
});

test("a service that the catalogue does not have is one sentence, and nothing is deleted", () => {
    const script = own(
        scriptsOf(
            {
                name: "x",
                node: "api-node",
                steps: [{ do: "delete-service", name: "nova" }],
                causes: [],
                solution: "none",
            },
            { settings: settings.ocata, scriptNamed },
        )[0]!.script,
    );
    const emptied = script.split("/root/openrc").join(`${dir}/openrc`).split("keystone service-list").join("true");
    const { status, stderr } = spawnSync("/bin/sh", ["-ec", emptied], {
        encoding: "utf8",
        env: { PATH: dir },
        cwd: dir,
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: "the catalogue has no service nova\n" });
    expect(fs.readFileSync(log, "utf8")).toBe("");
});
