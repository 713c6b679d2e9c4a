import type { EngineEvent } from "@pulumi/pulumi/automation";
import { changeLine, changes, type Reading, Renderer, summary } from "../../../cli/operate/events";
import { shortType } from "../../../engine/urn";

/** A run of the engine whose events are read in one way. */
const reading = (read: Reading) => ({ name: "up", reading: read });

test("a changed option is shown alone, with its path, old and new value", () => {
    const old = { options: { DEFAULT: { rabbit_host: "10.0.0.3", debug: "true" } } };
    const now = { options: { DEFAULT: { rabbit_host: "10.0.0.99", debug: "true" } } };
    expect(changes(old, now)).toEqual([{ path: "options.DEFAULT.rabbit_host", old: "10.0.0.3", new: "10.0.0.99" }]);
});

test("a section that came or went with all that is in it is its options, one by one", () => {
    const old = { options: { DEFAULT: { rabbit_host: "10.0.0.3", debug: "true" }, lvm: {} } };
    expect(changes(old, { options: {} })).toEqual([
        { path: "options.DEFAULT.debug", old: "true", new: undefined },
        { path: "options.DEFAULT.rabbit_host", old: "10.0.0.3", new: undefined },
        { path: "options.lvm", old: {}, new: undefined },
    ]);
    expect(changes({ options: { lvm: {} } }, old)).toEqual([
        { path: "options.DEFAULT.debug", old: undefined, new: "true" },
        { path: "options.DEFAULT.rabbit_host", old: undefined, new: "10.0.0.3" },
    ]);
});

test("of a list only what came and what went is shown; another order is a change of the whole", () => {
    expect(changes({ a: [1, 2] }, { a: [2, 3] })).toEqual([
        { path: "a", old: 1, new: undefined },
        { path: "a", old: undefined, new: 3 },
    ]);
    expect(changes([1, 2], [2, 1])).toEqual([{ path: "", old: [1, 2], new: [2, 1] }]);
    expect(changes([1, 2], [1, 2])).toEqual([]);
});

test("types are short", () => {
    expect(["pulumi-nodejs:dynamic/keystone:Tenant", "libvirt:index/network:Network"].map(shortType)).toEqual([
        "keystone:Tenant",
        "network:Network",
    ]);
});

const event = (op: string, name: string, change: object = {}): EngineEvent =>
    ({
        sequence: 1,
        timestamp: 1,
        resOutputsEvent: {
            metadata: {
                op,
                urn: `urn:pulumi:lab::p::t::${name}`,
                type: "pulumi-nodejs:dynamic/guest:File",
                provider: "",
                ...change,
            },
        },
    }) as unknown as EngineEvent;
const state = (outputs: object) => ({ custom: true, outputs, inputs: outputs });

test("a refresh counts and names what is gone and what is different", () => {
    const lines: string[] = [];
    const renderer = new Renderer(line => lines.push(line.trim()), reading("answers"));
    renderer.handle(event("refresh", "fine", { old: state({ a: 1 }), new: state({ a: 1 }) }));
    renderer.handle(event("update", "changed", { old: state({ a: 1 }), new: state({ a: 2 }) }));
    renderer.handle(event("delete", "gone", { old: state({ a: 1 }) }));
    expect(renderer.tally.drifted).toEqual(["changed", "gone"]);
    expect(lines.join("\n")).toMatch(/! guest:File changed has drifted\na: 1 → 2\n.*! guest:File gone is gone/);
});

test("a secret that a handler found changed or gone is named by its path; what the engine shows is not told twice", () => {
    const renderer = new Renderer(() => undefined, reading("answers"), 0, false, {
        differing: () => ["options.DEFAULT.a", "secretOptions.DEFAULT.sql_connection"],
    });
    const outputs = (a: string) => state({ options: { DEFAULT: { a } }, secretOptions: "[secret]" });
    renderer.handle(event("update", "conf", { old: outputs("1"), new: outputs("2") }));
    expect(renderer.changes.map(c => [c.property, c.old, c.new])).toEqual([
        ["options.DEFAULT.a", "1", "2"],
        ["secretOptions.DEFAULT.sql_connection", "[secret]", "(differs)"],
    ]);
});

test("where the value of a drift is set is told behind it, of a secret too, and beside it for --json", () => {
    const lines: string[] = [],
        where: Record<string, string> = {
            "options.DEFAULT.a": "line 12",
            "secretOptions.DEFAULT.b": `line 3 of /${"x".repeat(300)}`,
            "options.DEFAULT.fine": "line 1",
        };
    const renderer = new Renderer(line => lines.push(line.trim()), reading("answers"), 0, false, {
        differing: () => ["secretOptions.DEFAULT.b"],
        places: (type, id) => (type === "guest:File" && id === "api-node:/a" ? where : {}),
    });
    const outputs = (a: string) => ({
        ...state({ options: { DEFAULT: { a, fine: "1" } }, secretOptions: "[secret]" }),
        id: "api-node:/a",
    });
    renderer.handle(event("update", "conf", { old: outputs("1"), new: outputs("2") }));
    expect(renderer.changes.map(c => c.where)).toEqual(Object.values(where).slice(0, 2));
    expect(lines).toContain("options.DEFAULT.a: 1 → 2 (line 12)");
    expect(lines.at(-1)).toMatch(/^secretOptions\.DEFAULT\.b: \[secret\] → \(differs\) \(line 3 of \/x{180,}…\)$/);
});

test.each(["answers", "comparison"] as const)(
    "%s: what was made again by hand is told with its new id, and has drifted only where more than ids differs",
    read => {
        const lines: string[] = [],
            follows = () => ["serviceId"];
        const renderer = new Renderer(line => lines.push(line.trim()), reading(read), 0, false, { follows });
        const made = (id: string, outputs: object) => ({ ...state(outputs), id });
        const asked = (name: string, now: object) => {
            const step = { old: made("x1", { serviceId: "s1", url: "a" }), new: made("x2", now) };
            const { metadata } = event("refresh", name, step).resOutputsEvent!;
            renderer.handle({ sequence: 1, timestamp: 1, resourcePreEvent: { metadata } } as unknown as EngineEvent);
            renderer.handle(event("refresh", name, step));
        };
        asked("equal", { serviceId: "s2", url: "a" });
        expect(lines).toEqual([expect.stringMatching(/~ guest:File equal was made again by hand: its id is now x2$/)]);
        expect([renderer.tally.unchanged, renderer.tally.drifted, renderer.changes]).toEqual([1, [], []]);
        asked("other", { serviceId: "s2", url: "b" });
        expect(renderer.changes.map(c => [c.resource, c.property, c.old, c.new])).toEqual([["other", "url", "a", "b"]]);
    },
);

test("a diagnosis: what an earlier refresh recorded as it was found is told as what it should be", () => {
    const renderer = new Renderer(() => undefined, reading("comparison"));
    const before = (name: string): EngineEvent =>
        ({
            sequence: 1,
            timestamp: 1,
            resourcePreEvent: { metadata: { ...event("refresh", name).resOutputsEvent!.metadata } },
        }) as unknown as EngineEvent;
    const conf = (host: string) => state({ options: { rabbit_host: host } });
    for (const name of ["recorded", "now", "fine"]) renderer.handle(before(name));
    renderer.handle(event("same", "recorded", { old: conf("99"), new: conf("99") }));
    renderer.handle(event("update", "now", { old: conf("3"), new: conf("98") }));
    renderer.handle(event("same", "fine", { old: conf("3"), new: conf("3") }));
    renderer.handle(event("update", "recorded", { old: conf("99"), new: conf("3") }));
    renderer.handle(event("update", "now", { old: conf("98"), new: conf("3") }));
    renderer.handle(event("same", "fine", { old: conf("3"), new: conf("3") }));
    renderer.handle(event("create", "gone", { new: conf("3") }));
    renderer.handle(event("update", "after", { old: conf("3"), new: conf("04da6b54-80e4-46f7-96ec-b56ff0331ba9") }));
    expect(renderer.changes.map(c => [c.resource, c.action, c.property, c.old, c.new])).toEqual([
        ["now", "drifted", "options.rabbit_host", "3", "98"],
        ["recorded", "drifted", "options.rabbit_host", "3", "99"],
        ["gone", "gone", undefined, undefined, undefined],
    ]);
    expect(renderer.missing.map(m => m.urn)).toEqual(["urn:pulumi:lab::p::t::gone"]);
});

test.each(["plan", "changes", "comparison"] as const)(
    "%s: a node's record that follows the program's own changes is none of them; what was mended is",
    read => {
        const lines: string[] = [],
            renderer = new Renderer(line => lines.push(line.trim()), reading(read)),
            type = "pulumi-nodejs:dynamic/guest:Ground",
            ground = (expects: string, differences: string[]) => state({ expects, differences }),
            follows = { type, old: ground("1", []), new: ground("2", []) },
            mended = { type, old: ground("1", ["x"]), new: ground("2", []) };
        for (const [name, step] of Object.entries({ follows, mended })) {
            const { metadata } = event("update", name, step).resOutputsEvent!;
            if (read === "plan") renderer.handle({ resourcePreEvent: { metadata } } as unknown as EngineEvent);
            else renderer.handle({ resOutputsEvent: { metadata } } as unknown as EngineEvent);
        }
        expect([...new Set(renderer.changes.map(c => c.resource))]).toEqual(["mended"]);
        expect(lines.join("\n")).not.toContain("follows");
        if (read !== "comparison") expect(summary(renderer.tally)).toBe("1 updated, 1 unchanged");
    },
);

test("what a resource could not mend though it went on is told at the end, not as a note", () => {
    const lines: string[] = [],
        renderer = new Renderer(line => lines.push(line), reading("changes"));
    const say = (message: string) =>
        renderer.handle({ diagnosticEvent: { severity: "info#err", message } } as unknown as EngineEvent);
    say("db-node: could not be mended: / has no space left\n\n");
    say("db-node: left as found (baseline: report): x");
    say("nonesuch: could not be mended: x");
    expect(renderer.leftBehind).toEqual([{ resource: "db-node", node: "db-node", reason: "/ has no space left" }]);
    expect(lines).toEqual(["note: db-node: left as found (baseline: report): x"]);
});

test("an up counts what it did; the engine's own providers are none of the user's", () => {
    const renderer = new Renderer(() => undefined, reading("changes"));
    renderer.handle(event("create", "a", { new: state({}) }));
    renderer.handle(event("same", "b", { old: state({}), new: state({}) }));
    renderer.handle(event("create", "p", { type: "pulumi:providers:libvirt", new: state({}) }));
    expect(summary(renderer.tally)).toBe("1 created, 1 unchanged");
});

test("a value of several lines with escapes in it is one line, the drift's", () => {
    const lines: string[] = [];
    const renderer = new Renderer(line => lines.push(line), reading("answers"));
    const line = (text: string) => state({ options: { DEFAULT: { rabbit_host: text } } });
    renderer.handle(
        event("update", "conf", {
            old: line("10.0.0.3"),
            new: line("10.0.0.3\u001b[1A\u001b[2K\n   4 s + created guest:File b"),
        }),
    );
    expect(lines.slice(1)).toEqual([
        "           options.DEFAULT.rabbit_host: 10.0.0.3 → 10.0.0.3\\x1b[1A\\x1b[2K\\n   4 s + created guest:File b",
    ]);
    expect(renderer.changes[0]!.new).toBe("10.0.0.3\u001b[1A\u001b[2K\n   4 s + created guest:File b");
});

test("a long value is cut between two characters", () => {
    expect(changeLine({ path: "a", old: "1", new: `${"x".repeat(116)}😀😀😀😀😀😀😀😀` })).toBe(
        `a: 1 → ${"x".repeat(116)}😀…`,
    );
    expect(changeLine({ path: "a", old: "1", new: "x".repeat(5000) })).toBe(`a: 1 → ${"x".repeat(117)}…`);
});

test("an options file that its service could not read restarts it; one whose owner was not recorded yet does not", () => {
    const change = (type: string, old: object, now: object): string[] => {
        const lines: string[] = [];
        const renderer = new Renderer(line => lines.push(line.trim()), reading("plan"));
        const metadata = {
            ...event("update", "conf", { old: state(old), new: state(now) }).resOutputsEvent!.metadata,
            type: `pulumi-nodejs:dynamic/guest:${type}`,
        };
        renderer.handle({ sequence: 1, timestamp: 1, resourcePreEvent: { metadata } } as unknown as EngineEvent);
        return lines.slice(1);
    };
    const file = (access: object) => ({ restarts: ["glance-api"], ...access });
    const wanted = { owner: "root", group: "glance", mode: "0640" };
    expect(change("OptionsFile", file({ ...wanted, mode: "0600" }), file(wanted))).toEqual([
        "mode: 0600 → 0640",
        "restarts glance-api",
    ]);
    expect(change("OptionsFile", file({}), file(wanted))).toEqual([
        "group: (none) → glance",
        "mode: (none) → 0640",
        "owner: (none) → root",
    ]);
    expect(change("File", file({ ...wanted, mode: "0600" }), file(wanted))).toEqual(["mode: 0600 → 0640"]);
});

test("a secret that comes or goes is one property, and nothing of how the state marks it is shown", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "abc" };
    expect(changes({ password: secret }, {})).toEqual([{ path: "password", old: "[secret]", new: undefined }]);
    expect(changes({}, { password: secret })).toEqual([{ path: "password", old: undefined, new: "[secret]" }]);
});

test("a diagnosis does not call a property drifted that came with a later version of the program", () => {
    const renderer = new Renderer(() => undefined, reading("comparison"));
    const step = (op: string, before: object, now: object) =>
        event(op, "conf", { old: { ...state({}), inputs: before }, new: { ...state({}), inputs: now } });
    renderer.handle(step("update", { options: {} }, { options: {}, owner: "root" }));
    expect([renderer.tally.drifted, renderer.changes]).toEqual([[], []]);
    renderer.handle(step("update", { options: {}, owner: "nova" }, { options: { a: 1 }, owner: "root" }));
    expect(renderer.changes.map(c => c.property)).toEqual(["options.a", "owner"]);
});
