import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as https from "https";
import * as os from "os";
import * as path from "path";
import { buildTools } from "../../engine/go";
import type { Pinned } from "../../system/download";
import { silent } from "../../system/progress";
import { closed, listening, makeCertificate, portOf } from "../system/site";

const top = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-go-"));
const before = { ...process.env };
const archive = path.join(top, "go.tar.gz");
let site: https.Server, dir: string;

/** A Go that answers what it is asked and builds files that say by whom. */
const go = (version: string): string => `#!/bin/sh
case "$*" in
"env GOVERSION") echo ${version} ;;
env*) echo '{}' ;;
*) while [ "$1" != -o ]; do shift; done; echo ${version} > "$2" ;;
esac
`;
const tool = { module: "libvirt", package: "example.org/tool", output: "tool", flags: "" };

beforeAll(async () => {
    fs.mkdirSync(path.join(top, "go/bin"), { recursive: true });
    fs.writeFileSync(path.join(top, "go/bin/go"), go("go1.26.1"), { mode: 0o755 });
    execFileSync("tar", ["-czf", archive, "-C", top, "go"]);
    const trusted = makeCertificate(top);
    site = https.createServer(trusted, (_request, response) => response.end(fs.readFileSync(archive)));
    await listening(site);
    process.env.PIP_CERT = trusted.certFile;
    for (const name of ["https_proxy", "HTTPS_PROXY"]) delete process.env[name];
});
beforeEach(() => {
    dir = fs.mkdtempSync(path.join(top, "run-"));
    fs.mkdirSync(path.join(dir, "bin"));
    for (const name of ["sh", "tar", "gzip"])
        fs.symlinkSync(
            execFileSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8", env: before }).trim(),
            path.join(dir, "bin", name),
        );
    Object.assign(process.env, { PATH: path.join(dir, "bin"), CLASSROOM_CACHE: path.join(dir, "cache") });
});
afterAll(async () => {
    process.env = before;
    await closed(site);
    fs.rmSync(top, { recursive: true });
});

const released = (change: Partial<Pinned> = {}): Pinned => ({
    url: `https://localhost:${portOf(site)}/go1.26.1.tar.gz`,
    sha256: createHash("sha256").update(fs.readFileSync(archive)).digest("hex"),
    ...change,
});
const builtBy = async (release: Pinned): Promise<string> => {
    await buildTools([tool], dir, silent, release, ["go", path.join(dir, "own/go")]);
    return fs.readFileSync(path.join(dir, "tool"), "utf8").trim();
};
const onPath = (version: string): void => fs.writeFileSync(path.join(dir, "bin/go"), go(version), { mode: 0o755 });
const unreachable = { url: "https://localhost:1/go.tar.gz" };

test("a Go of the machine that is new enough builds", async () => {
    onPath("go1.27.3");
    expect(await builtBy(released(unreachable))).toBe("go1.27.3");
});

test.each(["none", "go1.19.8"])("a Go where its instructions put it builds, with %s on the PATH", async version => {
    if (version !== "none") onPath(version);
    fs.mkdirSync(path.join(dir, "own"));
    fs.writeFileSync(path.join(dir, "own/go"), go("go1.28.0"), { mode: 0o755 });
    expect(await builtBy(released(unreachable))).toBe("go1.28.0");
});

test.each(["none", "go1.19.8"])("where the machine's is too old (%s) Go's own release is downloaded", async version => {
    if (version !== "none") onPath(version);
    expect(await builtBy(released())).toBe("go1.26.1");
});

test("a Go with another digest builds nothing", async () => {
    await expect(builtBy(released({ sha256: "2".repeat(64) }))).rejects.toThrow(
        /^go1\.26\.1\.tar\.gz of .*should be 2{64} and is /,
    );
    expect(fs.existsSync(path.join(dir, "tool"))).toBe(false);
});

test("what was found, and why it could not be downloaded, is said", async () => {
    onPath("go1.19.8");
    await expect(builtBy(released(unreachable))).rejects.toThrow(
        /^Go 1\.26 or newer is needed to build plugins of the Pulumi engine; found go1\.19\.8, and it could not be downloaded \(.*ECONNREFUSED.*\)\. Install it and run this again$/,
    );
});

test("modules of the tools that come later are fetched while the first is compiled, once a tool", async () => {
    const log = path.join(dir, "asked");
    fs.writeFileSync(
        path.join(dir, "bin/go"),
        go("go1.27.3").replace("*) while", `list*) echo "$*" >> ${log} ;;\n*) echo "build" >> ${log}; while`),
        { mode: 0o755 },
    );
    const other = { ...tool, package: "example.org/other", output: "other" };
    await buildTools([tool, other], dir, silent, released(), ["go"]);
    const asked = fs.readFileSync(log, "utf8").trim().split("\n").sort();
    expect(asked).toEqual(["build", "build", "list -deps example.org/other"]);
});
