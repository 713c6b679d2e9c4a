import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { idsPerContainer, labIds, labSlots, nodeIds, overlaps, teamIds } from "../../config/id-ranges";
import { nodeNames } from "../../config/nodes";
import { rangesInWords, takeRanges } from "../../lab/hosts/id-ranges";

const cgroups = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-ranges-"));
afterAll(() => fs.rmSync(cgroups, { recursive: true }));
afterEach(() => fs.readdirSync(cgroups).forEach(name => fs.rmSync(path.join(cgroups, name), { recursive: true })));

const lab = (n: number): string => {
    const name = `classroom-lab${n}-0000000${n % 10}`;
    fs.mkdirSync(path.join(cgroups, name), { recursive: true });
    return name;
};
const take = (n: number, subordinate = ""): number => takeRanges(lab(n), { cgroups, subordinate });
const end = (first: number): number => nodeIds(first, nodeNames[nodeNames.length - 1]!) + idsPerContainer;

test("every node of every cloud has ids of its own, none of them root's or another user's", () => {
    const clouds = [
        ...Array.from({ length: 256 }, (_, number) => teamIds(number)),
        ...Array.from({ length: labSlots }, (_, slot) => labIds(slot)),
    ];
    const firsts = clouds.flatMap(first => nodeNames.map(node => nodeIds(first, node))).sort((a, b) => a - b);
    for (const [i, first] of firsts.entries()) if (i > 0) expect(first - firsts[i - 1]!).toBeGreaterThanOrEqual(65536);
    // Above useradd's SUB_UID_MAX and systemd's containers, below systemd's foreign ids.
    expect([firsts[0]! > 600_100_000 && firsts[0]! > 0x6fffffff, Math.max(...clouds.map(end)) <= 0x7ffe0000]).toEqual([
        true,
        true,
    ]);
});

test("each lab of a machine takes others, whatever its state folder; what it takes is its cgroup's", () => {
    const taken = Array.from({ length: 40 }, (_, n) => take(n));
    expect(new Set(taken).size).toBe(40);
    expect(take(7)).toBe(taken[7]);
    fs.rmSync(path.join(cgroups, lab(7)), { recursive: true });
    expect(take(7)).toBe(taken[7]);
});

test("what another lab holds is not taken, and nothing is kept of the trial", () => {
    const first = take(1);
    fs.rmSync(path.join(cgroups, lab(1)), { recursive: true });
    const slot = Array.from({ length: labSlots }, (_, i) => i).find(i => labIds(i) === first)!;
    fs.mkdirSync(path.join(cgroups, lab(2), `ids-${slot}`));
    const second = take(1);
    expect(second).not.toBe(first);
    expect(fs.readdirSync(path.join(cgroups, lab(1)))).toEqual([`ids-${(slot + 1) % labSlots}`]);
});

test("subordinate ids of users are left alone", () => {
    const first = take(1);
    fs.rmSync(path.join(cgroups, lab(1)), { recursive: true });
    expect(take(1, `somebody:${first + 524287}:1\nbroken\nother:100000:65536\n`)).not.toBe(first);
    fs.rmSync(path.join(cgroups, lab(1)), { recursive: true });
    expect(take(1, `somebody:${first + 524288}:65536\nbefore:${first - 65536}:65536`)).toBe(first);
});

test("where none is left it is said, and what to do", () => {
    expect(() => take(1, `all:1:${2 ** 31}`)).toThrow(
        "none of 255 ranges of ids for the containers of a lab is free on this machine; take a lab down that is not needed",
    );
});

test.each([
    [100, 1, true],
    [99, 1, false],
    [524387, 1, true],
    [524388, 1, false],
    [0, 101, true],
    [0, 100, false],
])("ids from %d, %d of them, are in a cloud's from 100 on: %p", (from, count, expected) => {
    expect(overlaps(100, from, count)).toBe(expected);
});

test("what containers are to the machine is said in words", () => {
    expect([rangesInWords({ first: 5 }), rangesInWords({ why: "no overlay" }), rangesInWords(undefined)]).toEqual([
        "containers have ids of their own, from 5 on",
        "this machine gives containers no ids of their own (no overlay)",
        "the lab was made before containers had ids of their own; take it down and make it anew",
    ]);
});
