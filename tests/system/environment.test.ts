import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { allowedNames, cleanEnvironment, type Surroundings } from "../../system/environment";
import { projectDir } from "../../system/paths";

/** Ann's machine: her home folder and root's, and a /tmp that may be written to. */
const around = (other: Partial<Surroundings> = {}): Surroundings => ({
    uid: 1000,
    owner: folder => ({ "/home/ann": 1000, "/root": 0, "/srv": 0 })[folder],
    writable: folder => ["/tmp", "/scratch"].includes(folder),
    listed: { username: "ann", homedir: "/home/ann" },
    allowed: allowedNames(),
    hasParent: false,
    ...other,
});
const ann = { HOME: "/home/ann", PATH: "/usr/bin", USER: "ann" };
const clean = (given: Record<string, string>, other?: Partial<Surroundings>) =>
    cleanEnvironment({ ...ann, ...given }, around(other));
const usual = {
    HOME: "/home/ann",
    PATH: "/usr/bin",
    USER: "ann",
    LOGNAME: "ann",
    TMPDIR: "/tmp",
    LC_ALL: "C.UTF-8",
};

test.each([
    [
        "npm's",
        { NODE_ENV: "production", npm_config_omit: "dev", npm_config_production: "true", NPM_CONFIG_GLOBAL: "1" },
    ],
    ["Node.js's", { NODE_OPTIONS: "--inspect", NODE_PATH: "/x", NODE_TLS_REJECT_UNAUTHORIZED: "0" }],
    [
        "the engine's",
        {
            PULUMI_CONFIG_PASSPHRASE: "other",
            PULUMI_BACKEND_URL: "s3://x",
            PULUMI_STACK: "x",
            PULUMI_ACCESS_TOKEN: "x",
            PULUMI_HOME: "/x",
            PULUMI_CONFIG: "{}",
            PULUMI_DEBUG_PROVIDERS: "random:1",
            PULUMI_EXPERIMENTAL: "1",
        },
    ],
    ["the engine's, empty", { PULUMI_CONFIG_PASSPHRASE: "", PULUMI_BACKEND_URL: "", PULUMI_HOME: "" }],
    ["the shell's", { CDPATH: "/", ENV: "/x", BASH_ENV: "/x", SHELLOPTS: "xtrace", "BASH_FUNC_cd%%": "() { :; }" }],
    ["of language and time", { LANG: "de_DE.UTF-8", LC_ALL: "tr_TR.UTF-8", LC_NUMERIC: "de_DE", TZ: "Asia/Tokyo" }],
    ["git's", { GIT_DIR: "/x", GIT_SSH_COMMAND: "false", GIT_CONFIG_COUNT: "1" }],
    ["Go's", { GOFLAGS: "-mod=vendor", GOOS: "plan9", GOROOT: "/x", CGO_ENABLED: "0", GODEBUG: "x=1" }],
    ["pip's and Python's", { PIP_NO_INDEX: "1", PIP_TARGET: "/x", PYTHONPATH: "/x", PYTHONHOME: "/x" }],
    ["of libvirt, Terraform and OpenStack", { LIBVIRT_DEFAULT_URI: "test:///x", TF_LOG: "TRACE", OS_TOKEN: "x" }],
    [
        "the program's own between its processes",
        { CLASSROOM_RUN: "x", CLASSROOM_LOG: "/x", CLASSROOM_OPERATOR_SIDE: "lab", CLASSROOM_OFF: "db-node" },
    ],
])("variables that are %s do not count", (_whose, given) => {
    expect(clean(given)).toEqual(usual);
});

test("what a user sets on purpose counts", () => {
    const given = {
        CLASSROOM_CACHE: "/scratch/cache",
        CLASSROOM_STATE: "/scratch/state",
        XDG_STATE_HOME: "/scratch",
        npm_config_registry: "https://registry.example.org/",
        GOPROXY: "https://go.example.org",
        PIP_INDEX_URL: "https://pip.example.org/simple",
        SSL_CERT_FILE: "/etc/ours.pem",
        SSH_AUTH_SOCK: "/tmp/agent",
        TMPDIR: "/scratch",
        NO_COLOR: "1",
    };
    expect(clean(given)).toEqual({ ...usual, ...given });
});

test("what a command tells one that it has started counts", () => {
    expect(clean({ CLASSROOM_RUN: "x", CLASSROOM_OPERATOR_SIDE: "lab" }, { hasParent: true })).toEqual({
        ...usual,
        CLASSROOM_RUN: "x",
        CLASSROOM_OPERATOR_SIDE: "lab",
    });
});

test.each<[string, string, Record<string, string>, Partial<Surroundings>, string]>([
    ["one of their own", "counts", { HOME: "/home/ann" }, {}, "/home/ann"],
    ["none", "is the listed one", { HOME: "" }, {}, "/home/ann"],
    ["a relative one", "is the listed one", { HOME: "home" }, {}, "/home/ann"],
    [
        "another user's (sudo -E)",
        "is root's own",
        {},
        { uid: 0, listed: { username: "root", homedir: "/root" } },
        "/root",
    ],
    ["one that is not there", "is the listed one", { HOME: "/nonexistent" }, {}, "/home/ann"],
    ["any, where they are not listed", "counts", { HOME: "/srv" }, { listed: undefined }, "/srv"],
    ["none, where they are not listed", "is none", { HOME: "" }, { listed: undefined }, "/nonexistent"],
])("the home folder of a user with %s %s", (_given, _found, given, other, home) => {
    expect(clean(given, other).HOME).toBe(home);
});

test("with sudo -E the other user's XDG folders do not count either, but what is the program's own does", () => {
    const root = { uid: 0, listed: { username: "root", homedir: "/root" } };
    expect(clean({ XDG_CACHE_HOME: "/home/ann/c", CLASSROOM_STATE: "/srv/state" }, root)).toEqual({
        ...usual,
        HOME: "/root",
        USER: "root",
        LOGNAME: "root",
        PATH: "/usr/bin:/usr/local/sbin:/usr/sbin:/sbin",
        CLASSROOM_STATE: "/srv/state",
    });
});

test("a user of whom the system knows no name is called by the number, or as they say", () => {
    const nobody = { uid: 4711, listed: undefined };
    expect([clean({ USER: "" }, nobody).USER, clean({}, nobody).USER]).toEqual(["4711", "ann"]);
});

test("folders of PATH that depend on where one is are left out", () => {
    expect(clean({ PATH: ".:/opt/bin::bin:/usr/bin" }).PATH).toBe("/opt/bin:/usr/bin");
    expect(clean({ PATH: "" }).PATH).toBe("/usr/local/bin:/usr/bin:/bin");
});

test("a TMPDIR that cannot be written to is not used", () => {
    expect(clean({ TMPDIR: "/sealed" }).TMPDIR).toBe("/tmp");
    expect(clean({ TMPDIR: "here" }).TMPDIR).toBe("/tmp");
    expect(clean({}, { writable: dir => dir === "/var/tmp" }).TMPDIR).toBe("/var/tmp");
    expect(clean({}, { writable: () => false }).TMPDIR).toBeUndefined();
});

test("a proxy is for what is elsewhere: this machine's own addresses are never asked through it", () => {
    const { no_proxy, NO_PROXY } = clean({ https_proxy: "http://proxy:3128", NO_PROXY: "example.org" });
    expect([no_proxy, NO_PROXY]).toEqual(Array(2).fill("example.org,localhost,127.0.0.1,::1"));
    // A command that is started by another gets the same.
    expect(clean({ https_proxy: "http://proxy:3128", no_proxy: no_proxy! }).no_proxy).toBe(no_proxy);
    expect(clean({ no_proxy: "example.org" }).no_proxy).toBe("example.org");
});

describe("a process that takes it", () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-environment-"));
    afterAll(() => fs.rmSync(dir, { recursive: true }));

    test("has it before other modules are loaded, hands it on, and has a umask of its own", () => {
        const script = `
            const { transformFileSync } = require("@swc/core");
            require.extensions[".ts"] = (module, file) =>
                module._compile(transformFileSync(file, { jsc: { parser: { syntax: "typescript" } }, module: { type: "commonjs" } }).code, file);
            process.umask(0o077);
            require(${JSON.stringify(path.join(projectDir(), "system/begin.ts"))});
            const { env } = process;
            const child = require("child_process").execFileSync("sh", ["-c", "echo $PULUMI_STACK-$LC_ALL"], { encoding: "utf8" });
            console.log(JSON.stringify([env.PULUMI_STACK, env.TZ, env.CLASSROOM_STATE, child, process.umask().toString(8)]));`;
        const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], {
            cwd: projectDir(),
            encoding: "utf8",
            env: { PATH: process.env.PATH, HOME: dir, PULUMI_STACK: "x", TZ: "Asia/Tokyo", CLASSROOM_STATE: "/x" },
        });
        expect([stderr, stdout]).toEqual(["", `[null,null,"/x","-C.UTF-8\\n","22"]\n`]);
    });
});
