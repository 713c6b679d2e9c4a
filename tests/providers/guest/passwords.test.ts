import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { said as saying } from "../../clients/said";
import { databaseRootHandler } from "../../../providers/guest/database-root";
import { rabbitUserHandler } from "../../../providers/guest/rabbit-user";
import { restart } from "../../../providers/guest/restarts";
import { stepHandler } from "../../../providers/guest/step";
import { FakeClock } from "../../clients/fake-clock";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-passwords-")),
    bin = path.join(dir, "bin");
afterAll(() => fs.rmSync(dir, { recursive: true }));
const put = (file: string, text: string, mode = 0o755) => {
    fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
    fs.writeFileSync(path.join(dir, file), text, { mode });
};
const there = (file: string): string => {
    try {
        return fs.readFileSync(path.join(dir, file), "utf8");
    } catch {
        return "";
    }
};

const scripts: string[] = [];
/** A machine below a folder, with the programs of the test's. */
const here: RunScript = async (_to, script, { input = "", allowFailure } = {}) => {
    scripts.push(script);
    const moved = script
        .replaceAll("[ -d /run/systemd/system ]", "true")
        .replace(/\/(root|var\/lib|proc\/net)\//g, `${dir}/$1/`);
    const { status, stdout, stderr } = spawnSync("sh", ["-ec", moved], {
        input,
        encoding: "utf8",
        env: { PATH: `${bin}:${process.env.PATH}`, DIR: dir },
    });
    if (status !== 0 && !allowFailure) throw new Error(stderr || stdout);
    return { stdout, stderr, code: status ?? -1 };
};
const connection = { name: "db-node", host: "192.168.122.3", port: 22 } as Connection;
beforeEach(() => {
    for (const left of ["root", "said", "server", "var"])
        fs.rmSync(path.join(dir, left), { recursive: true, force: true });
    scripts.length = 0;
});

describe("the database's root", () => {
    /** A server that knows root's password, empty at first; its client comes with that of the environment or of a file. */
    beforeEach(() => {
        put(
            "bin/mysql",
            `#!/bin/sh
known=$(cat $DIR/server 2> /dev/null)
case "$1" in --defaults-file=*) given=$(sed -n 's/^password = "\\(.*\\)"$/\\1/p' "\${1#*=}" 2> /dev/null);; *) given=$MYSQL_PWD;; esac
[ "$given" = "$known" ] || { echo "ERROR 1045 (28000): Access denied" >&2; exit 1; }
new=$(sed -n "s/^SET PASSWORD FOR 'root'@'localhost' = PASSWORD('\\([^']*\\)').*/\\1/p"); [ -z "$new" ] || printf %s "$new" > $DIR/server\n`,
        );
        put("bin/chown", "#!/bin/sh\n");
        fs.mkdirSync(path.join(dir, "root"));
    });
    const handler = databaseRootHandler(here);
    const recorded = { connection, password: "first" };

    test("another password comes in by the one of before", async () => {
        await handler.create(recorded);
        await handler.update("", recorded, { connection, password: "second" });
        expect([there("server"), there("root/.my.cnf")]).toEqual([
            "second",
            '[client]\nuser = root\npassword = "second"\n',
        ]);
        expect(scripts.join("\n")).not.toMatch(/first|second/);
    });

    test("a run that was cut off before the file was written is gone on with", async () => {
        await handler.create(recorded);
        put("server", "second");
        await handler.update("", recorded, { connection, password: "second" });
        expect(there("root/.my.cnf")).toContain('"second"');
        put("server", "somebody else's");
        await expect(handler.update("", recorded, { connection, password: "third" })).rejects.toThrow("ERROR 1045");
    });
});

test("the queue's own account: the one that every server brings is taken away, and found when it is there again", async () => {
    let guest: string[] = [];
    const said: string[] = [];
    const handler = rabbitUserHandler(async (_to, script) => {
        said.push(script);
        const lines = ["account same", "right\\t/\\t.*\\t.*\\t.*", ...guest];
        return saying({ said: `[${lines.map(line => `'${line}'`).join()}]` });
    });
    const own = { connection, user: "openstack", password: "secret", others: [], rights: ".* .* .*" };
    await handler.create(own);
    expect(said[0]).toMatch(
        /add_user.*lookup_user\(<<"guest">>\) of \{ok, _\} -> Change\(delete_user, \[<<"guest">>\]\)/,
    );
    expect(await handler.read("", own)).toEqual(own);
    guest = ["guest there"];
    expect(await handler.read("", own)).toEqual({ ...own, others: ["guest"] });
    said.length = 0;
    await handler.create({ connection, user: "guest", password: "secret", rights: ".* .* .*" });
    expect(said.join("")).not.toContain("delete_user");
});

describe("systemd's services", () => {
    beforeEach(() => {
        put(
            "bin/systemctl",
            `#!/bin/sh\ncase "$1" in is-active) [ "$3" != stopped ];; restart) echo "$2" >> $DIR/said; [ "$2" != late ] || { sleep 0.3; ${"echo '0: 00000000:1F90 00000000:0000 0A 0' > $DIR/proc/net/tcp"}; } & ;; esac\n`,
        );
        put("bin/journalctl", "#!/bin/sh\necho its last words\n");
        put("proc/net/tcp", "", 0o644);
        put("proc/net/tcp6", "", 0o644);
    });

    test("restart: what runs, and what has a port is waited for until it listens", async () => {
        await restart(here, connection, ["late", "stopped"], { late: 8080, stopped: 1 }, 20);
        expect(there("said")).toBe("late\n");
        expect(there("proc/net/tcp")).toContain(":1F90");
    });

    test("restart: one that does not listen in time is an error", async () => {
        await expect(restart(here, connection, ["mute"], { mute: 81 }, 0)).rejects.toThrow(
            new Error("db-node: service mute does not listen on port 81 after 0 s:\nits last words"),
        );
    });

    test("restart: of those that are late each is named, and how long is waited is the operator's", async () => {
        const clock = new FakeClock();
        // Each time that this machine is asked, an hour has passed by its own clock.
        put("bin/date", "#!/bin/sh\nn=$(cat $DIR/hours 2> /dev/null || echo 0); echo $((n + 3600)) | tee $DIR/hours\n");
        put("bin/sleep", "#!/bin/sh\n");
        await expect(restart(here, connection, ["mute", "dumb"], { mute: 81, dumb: 82 }, 90, clock)).rejects.toThrow(
            "db-node: service mute does not listen on port 81; service dumb does not listen on port 82 after 360 s:\n",
        );
        // While it passes this machine is idle for no moment, so it is waited for as long as a starved one.
        expect(clock.passed).toBe(360);
        for (const fake of ["date", "sleep"]) fs.rmSync(path.join(bin, fake));
    });

    test("restart: one that ends is not waited for", async () => {
        const clock = new FakeClock();
        put(
            "bin/systemctl",
            `#!/bin/sh\ncase "$1" in is-active) [ ! -e $DIR/said ];; restart) echo > $DIR/said ;; esac\n`,
        );
        await expect(restart(here, connection, ["mute"], { mute: 81 }, 90, clock)).rejects.toThrow(
            "db-node: service mute ended while it started:\nits last words",
        );
        expect(clock.passed).toBe(0);
    });

    test("restart: side by side, and one that cannot is an error when all had their turn", async () => {
        // Each ends when the other has begun, too.
        put(
            "bin/systemctl",
            `#!/bin/sh\n[ "$1" = restart ] || exit 0\necho "$2" >> $DIR/said; n=0\nuntil [ $(wc -l < $DIR/said) -ge 2 ]; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done\n[ "$2" != broken ]\n`,
        );
        await restart(here, connection, ["one", "two"]);
        expect(there("said").split("\n").sort()).toEqual(["", "one", "two"]);
        await expect(restart(here, connection, ["broken", "whole"])).rejects.toThrow(
            "service broken cannot be restarted:",
        );
        expect(there("said")).toContain("whole\n");
    });

    test("restart: what comes while a machine is at it waits, is gathered, and goes on though the one before failed", async () => {
        const began: string[] = [],
            ends: (() => void)[] = [];
        const slow: RunScript = async (_to, script) => {
            began.push(/^for s in (.*); do$/m.exec(script)![1]!);
            await new Promise<void>(resolve => ends.push(resolve));
            if (began.length === 1) throw new Error("ended while it started");
            return { stdout: "", stderr: "", code: 0 };
        };
        const until = async (count: number) => {
            while (began.length < count) await new Promise(resolve => setTimeout(resolve, 10));
        };
        const machine = { ...connection, host: "192.168.122.6" };
        const first = restart(slow, machine, ["nova-api"]).catch((e: Error) => e.message);
        await until(1);
        const others = [restart(slow, machine, ["nova-api"]), restart(slow, machine, ["nova-cert"])];
        await new Promise(resolve => setTimeout(resolve, 500));
        expect(began).toEqual(["'nova-api'"]);
        ends[0]!();
        expect(await first).toBe("ended while it started");
        await until(2);
        expect(began).toEqual(["'nova-api'", "'nova-api' 'nova-cert'"]);
        ends[1]!();
        await Promise.all(others);
    });

    test("restart: two minutes for the restarts themselves; each machine by itself; nothing to restart is not asked", async () => {
        const ran: [string, number | undefined][] = [],
            run: typeof here = async (to, _script, options) => {
                ran.push([to.host, options?.timeoutSeconds]);
                return { code: 0, stdout: "restarted slow\n", stderr: "" };
            };
        const machine = (host: string) => ({ ...connection, host });
        await Promise.all([
            restart(run, machine("a"), ["slow", "quick"], { slow: 80, quick: 81 }, 40),
            restart(run, machine("a"), ["other"]),
            restart(run, machine("b"), ["other"]),
            restart(run, machine("c"), []),
        ]);
        expect(ran.sort()).toEqual([
            ["a", 120],
            // And whether they are ready, as long as one may take.
            ["a", 70],
            ["b", 120],
        ]);
    });

    test("a step with another input runs again, and who keeps what it wrote restarts; the input is in no command", async () => {
        const handler = stepHandler(here),
            step = {
                connection,
                step: "cells",
                command: "cat > $DIR/said",
                per: "1",
                input: "first",
                restarts: ["nova-api"],
            };
        await handler.create(step);
        expect(there("said")).toBe("first");
        await handler.update("", step, { ...step, input: "second" });
        expect(there("said")).toBe("secondnova-api\n");
        await handler.update("", step, step);
        expect(there("said")).toBe("first");
        expect(handler.inputs).toContain("input");
        expect(await handler.read("", step)).toEqual(step);
        expect(scripts.join("")).not.toMatch(/first|second/);
    });
});
