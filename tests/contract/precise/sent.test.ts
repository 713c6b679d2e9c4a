import type * as NodeDouble from "./node-double";
import type { Sent } from "./node-double";
import { unseen } from "./places";
import { sentToNodes } from "./sent";
import { notPosix } from "./shell";
import { unknown } from "./tools";

function mockDouble() {
    return jest.requireActual<typeof NodeDouble>("./node-double");
}
jest.mock("../../../clients/answer", () => mockDouble().answerDouble());
jest.mock("../../../clients/ssh", () => ({
    ...jest.requireActual<object>("../../../clients/ssh"),
    exec: mockDouble().execDouble,
    waitForSsh: () => Promise.resolve(),
}));
jest.mock("../../../clients/operator-clock", () => ({ operatorClock: mockDouble().clockDouble }));

/** Of scripts that differ by the path of a file alone, one. */
const each = (all: readonly Sent[]): Sent[] => [
    ...new Map(all.map(s => [s.script.replace(/'\/[\w./@-]+'/g, "'/…'"), s])).values(),
];

let all: Sent[] = [];
beforeAll(async () => {
    // Restarts of services are gathered for a third of a second.
    const soon = ((work: () => void) => setImmediate(work)) as never;
    jest.spyOn(global, "setTimeout").mockImplementation(soon);
    all = each(await sentToNodes());
    jest.restoreAllMocks();
}, 600_000);

/** A complaint for each: who sends it, from where, the line, and what of it is not in which package. */
async function complaints(sent: readonly Sent[]): Promise<string[]> {
    const found: string[] = [];
    for (const { by, from, script } of sent)
        for (const { line, what } of await unknown(script)) {
            const text = script.split("\n")[line - 1]?.trim().slice(0, 160);
            found.push(`${by}, sent by ${from[0]}: ${what}\n    line ${line}: ${text}`);
        }
    return found;
}

test("every command, option and program of awk and sed that is sent to a node of Grizzly is Ubuntu 12.04's", async () => {
    expect(await complaints(all)).toEqual([]);
});

/** Words of scripts that are sent, each with what is newer in its place, and the complaint. */
const planted: readonly [string, string, string][] = [
    ["vgs --noheadings", "vgs -q --noheadings", "vgs of lvm2 2.02.66 has no -q"],
    ["lvs --noheadings", "lvs --reportformat json --noheadings", "lvs of lvm2 2.02.66 has no --reportformat"],
    ["vgcreate --quiet", "vgcreate --quiet --wipesignatures y", "vgcreate of lvm2 2.02.66 has no --wipesignatures"],
    ["stat -L -c", "stat --cached=never -L -c", "stat of coreutils 8.13 has no --cached=never"],
    ["mv -fT", "mv --exchange -fT", "mv of coreutils 8.13 has no --exchange"],
    ["head -n", "head -z -n", "head of coreutils 8.13 has no -z"],
    ["df -Pk", "df --output=avail -k", "df of coreutils 8.13 has no --output=avail"],
    ["ln -sfn", "ln -sfnr", "ln of coreutils 8.13 has no -r in -sfnr"],
    ["of=backup.img", "of=backup.img status=none", "dd of coreutils 8.13 has no status=none"],
    ["base64 -w 0", "base64 -w 0 --wrap-all", "base64 of coreutils 8.13 has no --wrap-all"],
    ["sed -nr", "sed -znr", "sed of sed 4.2.1 has no -znr"],
    ["grep -oE", "grep --no-ignore-case -oE", "grep of grep 2.10 has no --no-ignore-case"],
    ["find /etc -xdev", "find /etc -xdev -files0-from l", "find of findutils 4.4.2 has no -files0-from"],
    ["xargs -0 -r", "xargs -o -0 -r", "xargs of findutils 4.4.2 has no -o"],
    ["ip link set", "ip -br link set", "ip of iproute 20111117 has no -br"],
    ["tc qdisc show", "tc -j qdisc show", "tc of iproute 20111117 has no -j"],
    ["brctl stp", "brctl setmcsnoop", "brctl of bridge-utils 1.5 has no setmcsnoop"],
    ["apt-get -q", "apt-get -q --allow-downgrades", "apt-get of apt 0.8.16~exp12ubuntu10 has no --allow-downgrades"],
    ["apt-mark unhold", "apt-mark minimize-manual", "apt-mark of apt 0.8.16~exp12ubuntu10 has no minimize-manual"],
    ["dpkg-query -W", "dpkg-query --no-pager -W", "dpkg-query of dpkg 1.16.1.2 has no --no-pager"],
    ["iptables -I", "iptables -w -I", "iptables of iptables 1.4.12 has no -w"],
    ["pgrep -u", "pgrep -a -u", "pgrep of procps 3.2.8 has no -a"],
    ["ssh-keygen -q -t rsa", "ssh-keygen -q -t ed25519", "ssh-keygen of openssh 5.9p1 has no -t ed25519"],
    ["-o StrictHostKeyChecking=no", "-o KnownHostsCommand=none", "ssh of openssh 5.9p1 has no -o KnownHostsCommand"],
    ["mysql --batch", "mysql --login-path=x --batch", "mysql of mysql 5.5 has no --login-path=x"],
    ["rabbitmqctl -q", "rabbitmqctl --silent -q", "rabbitmqctl of rabbitmq-server 2.7.1 has no --silent"],
    ["initctl reload-configuration", "initctl check-all", "initctl of upstart 1.5 has no check-all"],
    ["tgtadm --lld iscsi", "tgtadm --force --lld iscsi", "tgtadm of tgt 1.0.17 has no --force"],
    ["hwclock --systohc", "hwclock --systohc --verbose", "hwclock of util-linux 2.20.1 has no --verbose"],
    ["gzip -1", "gzip -1 -k", "gzip of gzip 1.4 has no -k"],
    ["print age, pid, name", "print strftime(), pid", "awk of mawk 1.3.3 has no function strftime"],
    ["set +e", "set +e -o pipefail", "set of dash 0.5.7 has no -o pipefail"],
];

test.each(planted)("put into the script that has it, %s as %s is found", async (old, newer, complaint) => {
    const has = all.find(({ script }) => script.includes(old));
    expect(has?.script).toBeDefined();
    expect(await complaints([{ ...has!, script: has!.script.replaceAll(old, newer) }])).toContainEqual(
        expect.stringContaining(`: ${complaint}`),
    );
});

test("every script that is sent to a node of Grizzly is POSIX's language", async () => {
    // One by one takes a minute.
    for (let i = 0; i < all.length; i += 20) {
        const some = all.slice(i, i + 20);
        if ((await notPosix(some.map(s => `(\n${s.script}\n)\n`).join(""))).length === 0) continue;
        for (const { by, from, script } of some)
            expect([by, from[0], await notPosix(script)]).toEqual([by, from[0], []]);
    }
}, 600_000);

test("no place in the sources sends a script to a node that this test has not seen", () => {
    expect(unseen()).toEqual([]);
});
