import {
    afterRun,
    compare,
    type Difference,
    inWords,
    stillThere,
    untouched,
} from "../../../../providers/guest/manifest/compare";
import type { Managed } from "../../../../providers/guest/manifest/masks";
import type { FileFacts, Reading } from "../../../../providers/guest/manifest/reading";

const file = (digest: string, more: Partial<FileFacts> = {}): FileFacts => ({
    type: "f",
    mode: "644",
    owner: "root",
    group: "root",
    size: 3,
    digest,
    ...more,
});
const folder: FileFacts = { type: "d", mode: "755", owner: "root", group: "root" };
const none: Managed = { paths: [], lines: [] };
const recorded: Reading = {
    files: {
        "/etc/nova": folder,
        "/etc/nova/rootwrap.d": folder,
        "/etc/nova/rootwrap.d/compute.filters": file("a"),
        "/etc/nova/rootwrap.d/network.filters": file("b"),
        "/etc/nova/policy.json": file("c"),
        "/etc/hosts": file("h"),
        "/root/.bashrc": file("r"),
    },
    lines: { stopped: [], rules: ["filter -A INPUT -i lo -j ACCEPT"], links: ["eth0 up with MTU 1500"], full: [] },
};
const now = (files: Record<string, FileFacts | undefined> = {}, lines: Reading["lines"] = {}): Reading => ({
    files: Object.fromEntries(
        Object.entries({ ...recorded.files, ...files }).filter((entry): entry is [string, FileFacts] =>
            Boolean(entry[1]),
        ),
    ),
    lines: { ...recorded.lines, ...lines },
});
const said = (reading: Reading, managed = none): string[] =>
    compare(recorded, reading, managed).map(({ words }) => words);

test("a node that is as it was recorded has no difference", () => expect(said(now())).toEqual([]));

test("a folder that is gone is one difference, with all that was in it", () =>
    expect(
        said(
            now({
                "/etc/nova/rootwrap.d": undefined,
                "/etc/nova/rootwrap.d/compute.filters": undefined,
                "/etc/nova/rootwrap.d/network.filters": undefined,
            }),
        ),
    ).toEqual(["/etc/nova/rootwrap.d is gone, with 2 in it"]));

test.each<[string, Record<string, FileFacts>, string]>([
    ["content", { "/etc/nova/policy.json": file("x") }, "/etc/nova/policy.json has another content"],
    [
        "mode",
        { "/etc/nova/policy.json": file("c", { mode: "600" }) },
        "/etc/nova/policy.json is root:root 600 instead of root:root 644",
    ],
    ["a new file", { "/etc/cron.d/x": file("x") }, "/etc/cron.d/x was added"],
    [
        "a link in its place",
        { "/etc/nova/policy.json": { type: "l", mode: "777", owner: "root", group: "root", target: "/dev/null" } },
        "/etc/nova/policy.json is a link instead of a file",
    ],
    [
        "the immutable bit",
        { "/etc/nova/policy.json": file("c", { immutable: true }) },
        "/etc/nova/policy.json cannot be changed (its immutable bit is set)",
    ],
    [
        "the bit that lets it grow alone",
        { "/etc/nova/policy.json": file("c", { immutable: "append" }) },
        "/etc/nova/policy.json cannot be changed (its append-only bit is set)",
    ],
])("of a file %s is told", (_what, files, words) => expect(said(now(files))).toEqual([words]));

test("a file that another resource manages is its own: its immutable bit alone counts", () => {
    const managed = { paths: ["/etc/nova/policy.json"], lines: [] };
    expect(said(now({ "/etc/nova/policy.json": file("x", { mode: "600" }) }), managed)).toEqual([]);
    expect(said(now({ "/etc/nova/policy.json": undefined }), managed)).toEqual([]);
    expect(said(now({ "/etc/nova/policy.json": file("x", { immutable: true }) }), managed)).toHaveLength(1);
});

test("of /root what people put there is none, what was there is one", () =>
    expect(said(now({ "/root/notes": file("x"), "/root/.bashrc": file("x") }))).toEqual([
        "/root/.bashrc has another content",
    ]));

test.each<[string, Reading["lines"], string]>([
    [
        "a firewall rule",
        { rules: ["filter -A FORWARD -j DROP", "filter -A INPUT -i lo -j ACCEPT"] },
        "the firewall rule -A FORWARD -j DROP (filter) was added",
    ],
    ["a flushed firewall", { rules: [] }, "the firewall rule -A INPUT -i lo -j ACCEPT (filter) is gone"],
    ["a stopped process", { stopped: ["nova-compute 42"] }, "the process nova-compute (42) is stopped by a signal"],
    [
        "a link that is down",
        { links: ["eth0 down with MTU 1500"] },
        "its card eth0 is down with MTU 1500 instead of up with MTU 1500",
    ],
    ["a full disk", { full: ["/ disk"] }, "/ has no space left"],
])("%s is told", (_what, lines, words) => expect(said(now({}, lines))).toEqual([words]));

test("a card that came or went is none, nor is a kind that the node could not tell", () => {
    expect(said(now({}, { links: ["eth9 up with MTU 1500"] }))).toEqual([]);
    expect(said(now({}, { rules: undefined }))).toEqual([]);
});

test("a setting that another resource manages is its own", () => {
    const before: Reading = { files: {}, lines: { sysctls: ["net.ipv4.ip_forward 1"] } },
        after: Reading = { files: {}, lines: { sysctls: ["net.ipv4.ip_forward 0"] } };
    expect(compare(before, after, none)).toHaveLength(1);
    expect(compare(before, after, { paths: [], lines: ["sysctls net.ipv4.ip_forward "] })).toEqual([]);
});

describe("differences in words", () => {
    const many = Array.from({ length: 500 }, (_, i): Difference => ({
        file: `/etc/${i}`,
        aspect: "added",
        within: [],
        words: `/etc/${i} was added ${"x".repeat(400)}`,
    }));

    test("are at most 6 KB, and say how many more there are", () => {
        const told = inWords(many);
        expect(JSON.stringify(told).length).toBeLessThan(6100);
        expect(told[told.length - 1]).toBe(`… and ${500 - told.length + 1} more`);
    });

    test("those are mended that were told and still stand; all, where not all were told", () => {
        expect(stillThere(many.slice(0, 3), inWords(many.slice(1, 9)))).toEqual(many.slice(1, 3));
        expect(stillThere(many, inWords(many))).toEqual(many);
    });
});

describe("what a run has made", () => {
    const broken = now({ "/etc/nova/policy.json": file("broken") }, { rules: ["filter -A FORWARD -j DROP"] });

    test("is recorded, and what was broken before it is not", () => {
        const made = { "/etc/new.conf": file("n"), "/etc/hosts": file("h2") };
        const after: Reading = { files: { ...broken.files, ...made }, lines: { ...broken.lines, stopped: [] } };
        const right = afterRun(recorded, broken, after);
        expect(right.files).toEqual({ ...recorded.files, ...made });
        expect(right.lines.rules).toEqual(recorded.lines.rules);
    });

    test("a rule and a link of its own are recorded, others stay", () => {
        const after: Reading = {
            ...broken,
            lines: {
                ...broken.lines,
                rules: [...broken.lines.rules!, "nat -A POSTROUTING -j MASQUERADE"],
                links: ["eth0 up with MTU 1400"],
            },
        };
        expect(afterRun(recorded, broken, after).lines).toMatchObject({
            rules: ["filter -A INPUT -i lo -j ACCEPT", "nat -A POSTROUTING -j MASQUERADE"],
            links: ["eth0 up with MTU 1400"],
        });
    });

    const crowded: FileFacts = { ...folder, many: true };

    test("of a folder that had too much in it before, what is in it now is neither recorded nor called added", () => {
        const before = now({ "/etc/nova": crowded, "/etc/nova/policy.json": undefined }),
            right = afterRun(recorded, before, now({ "/etc/nova/junk": file("j") }));
        expect(right.files["/etc/nova/junk"]).toBeUndefined();
        expect(compare(right, now({ "/etc/nova/junk": file("j") }), none)).toEqual([]);
    });

    test("a folder that had too much in it before and after the run still has: it was not the run's", () => {
        const same = now({ "/etc/nova": crowded });
        expect(compare(afterRun(recorded, same, same), same, none)).toHaveLength(1);
    });

    test("while a run is cut off, nothing is called gone from a folder that had too much in it when it began", () => {
        const before = now({ "/etc/nova": crowded, "/etc/nova/policy.json": undefined }),
            { manifest, now: live } = untouched(recorded, before, now({ "/etc/nova/policy.json": undefined }));
        expect(compare(manifest, live, none)).toEqual([]);
    });

    test("while a run is cut off, what has changed since it began is no difference, what was broken before is", () => {
        const since = { ...broken, files: { ...broken.files, "/etc/new.conf": file("n") } };
        const { manifest, now: live } = untouched(recorded, broken, since);
        expect(compare(manifest, live, none).map(({ words }) => words)).toContain(
            "/etc/nova/policy.json has another content",
        );
        expect(compare(manifest, live, none).map(({ words }) => words)).not.toContain("/etc/new.conf was added");
    });
});

test("a table that is gone or kept otherwise is told, a further one is not; one that was not recorded is none", () => {
    const tables = (...lines: string[]): Reading => ({ files: {}, lines: { tables: lines } });
    const words = (before: Reading, after: Reading) => compare(before, after, none).map(d => d.words);
    expect(
        words(tables("nova.a InnoDB", "nova.b InnoDB"), tables("nova.b MyISAM", "nova.c InnoDB")).map(
            said => said.split(" (")[0],
        ),
    ).toEqual(["MySQL's table nova.a is gone", "MySQL's table nova.b is kept by MyISAM instead of InnoDB"]);
    expect(words({ files: {}, lines: {} }, tables("nova.a InnoDB"))).toEqual([]);
});

test("what is never right is told of a node that was recorded before it was asked for", () => {
    const { stopped: _none, ...lines } = recorded.lines;
    expect(compare({ ...recorded, lines }, now({}, { stopped: ["nova-api 7"] }), none).map(d => d.words)).toEqual([
        "the process nova-api (7) is stopped by a signal",
    ]);
});
