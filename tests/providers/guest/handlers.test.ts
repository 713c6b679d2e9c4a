import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { type Connection, Unreachable } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { differs } from "../../../providers/dynamic";
import { fileHandler } from "../../../providers/guest/file";
import { folderHandler } from "../../../providers/guest/folder";
import { alone, readFile, writeFile } from "../../../providers/guest/machine-files";
import { optionsFileHandler } from "../../../providers/guest/options-file";
import { packagesHandler } from "../../../providers/guest/packages";
import { rabbitUserHandler } from "../../../providers/guest/rabbit-user";
import { isRunning, serviceHandler, untilRunning } from "../../../providers/guest/service";
import { stepHandler } from "../../../providers/guest/step";
import { FakeClock } from "../../clients/fake-clock";
import { localHost } from "../machine/local-host";

/** A node under systemd whose services and packages are words in files; what it is told goes into the log. */
const host = localHost({
    systemctl: `case "$1 $3" in
"is-active "*) [ -e "$ROOT/active/\${3:-$2}" ] ;;
"is-system-running "*) cat "$ROOT/state"; [ ! -e "$ROOT/boots" ] || mv "$ROOT/boots" "$ROOT/active/nova-api" ;;
"is-enabled "*) [ -e "$ROOT/enabled/\${3:-$2}" ] ;;
*) echo "systemctl $*" >> "$LOG"; case "$1" in start | restart) [ ! -e "$ROOT/broken" ] ;; esac ;;
esac`,
    journalctl: "echo its last words",
    sleep: ":",
    pgrep: '[ "$*" = "-x nova-api" ]',
    chown: 'case "$1" in rabbitmq) [ -d "$2" ] || cat "$2" >> "$LOG" ;; esac',
    "dpkg-query": 'echo "ntp install ok installed"; echo "ntpdate deinstall ok config-files"; exit 1',
    "debconf-set-selections": 'sed "s/^/answer /" >> "$LOG"',
    "apt-mark": 'echo "apt-mark $*" >> "$LOG"',
    "apt-get":
        'echo "$DEBIAN_FRONTEND apt-get $* (policy $("$ROOT/usr/sbin/policy-rc.d"; echo $?))" >> "$LOG"; . "$ROOT/apt"',
    rabbitmqctl: 'echo "rabbitmqctl $*" >> "$LOG"; . "$ROOT/rabbit"',
});
/** With the one file of apt's that is neither below /etc nor of /var. */
const here: RunScript = (to, script, options) =>
    host.run(to, script.replaceAll("/usr/sbin/policy-rc.d", `${host.dir}/usr/sbin/policy-rc.d`), options);
const connection = { name: "api-node", host: "10.0.0.6", port: 22 } as Connection,
    { username: owner } = os.userInfo();
const rid = (...files: string[]) => {
    for (const file of files) fs.rmSync(path.join(host.dir, file), { recursive: true, force: true });
};
beforeAll(() => {
    for (const file of ["run/systemd/system/x", "usr/sbin/x", "proc/net/tcp6", "var/lib/rabbitmq/x"])
        host.put(file, "");
    host.put("state", "running\n");
    host.put("proc/net/tcp", "  0: 00000000:0050 00000000:0000 0A 0\n  1: 00000000:1F90 00000000:0000 01 0\n");
});
beforeEach(() => {
    rid("active", "enabled", "broken");
    for (const file of ["apt", "rabbit"]) host.put(file, "");
    host.said();
});
afterAll(() => host.remove());

describe("a service", () => {
    const handler = serviceHandler(here),
        inputs = { connection, service: "nova-api", running: true, enabled: true };
    const state = (active: boolean, enabled: boolean) => {
        rid("active", "enabled");
        if (active) host.put("active/nova-api", "");
        if (enabled) host.put("enabled/nova-api", "");
    };

    test.each([
        [false, false, "enable -q", "start"],
        [true, false, "enable -q"],
        [false, true, "start"],
        [true, true],
    ])("that runs: %p and starts at boot: %p gets what it lacks", async (active, enabled, ...lacks) => {
        state(active, enabled);
        expect(await handler.read("", inputs)).toEqual({ ...inputs, running: active, enabled });
        expect(await handler.create(inputs)).toEqual({ id: "api-node:nova-api", outputs: {} });
        expect(host.said()).toBe(lacks.map(verb => `systemctl ${verb} nova-api\n`).join(""));
    });

    test.each([
        [true, true, "systemctl disable -q nova-api\nsystemctl stop nova-api\n"],
        [false, false, ""],
    ])("that runs: %p and starts at boot: %p is taken out of both", async (active, enabled, told) => {
        state(active, enabled);
        expect(await handler.update("", inputs, { ...inputs, running: false, enabled: false })).toEqual({});
        expect(host.said()).toBe(told);
        await handler.delete("", inputs);
        expect(host.said().split("\n").sort()).toEqual(told.split("\n").sort());
    });

    test("that does not run yet is waited for while its machine boots, for a time", async () => {
        const clock = new FakeClock(),
            handler = serviceHandler(here, 300, clock);
        state(false, true);
        host.put("state", "starting\n");
        expect(await handler.read("", inputs)).toEqual({ ...inputs, running: false });
        expect(clock.passed).toBe(60);
        for (const booting of ["starting", "initializing"]) {
            state(false, true);
            host.put("active/x", "");
            host.put("state", `${booting}\n`);
            host.put("boots", "");
            expect(await handler.read("", inputs)).toEqual(inputs);
        }
        state(false, true);
        host.put("state", "degraded\n");
        expect(await handler.read("", inputs)).toEqual({ ...inputs, running: false });
    });

    test("that works on something new restarts; that cannot be started says why", async () => {
        state(true, true);
        await handler.update("", { ...inputs, per: "1" }, { ...inputs, per: "2" });
        expect(host.said()).toBe("systemctl reset-failed nova-api\nsystemctl restart nova-api\n");
        state(false, true);
        host.put("broken", "");
        await expect(handler.create(inputs)).rejects.toThrow(
            new Error("api-node: service nova-api cannot be started:\nits last words"),
        );
    });

    test("is waited for until its port is one that listens", async () => {
        state(true, true);
        await handler.create({ ...inputs, port: 80 });
        await expect(serviceHandler(here, 0).create({ ...inputs, port: 8080 })).rejects.toThrow(
            new Error("api-node: service nova-api does not listen on port 8080 after 0 s:\nits last words"),
        );
        state(false, true);
        await expect(handler.create({ ...inputs, port: 8080 })).rejects.toThrow(
            new Error("api-node: service nova-api ended while it started:\nits last words"),
        );
    });

    test("that somebody else starts is asked for, and waited for", async () => {
        const known = { service: "nova-api" };
        expect(await isRunning(connection, known, here)).toBe(false);
        expect(await isRunning(connection, { ...known, process: "nova-api" }, here)).toBe(true);
        await expect(untilRunning(connection, known, 0, here)).rejects.toThrow(
            new Error("api-node: service nova-api does not run after 0 s:\nits last words"),
        );
        state(true, true);
        expect(await isRunning(connection, known, here)).toBe(true);
        await untilRunning(connection, known, 0, here);
        await untilRunning(connection, { ...known, port: 80 }, 0, here);
        await expect(untilRunning(connection, { ...known, port: 8080 }, 0, here)).rejects.toThrow(
            new Error("api-node: service nova-api does not run and listen on port 8080 after 0 s:\nits last words"),
        );
    });
});

describe("packages", () => {
    const handler = packagesHandler(here),
        inputs = { connection, packages: ["ntp", "ntpdate"] },
        apt = "noninteractive apt-get -q -y -o Dpkg::Options::=--force-confold";

    test("are installed without their services' start, with their answers; what is not whole is found", async () => {
        expect(await handler.create({ ...inputs, answers: "ntp ntp/x string y\n" })).toEqual({
            id: "api-node:packages",
            outputs: {},
        });
        expect(host.said()).toBe(
            `answer ntp ntp/x string y\n${apt} --no-install-recommends install ntp ntpdate (policy 101)\n`,
        );
        expect(host.there("usr/sbin/policy-rc.d")).toBeUndefined();
        await handler.create({ ...inputs, recommends: true });
        expect(host.said()).toBe(`${apt} install ntp ntpdate (policy 101)\n`);
        expect(await handler.read("", inputs)).toEqual({ ...inputs, packages: ["ntp"] });
    });

    test("that are wanted no longer go when the others are known to be had; those that are there go with it all", async () => {
        expect(await handler.update("", { ...inputs, packages: ["ntp", "old"] }, inputs)).toEqual({});
        expect(host.said()).toBe(
            `${apt} --no-install-recommends -s install ntp ntpdate (policy 101)\n${apt} --no-install-recommends remove old (policy 101)\n${apt} --no-install-recommends install ntp ntpdate (policy 101)\n`,
        );
        await handler.delete("", inputs);
        await handler.delete("", { ...inputs, packages: ["old"] });
        expect(host.said()).toBe(`${apt} --no-install-recommends remove ntp (policy 101)\n`);
    });

    test("are waited for while another apt is at work, and not for ever", async () => {
        const clock = new FakeClock(),
            handler = packagesHandler(here, clock),
            busy = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7";
        host.put("apt", `[ -e "$ROOT/second" ] || { echo > "$ROOT/second"; echo "${busy}"; exit 100; }`);
        await handler.create(inputs);
        expect(clock.pauses).toEqual([2]);
        host.put("apt", `echo "${busy}"; exit 100`);
        await expect(handler.create(inputs)).rejects.toThrow(new Error(`api-node: ${busy} after 300 s`));
        expect(clock.passed).toBe(302);
    });

    test.each([
        "E: Could not get lock /var/lib/dpkg/lock - open (11: Resource temporarily unavailable)",
        "E: Could not get lock /var/lib/apt/lists/lock - open (11: Resource temporarily unavailable)",
        "dpkg: error: dpkg status database is locked by another process",
        "dpkg: error: dpkg frontend lock was locked by another process with pid 7",
    ])("are waited for where a lock is another's, in the words of Ubuntu 12.04 and of later: %s", async busy => {
        const clock = new FakeClock(),
            once = `${host.dir}/once-${clock.pauses.length}-${busy.length}`;
        host.put("apt", `[ -e "${once}" ] || { echo > "${once}"; echo "${busy}"; exit 100; }`);
        await packagesHandler(here, clock).create(inputs);
        expect(clock.pauses).toEqual([2]);
    });

    test.each([
        ["echo 'Get: 1'; echo 'E: no room'; exit 1", "api-node: E: no room"],
        ["seq 9; exit 1", "api-node: 5\n6\n7\n8\n9"],
    ])("that cannot be had: %j is an error in apt's words", async (says, error) => {
        host.put("apt", says);
        await expect(handler.create(inputs)).rejects.toThrow(new Error(error));
    });
});

describe("an account of the queue", () => {
    const handler = rabbitUserHandler(here),
        inputs = { connection, user: "nova", password: "s3cret", rights: ".* .* .*" };
    const lookup = (user: string) => `case rabbit_auth_backend_internal:lookup_user(<<"${user}">>) of {ok, _} ->`;

    /** A server that has these lines for what it is asked. */
    const says = (...lines: string[]) => `echo "[${lines.map(line => `'${line}'`).join()}]"`,
        may = (write: string) => `right\\t/\\t.*\\t${write}\\t.*`;

    test("is made by its node, its password in a file that is gone; found, taken away", async () => {
        expect(await handler.create(inputs)).toEqual({ id: "nova", outputs: {} });
        const said = host.said();
        expect(said).toMatch(
            /^s3cretrabbitmqctl -q eval \{ok, Password\} = file:read_file\("[^"]+\/run\/classroom\/\w+\/password"\), Change = fun\(What, Args\) -> case erlang:function_exported\(rabbit_auth_backend_internal, What, length\(Args\) \+ 1\) of true -> apply\(rabbit_auth_backend_internal, What, Args \+\+ \[<<"classroom">>\]\); false -> apply\(rabbit_auth_backend_internal, What, Args\) end end, /,
        );
        expect(said).toMatch(
            /, User = <<"nova">>, case rabbit_auth_backend_internal:lookup_user\(User\) of \{ok, _\} -> Change\(change_password, \[User, Password\]\); _ -> Change\(add_user, \[User, Password\]\) end, Change\(set_permissions, \[User, <<"\/">>, <<"\.\*">>, <<"\.\*">>, <<"\.\*">>\]\)\.\n$/,
        );
        expect(fs.readdirSync(path.join(host.dir, "var/lib/rabbitmq"))).toEqual(["x"]);
        expect(fs.readdirSync(path.join(host.dir, "run/classroom"))).toEqual([]);
        expect(await handler.update("", inputs, { ...inputs, others: [] })).toEqual({});
        expect(host.said()).toContain(`, ${lookup("guest")} Change(delete_user, [<<"guest">>]); _ -> ok end.\n`);
        for (const [answer, live] of [
            ["same", inputs],
            ["differs", { ...inputs, password: differs }],
            ["gone", undefined],
        ] as const) {
            host.put("rabbit", says(`account ${answer}`, may(".*")));
            expect(await handler.read("", inputs)).toEqual(live);
            expect(host.said().match(/rabbitmqctl/g)).toHaveLength(1);
        }
        host.put("rabbit", says("account same", may(".*"), "guest there"));
        expect(await handler.read("", { ...inputs, others: [] })).toEqual({ ...inputs, others: ["guest"] });
        host.put("rabbit", says("account same", may(".*")));
        expect(await handler.read("", { ...inputs, others: ["guest"] })).toEqual({ ...inputs, others: [] });
        host.said();
        await handler.delete("", inputs);
        expect(host.said()).toContain(`end end, ${lookup("nova")} Change(delete_user, [<<"nova">>]); _ -> ok end.\n`);
    });

    test.each([
        ["another right to write", ["right\\t/other\\tx\\tx\\tx", may("^$")], ".* ^$ .*"],
        ["no right at all", [], "none"],
    ])("that has %s is found, and set again", async (_what, lines, rights) => {
        host.put("rabbit", says("account same", ...lines));
        expect(await handler.read("", inputs)).toEqual({ ...inputs, rights });
        await handler.update("", { ...inputs, rights }, inputs);
        expect(host.said()).toContain("Change(set_permissions, ");
        host.put("rabbit", says("account same", may(".*")));
        expect(await handler.read("", { ...inputs, rights })).toEqual(inputs);
    });

    test("of a server that answers something else nothing is known", async () => {
        host.put("rabbit", "echo 'undef'");
        await expect(handler.read("", inputs)).rejects.toThrow(
            new Unreachable('api-node: the message queue cannot be asked: it says "undef"'),
        );
    });

    test.each(["echo ' no node'; echo more; exit 2", "echo out; { echo ' no node'; echo more; } >&2; exit 2"])(
        "of a queue that is down nothing is known: %s",
        async says => {
            host.put("rabbit", says);
            await expect(handler.read("", inputs)).rejects.toThrow(
                new Unreachable("api-node: the message queue cannot be asked: no node"),
            );
        },
    );
});

describe("files", () => {
    const at = (file: string) => path.join(host.dir, file),
        restarted = () => host.said().match(/restart \S+/g) ?? [];

    test("a file is written where it is another one, and not otherwise", async () => {
        const handler = fileHandler(here),
            inputs = {
                connection,
                path: at("f/a"),
                content: "1\n",
                owner,
                group: owner,
                mode: "0640",
            };
        expect(await handler.create(inputs)).toEqual({ id: `api-node:${inputs.path}`, outputs: {} });
        const written = () => fs.statSync(inputs.path).ino,
            before = written();
        await handler.create(inputs);
        expect(written()).toBe(before);
        expect(await handler.update("", inputs, { ...inputs, mode: "0600" })).toEqual({});
        expect(fs.statSync(inputs.path).mode & 0o777).toBe(0o600);
        fs.appendFileSync(inputs.path, "x");
        expect(await handler.read("", inputs)).toEqual({ ...inputs, content: "1\nx", mode: "0600" });
        await handler.update("", inputs, {
            ...inputs,
            content: undefined as unknown as string,
        });
        expect(fs.readFileSync(inputs.path, "utf8")).toBe("");
        expect(await readFile(here, connection, inputs.path)).toEqual({
            content: "",
            owner,
            group: owner,
            mode: "0640",
            unread: [],
        });
    });

    test("options restart who reads them, and are taken out with what they leave", async () => {
        host.put("active/nova-api", "");
        const handler = optionsFileHandler(here),
            inputs = {
                connection,
                path: at("o/a"),
                owner,
                group: owner,
                mode: "0640",
                options: { s: { a: "1" } },
                secretOptions: { s: { b: "2" }, t: { c: "3" } },
                restarts: ["nova-api"],
                ready: { "nova-api": 80 },
            };
        expect(await handler.create(inputs)).toEqual({ id: `api-node:${inputs.path}`, outputs: {} });
        expect(fs.readFileSync(inputs.path, "utf8")).toBe("[s]\na = 1\nb = 2\n\n[t]\nc = 3\n");
        expect(restarted()).toEqual(["restart nova-api"]);
        expect(await handler.update("", inputs, inputs)).toEqual({});
        expect(restarted()).toEqual([]);
        expect(await handler.read("", { ...inputs, secretOptions: undefined })).toEqual({
            ...inputs,
            secretOptions: undefined,
        });
        fs.writeFileSync(inputs.path, "[s]\na = 1\nb = 2\nz = 9\n");
        expect(await handler.read("", inputs)).toEqual({ ...inputs, secretOptions: { s: { b: "2" } } });
        await handler.delete("", inputs);
        expect(fs.readFileSync(inputs.path, "utf8")).toBe("[s]\nz = 9\n");
        fs.rmSync(inputs.path);
        await handler.delete("", { ...inputs, secretOptions: undefined });
        expect(fs.existsSync(inputs.path)).toBe(false);
        await handler.create({ ...inputs, options: {}, secretOptions: undefined });
        expect(fs.existsSync(inputs.path)).toBe(false);
    });

    describe("who may read an options file", () => {
        const handler = optionsFileHandler(here),
            inputs = {
                connection,
                path: at("o/access"),
                options: { s: { a: "1" } },
                owner,
                group: owner,
                mode: "0640",
                restarts: ["nova-api"],
            };
        beforeEach(async () => {
            rid("o/access");
            host.put("active/nova-api", "");
            await handler.create(inputs);
            host.said();
        });

        test.each(["0666", "0600", "4640"])(
            "is found changed to %s, and put right; its readers restart",
            async mode => {
                fs.chmodSync(inputs.path, parseInt(mode, 8));
                expect(await handler.read("", inputs)).toEqual({ ...inputs, mode });
                await handler.update("", inputs, inputs);
                expect(await handler.read("", inputs)).toEqual(inputs);
                expect(restarted()).toEqual(["restart nova-api"]);
            },
        );

        test("is what it was when somebody has removed the file, from its first byte on", async () => {
            host.put("bin/chmod", '#!/bin/sh\nstat -c "first %a" new >> "$LOG"\nexec /bin/chmod "$@"\n');
            fs.chmodSync(at("bin/chmod"), 0o755);
            fs.rmSync(inputs.path);
            await handler.update("", inputs, inputs);
            rid("bin/chmod");
            expect(host.said()).toMatch(/^first 600$/m);
            expect(await handler.read("", inputs)).toEqual(inputs);
        });

        test("is written into a file that nothing else is written into", async () => {
            const { ino } = fs.statSync(inputs.path);
            await handler.update("", inputs, inputs);
            expect(fs.statSync(inputs.path).ino).toBe(ino);
        });

        test.each([
            [{ owner: "x; touch PWNED" }, "owner"],
            [{ group: "../x" }, "group"],
            [{ mode: "640" }, "mode"],
            [{ mode: "0644", secretOptions: { s: { b: "2" } } }, "mode"],
        ])("is refused where it is none: %p", (given, property) => {
            expect(handler.check!(given).map(p => p.property)).toEqual([property]);
        });
    });

    test("a file is exchanged whole, its owner and mode kept, a new one readable", async () => {
        await writeFile(here, connection, at("w x/a"), "1");
        expect(fs.statSync(at("w x/a")).mode & 0o777).toBe(0o644);
        expect(fs.statSync(at("w x")).mode & 0o777).toBe(0o755);
        fs.chmodSync(at("w x/a"), 0o604);
        await writeFile(here, connection, at("w x/a"), "2");
        expect([
            fs.readFileSync(at("w x/a"), "utf8"),
            fs.statSync(at("w x/a")).mode & 0o777,
            fs.readdirSync(at("w x")),
        ]).toEqual(["2", 0o604, ["a"]]);
        fs.chmodSync(at("w x/a"), 0o004);
        expect((await readFile(here, connection, at("w x/a")))?.mode).toBe("0004");
        expect(await readFile(here, connection, at("w x"))).toBeUndefined();
    });

    test("what comes when one is done and another is at it waits for that one", async () => {
        const doing: string[] = [],
            ends: (() => void)[] = [];
        const work = (name: string) => () => {
            doing.push(name);
            return new Promise<void>(resolve => ends.push(resolve));
        };
        const first = alone(connection, "turns", work("first")),
            second = alone(connection, "turns", work("second"));
        await new Promise(setImmediate);
        ends[0]!();
        await first;
        const third = alone(connection, "turns", work("third"));
        await new Promise(setImmediate);
        expect(doing).toEqual(["first", "second"]);
        ends[1]!();
        await second;
        await new Promise(setImmediate);
        expect(doing).toEqual(["first", "second", "third"]);
        ends[2]!();
        await third;
    });

    test("what is done alone waits for its turn at the same thing of the same machine, also after a failure", async () => {
        const order: string[] = [],
            work =
                (title: string, fails = false) =>
                async () => {
                    order.push(`${title} begins`);
                    await new Promise(resolve => setTimeout(resolve, 20));
                    order.push(`${title} ends`);
                    if (fails) throw new Error(title);
                    return title;
                };
        const other = { ...connection, jump: { host: "192.0.2.1", port: 22 } } as Connection;
        const all = [
            alone(connection, "a", work("1", true)),
            alone(connection, "a", work("2")),
            alone(connection, "b", work("3")),
            alone({ ...connection, port: 23 }, "a", work("4")),
            alone(other, "a", work("5")),
            alone({ ...connection, host: "x" }, "a", work("6")),
        ];
        expect(
            (await Promise.allSettled(all)).map(r =>
                r.status === "fulfilled" ? r.value : (r.reason as Error).message,
            ),
        ).toEqual(["1", "2", "3", "4", "5", "6"]);
        expect(
            order
                .slice(0, 5)
                .map(line => line.replace(" begins", ""))
                .sort(),
        ).toEqual(["1", "3", "4", "5", "6"]);
        expect(order.indexOf("2 begins")).toBeGreaterThan(order.indexOf("1 ends"));
    });

    test("a folder and a step are named after what they are, and the folder stays", async () => {
        const folder = folderHandler(here),
            inputs = { connection, path: at("d e"), foreign: [] };
        expect(await folder.create(inputs)).toEqual({ id: `api-node:${inputs.path}`, outputs: {} });
        fs.mkdirSync(inputs.path);
        expect(await folder.update("", inputs, inputs)).toEqual({});
        await folder.delete("", inputs);
        expect(fs.existsSync(inputs.path)).toBe(true);
        expect(folder.check!({})).toEqual([]);
        expect(["/a/b", "/a", "x/a/b", "/a/b\nc", "/a/"].map(given => folder.check!({ path: given }).length)).toEqual([
            0, 1, 1, 1, 1,
        ]);
    });

    test("a step leaves its mark where its command went well, and loses it", async () => {
        const handler = stepHandler(here),
            inputs = { connection, step: "sync", command: 'echo "$HOME $PATH" > "$ROOT/ran"', per: "db#1" };
        expect(await handler.read("", inputs)).toBeUndefined();
        await expect(handler.create({ ...inputs, command: "false" })).rejects.toThrow();
        expect(await handler.read("", inputs)).toBeUndefined();
        expect(await handler.create(inputs)).toEqual({ id: "api-node:sync", outputs: {} });
        expect(host.there("ran")).toMatch(
            /^\/root \S*\/usr\/local\/sbin:\/usr\/local\/bin:\/usr\/sbin:\/usr\/bin:\/sbin:\/bin\n$/,
        );
        expect(host.there("var/lib/classroom/steps/sync")).toBe("db#1");
        expect(await handler.read("", { ...inputs, per: "db#2" })).toEqual(inputs);
        expect(await handler.update("", inputs, inputs)).toEqual({});
        await handler.delete("", inputs);
        expect(await handler.read("", inputs)).toBeUndefined();
    });
});
