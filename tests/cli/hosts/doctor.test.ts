import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { tell } from "../../../cli/hosts/doctor";
import { checkReady, type HostFindings, hostFindings, libvirtLack } from "../../../cli/hosts/hosts-check";
import { closeAll } from "../../../clients/ssh";
import { hostConnection } from "../../../components/host-pair";
import { readStackSettings } from "../../../config/stack-settings";
import type { Settings } from "../../../config/settings";
import { keyPair } from "../../../providers/machine/host-key";
import { makeKey, type Sshd, type SshdOptions, startSshd } from "../../clients/sshd";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-doctor-")),
    before = { ...process.env },
    userKey = makeKey(path.join(dir, "key")),
    hostKey = keyPair("central", "ed25519"),
    running: Sshd[] = [];
afterEach(async () => {
    jest.restoreAllMocks();
    await closeAll();
    for (const sshd of running.splice(0)) await sshd.close();
    process.env = { ...before };
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** A pair that is one server twice, on this machine. */
async function pair(options: Partial<SshdOptions>): Promise<Settings> {
    process.env.CLASSROOM_STATE = path.join(dir, "state");
    const ports: number[] = [];
    for (const _host of ["central", "compute"]) {
        const sshd = await startSshd({ hostKeys: [hostKey.privateKey], accepts: [userKey], ...options });
        running.push(sshd);
        ports.push(sshd.port);
    }
    const host = (port: number) => ({ address: "127.0.0.1", port, hostKey: hostKey.publicKey });
    return readStackSettings("team01", {
        number: "1",
        sshKeyFile: path.join(dir, "key"),
        hosts: JSON.stringify({ central: host(ports[0]!), compute: host(ports[1]!) }),
        archiveUrl: "http://192.168.122.1/",
        release: "ocata",
    });
}
const FORBIDDEN =
    "its sshd forbids connections to other machines, the way to its nodes: set AllowTcpForwarding yes, PermitOpen any and DisableForwarding no for root in its sshd_config";

test("an sshd that forbids forwarding is found on both hosts; one that only finds nobody there is not", async () => {
    const of = async (forwarding: SshdOptions["forwarding"]) =>
        (await hostFindings(await pair({ forwarding }))).map(({ role, findings }) => [
            role,
            findings.includes(FORBIDDEN),
        ]);
    expect(await of("forbidden")).toEqual([
        ["central", true],
        ["compute", true],
    ]);
    await closeAll();
    expect(await of("refused")).toEqual([
        ["central", false],
        ["compute", false],
    ]);
});

test("an sshd that makes no connection to a socket that is there: what to change in it", async () => {
    const to = hostConnection(await pair({}), "central");
    expect(await libvirtLack(to, true)).toMatch(
        /^its sshd makes no connection to libvirt's socket, which is there \(\/var\/run\/libvirt\/libvirt-sock: .+\): let AllowStreamLocalForwarding be yes, /,
    );
    expect(await libvirtLack(to)).toMatch(/^its ssh leads to no libvirt .+: libvirtd or virtproxyd has to run, /);
});

test("up asks the same, and says that nothing was changed", async () => {
    await expect(checkReady(await pair({ forwarding: "forbidden" }), () => undefined)).rejects.toThrow(
        `host 127.0.0.1: ${FORBIDDEN}; nothing was changed`,
    );
});

test("a pair is asked within ten seconds", async () => {
    const of = await pair({}),
        start = Date.now();
    await hostFindings(of);
    expect(Date.now() - start).toBeLessThan(10_000);
});

/** What is printed, on both streams, and the exit code. */
function told(hosts: readonly HostFindings[], json?: boolean) {
    const out: string[] = [],
        err: string[] = [];
    jest.spyOn(console, "log").mockImplementation(line => void out.push(String(line)));
    jest.spyOn(console, "error").mockImplementation(line => void err.push(String(line)));
    const code = tell("team01", hosts, json);
    return { out, err, code };
}
const sound: HostFindings = { role: "central", address: "a", findings: [], notes: ["host a: its clock is 9 s ahead"] };
const lacking: HostFindings = {
    role: "compute",
    address: "b",
    findings: ["it has no x", "it has no\x1b y"],
    notes: [],
};

test("all findings of both hosts, a line each, and exit code 1; a clock that is off is none", () => {
    expect(told([sound, lacking])).toEqual({
        out: ["host b: it has no x", "host b: it has no\\x1b y", "stack team01: 2 findings; nothing was changed"],
        err: ["host a: its clock is 9 s ahead"],
        code: 1,
    });
});

test("hosts that lack nothing: a line, and exit code 0", () => {
    expect(told([sound, { ...sound, role: "compute" }])).toMatchObject({
        out: ["stack team01: both hosts have what it wants of them"],
        code: 0,
    });
});

test("what mends a host's changed key stands behind its finding", () => {
    const { out } = told([{ ...sound, findings: ["another key"], cure: "Remove the old one: x" }]);
    expect(out[0]).toBe("host a: another key. Remove the old one: x");
});

test("--json is one object, with what was found of each host", () => {
    const { out, code } = told([sound, lacking], true);
    expect([JSON.parse(out.join("\n")), code]).toEqual([{ stack: "team01", ready: false, hosts: [sound, lacking] }, 1]);
});
