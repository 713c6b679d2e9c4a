import type { EngineEvent } from "@pulumi/pulumi/automation";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { RunLog } from "../../../cli/shell/run-log";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-log-"));
beforeAll(() => {
    process.env.CLASSROOM_STATE = dir;
});
afterAll(() => {
    delete process.env.CLASSROOM_STATE;
    fs.rmSync(dir, { recursive: true });
});

test("the file is private, holds what was printed and the events, and no secret", () => {
    const log = RunLog.begin("team01", "up", new Date("2026-11-24T20:00:00Z"));
    expect(log.file).toBe(path.join(dir, "logs/team01-up-2026-11-24T20-00-00-000Z.log"));
    expect(fs.statSync(log.file).mode & 0o777).toBe(0o600);
    log.protect(["keystoneAdmin"]);
    log.line("printed with keystoneAdmin");
    const step = (op: string) =>
        ({
            sequence: 1,
            timestamp: 2,
            resOutputsEvent: {
                metadata: {
                    op,
                    urn: "urn::a",
                    new: { inputs: { token: Buffer.from("x:keystoneAdmin").toString("base64") } },
                },
            },
        }) as unknown as EngineEvent;
    log.event(step("update"));
    log.event(step("same"));
    const lines = fs.readFileSync(log.file, "utf8").trim().split("\n");
    expect(lines[0]).toBe("printed with [secret]");
    expect(JSON.parse(lines[1]!).resOutputsEvent.metadata.op).toBe("update");
    expect(lines[1]).not.toContain(Buffer.from("keystoneAdmin").toString("base64").slice(2, -4));
    expect(lines[2]).toBe('{"sequence":1,"timestamp":2,"same":"urn::a"}');
});

test("the last thirty are kept", () => {
    for (let i = 0; i < 35; i++) RunLog.begin("lab", "refresh", new Date(1e12 + i * 1000));
    expect(fs.readdirSync(path.join(dir, "logs"))).toHaveLength(30);
});

test("a mistyped stack makes no path", () => {
    expect(path.dirname(RunLog.begin("../../etc/x", "up").file)).toBe(path.join(dir, "logs"));
});

test("what a node says is safe to show in the log, too; an event parses to what it was", () => {
    const log = RunLog.begin("team02", "refresh", new Date("2026-11-24T20:00:00Z"));
    log.line("a\u001b[2K\nforged");
    const event = { sequence: 1, timestamp: 2, diagnosticEvent: { message: "\u202e\u009b" } } as unknown as EngineEvent;
    log.event(event);
    const text = fs.readFileSync(log.file, "utf8");
    expect(text).toBe(
        'a\\x1b[2K\n  | forged\n{"sequence":1,"timestamp":2,"diagnosticEvent":{"message":"\\u202e\\u009b"}}\n',
    );
    expect(JSON.parse(text.split("\n")[2]!)).toEqual(event);
});
