import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as https from "https";
import * as os from "os";
import * as path from "path";
import { isGo126 } from "../../engine/go";
import { type Engine, fits, obtainEngine } from "../../engine/obtain";
import { goRelease, pulumiRelease, randomRelease } from "../../engine/pins";
import { PlainProgress } from "../../system/progress";
import { closed, listening, makeCertificate, portOf } from "../system/site";

const top = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-obtain-"));
const before = { ...process.env };
let site: https.Server, dir: string, said: string[];

/** Pulumi's own release, of which only the command is needed here. */
const archive = path.join(top, "pulumi.tar.gz");
const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");
const release = (digest?: string) => ({
    url: `https://localhost:${portOf(site)}/pulumi-v3.tar.gz`,
    sha256: digest ?? sha256(fs.readFileSync(archive)),
});

/** A Go that builds nothing: it notes what it is asked in which environment, and makes an empty file. */
const GO = `#!/bin/sh
case "$*" in
"env GOVERSION") echo go1.26.8 ;;
env*) printf '{"GOPROXY": "%s", "GOSUMDB": "", "GOAUTH": "", "GOPATH": "/go", "GOMODCACHE": "", "GOCACHE": ""}' "$GOPROXY" ;;
*) env | grep -E '^(GO|CGO)' | sort > "$SAID.env"; while [ "$1" != -o ]; do shift; done; echo "$3" >> "$SAID"; mkdir -p "$(dirname "$2")"; : > "$2" ;;
esac
`;

beforeAll(async () => {
    const tree = path.join(top, "tree");
    fs.mkdirSync(path.join(tree, "pulumi"), { recursive: true });
    fs.writeFileSync(path.join(tree, "pulumi/pulumi"), "#!/bin/sh\necho v3.258.0\n", { mode: 0o755 });
    execFileSync("tar", ["-czf", archive, "-C", tree, "pulumi"]);
    const trusted = makeCertificate(top);
    site = https.createServer(trusted, (_request, response) => response.end(fs.readFileSync(archive)));
    await listening(site);
    process.env.PIP_CERT = trusted.certFile;
});
beforeEach(() => {
    dir = fs.mkdtempSync(path.join(top, "run-"));
    const bin = path.join(dir, "bin");
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, "go"), GO, { mode: 0o755 });
    for (const tool of ["sh", "env", "grep", "sort", "mkdir", "dirname", "tar", "gzip"])
        fs.symlinkSync(
            execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim(),
            path.join(bin, tool),
        );
    Object.assign(process.env, {
        PATH: bin,
        SAID: path.join(dir, "said"),
        CLASSROOM_CACHE: path.join(dir, "cache"),
        CLASSROOM_STATE: path.join(dir, "state"),
    });
    for (const name of ["https_proxy", "HTTPS_PROXY"]) delete process.env[name];
    said = [];
});
afterAll(async () => {
    process.env = before;
    await closed(site);
    fs.rmSync(top, { recursive: true });
});

const obtain = (from = release()): Promise<Engine> => obtainEngine(new PlainProgress(line => said.push(line)), from);
const built = (): string[] =>
    fs.existsSync(process.env.SAID!) ? fs.readFileSync(process.env.SAID!, "utf8").trim().split("\n") : [];
const plugins = [
    "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic",
    "github.com/dmacvicar/terraform-provider-libvirt",
];

test("an archive with the wanted digest is unpacked into the cache, and its plugins are built", async () => {
    const engine = await obtain();
    expect(engine).toMatchObject({ origin: "download", version: "3.258.0" });
    expect(fs.readdirSync(engine.root!)).toEqual([".complete", "bin"]);
    expect(fs.readdirSync(path.join(engine.root!, "bin"))).toEqual(["pulumi"]);
    expect(built()).toEqual(plugins);
    expect(fs.readdirSync(path.join(engine.env.PULUMI_HOME, "plugins"))).toEqual([
        "resource-terraform-provider-v1.1.3",
    ]);
});

test("no engine fetches plugins by itself", async () => {
    const { env } = await obtain();
    expect(env.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION).toBe("true");
});

test("an archive with another digest stops everything, and nothing is kept of it", async () => {
    const wanted = "0".repeat(64);
    await expect(obtain(release(wanted))).rejects.toThrow(
        `pulumi-v3.tar.gz of localhost:${portOf(site)}: its sha256 should be ${wanted} and is ${release().sha256}; it was removed unused.`,
    );
    expect(built()).toEqual([]);
    expect(fs.readdirSync(path.join(dir, "cache/engine"))).toEqual([]);
});

test("where the archive is not reached the engine is built from its modules, and why is said", async () => {
    const engine = await obtain({ ...release(), url: "https://localhost:1/pulumi.tar.gz" });
    expect(engine.origin).toBe("build");
    expect(built()).toEqual(["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", ...plugins]);
    expect(said[1]).toMatch(/^Pulumi 3\.258\.0: failed after/);
    expect(said[2]).toMatch(
        /^Pulumi 3\.258\.0 cannot be downloaded \(.*ECONNREFUSED.*\): it is built from its Go modules instead$/,
    );
});

test("a kind of machine whose releases have no known digest downloads none", () => {
    expect([pulumiRelease, goRelease, randomRelease].map(of => of("linux-riscv64"))).toEqual([
        undefined,
        undefined,
        undefined,
    ]);
});

test("an engine on PATH has its plugins built, too", async () => {
    fs.writeFileSync(path.join(dir, "bin/pulumi"), "#!/bin/sh\necho v3.260.0\n", { mode: 0o755 });
    expect(await obtain()).toMatchObject({ origin: "PATH", version: "v3.260.0" });
    expect(built()).toEqual(plugins);
});

test("of the caller's settings of Go only those have a say that cannot weaken a build", async () => {
    const weak = {
        GOFLAGS: "-toolexec=/bin/evil",
        GONOSUMDB: "*",
        GOINSECURE: "*",
        GOPRIVATE: "*",
        GOENV: "/etc/evil",
        CGO_CFLAGS: "-fplugin=evil",
    };
    Object.assign(process.env, weak, { GOPROXY: "https://modules.example.org" });
    try {
        await obtain();
    } finally {
        for (const name of [...Object.keys(weak), "GOPROXY"]) delete process.env[name];
    }
    expect(fs.readFileSync(`${process.env.SAID}.env`, "utf8").trim().split("\n")).toEqual([
        "GOENV=off",
        "GOFLAGS=-mod=readonly",
        "GOPATH=/go",
        "GOPROXY=https://modules.example.org",
        "GOTOOLCHAIN=local",
        "GOWORK=off",
    ]);
});

test.each([
    ["v3.258.0", true],
    ["3.200.0", true],
    ["v3.199.9", false],
    ["v4.0.0", false],
    ["v2.300.0", false],
    ["nonsense", false],
    ["", false],
])("an engine of version %p fits: %p", (version, expected) => {
    expect(fits(version)).toBe(expected);
});

test.each([
    ["go1.26", true],
    ["go1.27.3", true],
    ["go1.25.9", false],
    ["go2.0", false],
    ["", false],
])("a Go of version %p builds: %p", (version, expected) => {
    expect(isGo126(version)).toBe(expected);
});

test.each(["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"])(
    "what is downloaded for %s has a digest, and comes over https",
    platform => {
        for (const pin of [pulumiRelease(platform), goRelease(platform), randomRelease(platform)]) {
            expect(pin!.url).toMatch(/^https:\/\/[a-z.]+\/\S+\.tar\.gz$/);
            expect(pin!.sha256).toMatch(/^[0-9a-f]{64}$/);
        }
    },
);
