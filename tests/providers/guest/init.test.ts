import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { beganShell, initShell, runningShell } from "../../../providers/guest/init";
import { serviceHandler } from "../../../providers/guest/service";
import { FakeClock } from "../../clients/fake-clock";

/** A machine of Ubuntu 12.04's kind: its /etc/init and /etc/rc?.d, and a `service` that answers as there. */
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-init-")),
    bin = path.join(dir, "bin"),
    said = path.join(dir, "said");
afterAll(() => fs.rmSync(dir, { recursive: true }));
const put = (file: string, text: string, mode = 0o644) => {
    fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
    fs.writeFileSync(path.join(dir, file), text, { mode });
};
const there = (file: string): string | undefined => {
    try {
        return fs.readFileSync(path.join(dir, file), "utf8");
    } catch {
        return undefined;
    }
};

/** What `service NAME status` printed, and its exit code. */
const answers: Record<string, [string, number]> = {
    "nova-api": ["nova-api start/running, process 26273", 0],
    "cinder-api": ["cinder-api stop/waiting", 0],
    mysql: ["mysql start/post-start, process 1021\n\tpost-start process 1022", 0],
    libvirt: ["libvirt (a) start/running, process 7", 0],
    ntp: [" * NTP server is running", 0],
    apache2: ["Apache2 is NOT running.", 1],
    "rabbitmq-server": [
        'Status of node \'rabbit@db-node\' ...\n[{pid,22806},\n {running_applications,[{rabbit,"RabbitMQ","2.7.1"}]}]\n...done.',
        0,
    ],
    rc: ["rc start/running, process 612", 0],
    "rabbitmq-down": [
        "Status of node 'rabbit@db-node' ...\nError: unable to connect to node 'rabbit@db-node': nodedown",
        3,
    ],
};
const jobs = ["nova-api", "cinder-api", "mysql", "libvirt"];

beforeAll(() => {
    put(
        "bin/service",
        `#!/bin/sh\necho "$*" >> ${said}\n[ "$2" = status ] || exit 0\ncase "$1" in\n${Object.entries(answers)
            .map(
                ([name, [text, code]]) =>
                    `${name}) printf '%s\\n' ${JSON.stringify(text).replace(/\\n/g, "\n").replace(/\\t/g, "\t")}; exit ${code};;`,
            )
            .join("\n")}\nesac\nexit 1\n`,
        0o755,
    );
    put("bin/update-rc.d", `#!/bin/sh\necho "update-rc.d $*" >> ${said}\n`, 0o755);
    for (const job of jobs)
        put(
            `etc/init/${job}.conf`,
            `description "${job}"\nstart on (filesystem and net-device-up IFACE!=lo)\nstop on runlevel [016]\nexec ${job}\n`,
        );
    fs.mkdirSync(path.join(dir, "etc/rcS.d"));
    put("etc/rc2.d/S23ntp", "");
    put("etc/rc2.d/K09apache2", "");
    put("etc/rcS.d/S45open-iscsi", "");
});
beforeEach(() => {
    for (const job of jobs) fs.rmSync(path.join(dir, `etc/init/${job}.override`), { force: true });
    fs.rmSync(said, { force: true });
});

/** Runs a script as that machine would. */
const here: RunScript = async (_to, script, { allowFailure } = {}) => {
    const moved = script
        .replaceAll("/run/systemd", `${dir}/none`)
        .replace(/\/proc\/(?=stat|\$p)/g, `${dir}/proc/`)
        .replaceAll("/etc/", `${dir}/etc/`)
        .replaceAll("/var/log/", `${dir}/log/`);
    const { status, stdout, stderr } = spawnSync("sh", ["-ec", moved], {
        encoding: "utf8",
        env: { PATH: `${bin}:${process.env.PATH}` },
    });
    if (status !== 0 && !allowFailure) throw new Error(stderr || stdout);
    return { stdout, stderr, code: status ?? -1 };
};
const holds = async (condition: string): Promise<boolean> =>
    (await here({} as Connection, `${initShell}\nif ${condition}; then echo yes; else echo no; fi`)).stdout === "yes\n";
const connection = { name: "api-node" } as Connection;

test.each([
    ["nova-api", true],
    ["cinder-api", false],
    ["mysql", false],
    ["libvirt", true],
    ["ntp", true],
    ["apache2", false],
    ["rabbitmq-server", true],
    ["rabbitmq-down", false],
    ["unknown", false],
])("%s runs: %p", async (service, runs) => {
    expect(await holds(`is_running ${service}`)).toBe(runs);
});

test("a running job began when its process did, counted from the boot; others have no line", async () => {
    put("proc/stat", "cpu 1 2 3\nbtime 1377597600\n");
    put("proc/26273/stat", `26273 (nova (api) S ${Array.from({ length: 18 }, (_, i) => i).join(" ")} 12345 0\n`);
    const { stdout } = await here(connection, `${beganShell}\nbegan cinder-api nova-api mysql libvirt ntp unknown`);
    expect(stdout).toBe("nova-api 1377597723\n");
});

test("a machine is booting until its rc job has ended", async () => {
    expect(await holds("is_booting")).toBe(true);
    expect(there("said")).toBe("rc status\n");
});

test.each([
    ["nova-api", undefined, true],
    ["nova-api", "manual\n", false],
    ["nova-api", "  manual\n", false],
    ["nova-api", "env X=1\n", true],
    ["nova-api", "# manual\n", true],
    ["nova-api", "manual\nstart on runlevel [2345]\n", true],
    ["ntp", undefined, true],
    ["apache2", undefined, false],
    ["open-iscsi", undefined, true],
    ["unknown", undefined, false],
])("%s with the override %p starts at boot: %p", async (service, override, starts) => {
    if (override !== undefined) put(`etc/init/${service}.override`, override);
    expect(await holds(`is_enabled ${service}`)).toBe(starts);
});

test("a job is taken out of the boot and put back, and what else its override says stays", async () => {
    put("etc/init/nova-api.override", "env X=1\n");
    await here(connection, `${initShell}\ndisable nova-api; disable cinder-api; disable ntp`);
    expect([there("etc/init/nova-api.override"), there("etc/init/cinder-api.override")]).toEqual([
        "env X=1\nmanual\n",
        "manual\n",
    ]);
    expect([await holds("is_enabled nova-api"), await holds("is_enabled cinder-api")]).toEqual([false, false]);
    await here(connection, `${initShell}\nenable nova-api; enable cinder-api; enable ntp`);
    expect([there("etc/init/nova-api.override"), there("etc/init/cinder-api.override")]).toEqual([
        "env X=1\n",
        undefined,
    ]);
    expect(there("said")).toBe("update-rc.d ntp disable\nupdate-rc.d ntp enable\n");
});

test("the service: found, started where it does not run, taken away", async () => {
    const handler = serviceHandler(here, 300, new FakeClock());
    const inputs = { connection, service: "cinder-api", running: true, enabled: true };
    expect(await handler.read("", inputs)).toEqual({ ...inputs, running: false });
    await handler.create(inputs);
    expect(there("said")).toContain("cinder-api start\n");
    const nova = { ...inputs, service: "nova-api" };
    expect(await handler.read("", nova)).toEqual(nova);
    await handler.delete("", nova);
    expect(there("said")).toContain("nova-api stop\n");
    expect(await handler.read("", nova)).toEqual({ ...nova, enabled: false });
});

test("a service is known by its process where its init script cannot tell", async () => {
    put("bin/pgrep", "#!/bin/sh\n[ \"$*\" = '-x iscsid' ]\n", 0o755);
    const inputs = { connection, service: "open-iscsi", running: true, enabled: true, process: "iscsid" };
    expect(await serviceHandler(here).read("", inputs)).toEqual(inputs);
    expect(await serviceHandler(here, 300, new FakeClock()).read("", { ...inputs, process: "tgtd" })).toMatchObject({
        running: false,
        enabled: true,
    });
    expect(serviceHandler(here).check!({ process: "a b" })).toEqual([
        { property: "process", reason: '"a b" is not the name of a program' },
    ]);
});

test("what a service said last is in its upstart log or in its own", async () => {
    put("log/upstart/nova-api.log", "upstart's\n");
    put("log/nova/nova-api.log", "its own\n");
    expect((await here(connection, `${initShell}\nlast_words nova-api`)).stdout).toBe("its own\nupstart's\n");
});

test("a service restarts when what it works on is another one, and not because that is now recorded", async () => {
    const connection = { name: "api-node" } as Connection,
        wanted = { connection, service: "nova-api", running: true, enabled: true, per: "nova#2" };
    const ran: string[] = [],
        run: RunScript = async (_to, script) => {
            ran.push(script);
            return { stdout: "", stderr: "", code: 0 };
        };
    for (const per of ["nova#1", "nova#2", undefined])
        await serviceHandler(run).update("id", { ...wanted, per }, wanted);
    expect(ran.map(script => /^restart "\$s"/m.test(script))).toEqual([true, false, false]);
});

test("one that a signal stopped goes on before it restarts for what it works on: it would not end", async () => {
    const wanted = {
            connection: { name: "api-node" } as Connection,
            service: "nova-api",
            running: true,
            enabled: true,
        },
        ran: string[] = [],
        run: RunScript = async (_to, script) => {
            ran.push(script);
            return { stdout: "", stderr: "", code: 0 };
        };
    await serviceHandler(run).update(
        "id",
        { ...wanted, per: "1", lacks: ["stopped"] },
        { ...wanted, per: "2", lacks: [] },
    );
    expect(ran[0]).toMatch(/^go_on "\$s"; restart "\$s"/m);
});

test.each([
    [
        "systemd",
        "systemctl",
        ["nova-api.service loaded active running OpenStack", "ntp.service loaded active running N"],
    ],
    [
        "upstart",
        "initctl",
        ["nova-api start/running, process 12", "mysql stop/waiting", "ntp start/running, process 9"],
    ],
])("what runs under %s is told by its name", (init, program, lines) => {
    put(`list/${program}`, `#!/bin/sh\nprintf '%s\\n' ${lines.map(line => `'${line}'`).join(" ")}\n`, 0o755);
    const script = `${runningShell}\nrunning`.replace("/run/systemd/system", init === "systemd" ? dir : `${dir}/none`);
    const { stdout } = spawnSync("sh", ["-ec", script], {
        encoding: "utf8",
        env: { PATH: `${path.join(dir, "list")}:${process.env.PATH}` },
    });
    expect(stdout).toBe("nova-api\nntp\n");
});
