import { spawn, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";

const entry = path.resolve(__dirname, "../../classroom");
/** What a shell, a URL, a pattern and a search path could take for something else. */
const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `classroom a#b%20'"$HOME ä-`)));
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** Stands for npm: installs what package-lock.json says, as it is told with FAULT. Writes down how it was called. */
const npm = `#!/bin/sh
printf '%s\\n' "$*" >> ../npm-calls
env | sort > ../npm-environment
rm -rf node_modules
mkdir -p node_modules/@types/node node_modules/typescript/bin
[ ! -e ../fault-slow ] || { kill -9 $PPID; exit 1; }
cp ../tsc node_modules/typescript/bin/tsc
echo '{}' > node_modules/typescript/package.json
[ -e ../fault-partial ] || echo '{}' > node_modules/@types/node/package.json
cp package-lock.json node_modules/.package-lock.json
`;
/** Stands for the compiler: the sources are JavaScript. Writes down that it was called. */
const tsc = `
const fs = require("fs"), path = require("path");
const [, project, , out] = process.argv.slice(2);
fs.appendFileSync("../tsc-calls", project + "\\n");
if (fs.existsSync("../fault-slow")) process.kill(process.ppid, "SIGKILL");
const walk = below => {
    for (const name of fs.readdirSync(path.join(project, below))) {
        if (/^(bin|node_modules|sdks)/.test(name)) continue;
        const file = path.join(below, name);
        if (fs.statSync(path.join(project, file)).isDirectory()) walk(file);
        else if (name.endsWith(".ts")) {
            fs.mkdirSync(path.join(out, below), { recursive: true });
            fs.copyFileSync(path.join(project, file), path.join(out, file.replace(/ts$/, "js")));
        }
    }
};
walk("");
if (fs.existsSync("../fault-compile")) { console.error("error TS1"); process.exit(2); }
`;
/** Stands for the program: says what it was given. */
const main = `
console.log(JSON.stringify({
    arguments: process.argv.slice(2), folder: process.cwd(), environment: process.env, umask: process.umask(), text: require("./other").text,
}));
`;

let number = 0;
/** A checkout in a folder of its own, with stand-ins for npm, the compiler and the program beside it. */
class Checkout {
    readonly around = path.join(dir, String(++number));
    readonly root = path.join(this.around, "checkout");

    constructor() {
        this.write("checkout/package.json", "{}");
        const version = "1.0.0";
        this.write(
            "checkout/package-lock.json",
            JSON.stringify({
                packages: {
                    "": {},
                    "node_modules/typescript": { version },
                    "node_modules/@types/node": { version },
                    "node_modules/for-another-system": { version, optional: true },
                },
            }),
        );
        this.write("checkout/tsconfig.json", "{}");
        this.write("checkout/cli/main.ts", main);
        this.write("checkout/cli/other.ts", 'exports.text = "one";\n');
        this.write("checkout/sdks/libvirt/package.json", "{}");
        this.write("checkout/sdks/libvirt/index.ts", "");
        fs.mkdirSync(this.at("checkout/system"));
        fs.copyFileSync(
            path.resolve(entry, "../system/environment.names"),
            this.at("checkout/system/environment.names"),
        );
        fs.copyFileSync(entry, this.at("checkout/classroom"));
        this.write("tsc", tsc);
        this.write("path/npm", npm, 0o755);
        fs.symlinkSync(process.execPath, this.at("path/node"));
    }

    at(name: string): string {
        return path.join(this.around, name);
    }
    write(name: string, text: string, mode = 0o644): void {
        fs.mkdirSync(path.dirname(this.at(name)), { recursive: true });
        fs.writeFileSync(this.at(name), text, { mode });
    }
    /** How often npm was called, and for what the compiler. */
    calls(): [number, string[]] {
        const lines = (name: string) =>
            fs.existsSync(this.at(name)) ? fs.readFileSync(this.at(name), "utf8").trim().split("\n") : [];
        return [lines("npm-calls").length, lines("tsc-calls")];
    }
    environment(more: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
        return { PATH: `${this.at("path")}:${process.env.PATH}`, HOME: this.around, ...more };
    }
    run(
        args: string[] = [],
        more: Record<string, string | undefined> = {},
        { command = this.at("checkout/classroom"), cwd = this.root } = {},
    ) {
        const { status, stdout, stderr } = spawnSync(command, args, {
            cwd,
            encoding: "utf8",
            env: this.environment(more),
        });
        return { status, stderr, said: stdout === "" ? undefined : (JSON.parse(stdout) as Said) };
    }
    /** One that has been installed and compiled. */
    ready(): this {
        expect(this.run()).toMatchObject({ status: 0 });
        return this;
    }
}
interface Said {
    arguments: string[];
    folder: string;
    environment: Record<string, string>;
    umask: number;
    text: string;
}

const INSTALLING = "classroom: installing the npm packages of package-lock.json …\n",
    COMPILING = "classroom: compiling …\n";

test("the first command installs and compiles, the next one does neither", () => {
    const checkout = new Checkout();
    expect(checkout.run(["a b", "c\nd", ""])).toMatchObject({
        status: 0,
        stderr: INSTALLING + COMPILING,
        said: { arguments: ["a b", "c\nd", ""], umask: 0o022 },
    });
    expect(checkout.run()).toMatchObject({ status: 0, stderr: "" });
    expect(checkout.calls()).toEqual([1, ["sdks/libvirt", "."]]);
    expect(fs.readdirSync(checkout.root).sort()).toEqual(
        "bin classroom cli node_modules package-lock.json package.json sdks system tsconfig.json".split(" "),
    );
});

test("what the caller has set for other programs reaches neither npm nor the program, and what they set for this one does", () => {
    const checkout = new Checkout();
    const foreign = {
        NODE_ENV: "production",
        npm_config_omit: "dev",
        npm_config_production: "true",
        npm_config_ignore_scripts: "true",
        npm_config_prefix: "/nonexistent",
        NODE_OPTIONS: "--require=/nonexistent",
        NODE_PATH: "/nonexistent",
        PULUMI_CONFIG_PASSPHRASE: "",
        PULUMI_BACKEND_URL: "s3://other",
        GIT_DIR: "/nonexistent",
        LANG: "tr_TR.UTF-8",
        LC_ALL: "de_DE.UTF-8",
        TZ: "Asia/Tokyo",
        CDPATH: "/:/tmp",
        ENV: "/nonexistent",
        BASH_ENV: "/nonexistent",
        GOFLAGS: "-mod=vendor",
        POSIXLY_CORRECT: "1",
        IFS: "/",
        name: "x",
        CLASSROOM_ENTRY: "1",
        CLASSROOM_RUN: "x",
        CLASSROOM_OPERATOR_SIDE: "lab",
    };
    const own = {
        CLASSROOM_STATE: "/a b",
        npm_config_registry: "https://registry.example.org/?a=b&c",
        https_proxy: 'http://user:p$w"d@proxy:3128',
        SSH_AUTH_SOCK: "/run/agent",
        TERM: "xterm",
        NO_COLOR: "",
    };
    const { status, said } = checkout.run([], { ...foreign, ...own });
    expect(status).toBe(0);
    const { PATH, HOME, ...rest } = said!.environment;
    expect([PATH, HOME]).toEqual([checkout.environment().PATH, checkout.around]);
    // A shell says where it is.
    const { PWD, OLDPWD, SHLVL, _, ...passed } = rest;
    expect(passed).toEqual({ ...own, LC_ALL: "C.UTF-8" });
    const seen = fs.readFileSync(checkout.at("npm-environment"), "utf8");
    expect(seen).toContain("npm_config_registry=https://registry.example.org/?a=b&c\n");
    expect(seen).not.toMatch(/^(NODE_|PULUMI_|npm_config_(?!registry)|TZ|CLASSROOM_ENTRY|CDPATH)/m);
});

test("npm installs what compiling takes, whatever the user's own settings leave out", () => {
    const checkout = new Checkout().ready();
    expect(fs.readFileSync(checkout.at("npm-calls"), "utf8")).toMatch(/^ci .*--include=dev --include=optional /);
});

test("through links that lead to links, relative ones too, and through PATH; the program is where it was called from", () => {
    const checkout = new Checkout().ready();
    fs.mkdirSync(checkout.at("links/far"), { recursive: true });
    fs.symlinkSync("../../checkout", checkout.at("links/far/folder"));
    fs.symlinkSync("far/folder/classroom", checkout.at("links/near"));
    fs.symlinkSync(checkout.at("links/near"), checkout.at("links/classroom"));
    fs.symlinkSync("classroom", checkout.at("links/-n"));
    const cwd = checkout.at("links");
    const ways: [string, string[], Record<string, string>][] = [
        [checkout.at("links/classroom"), [], {}],
        ["./near", [], {}],
        ["./-n", [], {}],
        ["sh", ["near"], {}],
        ["sh", ["far/folder/classroom"], { CDPATH: "/" }],
        ["classroom", [], { PATH: `${cwd}:${checkout.environment().PATH}` }],
        ["sh", ["classroom"], { PATH: `${cwd}:${checkout.environment().PATH}` }],
    ];
    for (const [command, args, more] of ways) {
        const { status, stderr, said } = checkout.run(args, more, { command, cwd });
        expect([command, status, stderr, said?.folder]).toEqual([command, 0, "", cwd]);
    }
    expect(fs.readdirSync(cwd).sort()).toEqual(["-n", "classroom", "far", "near"]);
});

test("called from a folder that is no more, it works in the checkout", () => {
    const checkout = new Checkout().ready();
    const { stdout, stderr } = spawnSync(
        "sh",
        ["-c", 'mkdir gone; cd gone; rmdir ../gone; "$0"', checkout.at("checkout/classroom")],
        {
            cwd: checkout.around,
            encoding: "utf8",
            env: checkout.environment(),
        },
    );
    expect([JSON.parse(stdout).folder, stderr.replace(/^(sh|shell-init|.*getcwd).*\n/gm, "")]).toEqual([
        checkout.root,
        "",
    ]);
});

test("packages that npm left out although it ended well are named, and the next command installs again", () => {
    const checkout = new Checkout();
    checkout.write("fault-partial", "");
    expect(checkout.run()).toEqual({
        status: 1,
        stderr: `${INSTALLING}classroom: npm has ended, but the package node_modules/@types/node is not there; run this again\n`,
        said: undefined,
    });
    fs.rmSync(checkout.at("fault-partial"));
    expect(checkout.run()).toMatchObject({ status: 0, stderr: INSTALLING + COMPILING });
});

test.each(["npm", "tsc"])("killed in the middle of %s, the next command makes it anew", what => {
    const checkout = new Checkout();
    if (what === "tsc") {
        checkout.ready();
        checkout.write("checkout/cli/other.ts", 'exports.text = "two";\n');
    }
    checkout.write("fault-slow", "");
    expect(checkout.run().status).not.toBe(0);
    fs.rmSync(checkout.at("fault-slow"));
    expect(checkout.run()).toMatchObject({ status: 0, said: { text: what === "tsc" ? "two" : "one" } });
    expect(fs.readdirSync(checkout.root).filter(name => name.startsWith("bin"))).toEqual(["bin"]);
});

test("an installation that somebody else has made is used; one that somebody else has changed is made anew", () => {
    const checkout = new Checkout().ready();
    fs.rmSync(checkout.at("checkout/node_modules/.classroom-installed"));
    expect(checkout.run()).toMatchObject({ status: 0, stderr: "" });
    const record = checkout.at("checkout/node_modules/.package-lock.json"),
        { packages } = JSON.parse(fs.readFileSync(record, "utf8"));
    delete packages["node_modules/@types/node"];
    fs.writeFileSync(record, JSON.stringify({ packages }));
    expect(checkout.run()).toMatchObject({ status: 0, stderr: INSTALLING });
});

test("packages that were taken away by hand are noticed when the program has to be compiled", () => {
    const checkout = new Checkout().ready();
    fs.rmSync(checkout.at("checkout/node_modules/typescript"), { recursive: true });
    checkout.write("checkout/cli/other.ts", 'exports.text = "two";\n');
    const { status, stderr, said } = checkout.run();
    expect([status, said?.text]).toEqual([0, "two"]);
    expect(stderr).toContain(INSTALLING);
});

test("a source that was changed, added or taken away is compiled, and nothing else is", () => {
    const checkout = new Checkout().ready();
    const source = checkout.at("checkout/cli/other.ts"),
        long = new Date("2013-08-26");
    fs.utimesSync(source, new Date(), new Date());
    expect(checkout.run().stderr).toBe("");
    checkout.write("checkout/cli/other.ts", 'exports.text = "two";\n');
    fs.utimesSync(source, long, long);
    expect(checkout.run()).toMatchObject({ stderr: COMPILING, said: { text: "two" } });
    checkout.write("checkout/cli/more.ts", "");
    expect(checkout.run().stderr).toBe(COMPILING);
    fs.rmSync(checkout.at("checkout/cli/more.ts"));
    expect(checkout.run().stderr).toBe(COMPILING);
    expect(fs.existsSync(checkout.at("checkout/bin/cli/more.js"))).toBe(false);
    checkout.write("checkout/tests/other.ts", "");
    expect(checkout.run().stderr).toBe("");
    expect(checkout.run(["setup"]).stderr).toBe(COMPILING);
    expect(checkout.calls()).toEqual([1, ["sdks/libvirt", ".", ".", ".", ".", "."]]);
});

test("what cannot be compiled is an error each time, and leaves the former program and nothing half", () => {
    const checkout = new Checkout().ready();
    checkout.write("checkout/cli/other.ts", 'exports.text = "two";\n');
    checkout.write("fault-compile", "");
    for (const _time of [1, 2])
        expect(checkout.run()).toEqual({
            status: 1,
            stderr: `${COMPILING}error TS1\nclassroom: the program could not be compiled; run this again after that is mended\n`,
            said: undefined,
        });
    expect(fs.readFileSync(checkout.at("checkout/bin/cli/other.js"), "utf8")).toContain("one");
    expect(fs.existsSync(checkout.at("checkout/bin.new"))).toBe(false);
    fs.rmSync(checkout.at("fault-compile"));
    expect(checkout.run()).toMatchObject({ status: 0, said: { text: "two" } });
});

test("of commands that are called at once one installs and compiles, and all do their work", async () => {
    const checkout = new Checkout();
    const statuses = await Promise.all(
        Array.from(
            { length: 4 },
            () =>
                new Promise(resolve =>
                    spawn(checkout.at("checkout/classroom"), [], { env: checkout.environment(), stdio: "ignore" }).once(
                        "close",
                        resolve,
                    ),
                ),
        ),
    );
    expect([statuses, checkout.calls()]).toEqual([
        [0, 0, 0, 0],
        [1, ["sdks/libvirt", "."]],
    ]);
});

test.each([0o000, 0o077])("a umask of %o changes nothing of what is made", umask => {
    const checkout = new Checkout();
    const before = process.umask(umask);
    try {
        checkout.ready();
    } finally {
        process.umask(before);
    }
    const mode = (name: string) => (fs.statSync(checkout.at(`checkout/${name}`)).mode & 0o777).toString(8);
    expect(
        ["bin", "bin/cli/main.js", "bin/.built", "node_modules", "node_modules/.classroom-installed"].map(mode),
    ).toEqual(["755", "644", "644", "755", "644"]);
});

const root = process.geteuid!() === 0;
(root ? test : test.skip)("what root makes in another user's checkout is that user's", () => {
    const checkout = new Checkout();
    spawnSync("chown", ["-R", "4711:4712", checkout.root]);
    checkout.ready();
    const { stdout } = spawnSync("find", [checkout.root, "!", "-user", "4711"], { encoding: "utf8" });
    expect(stdout).toBe("");
});

(root ? test : test.skip)(
    "a user who may not write to the checkout uses what is there, and is told when that is not enough",
    () => {
        const checkout = new Checkout().ready();
        const other = { command: "setpriv", cwd: checkout.root };
        // The one that runs this may lie in root's own cache, where nobody else may read.
        fs.rmSync(checkout.at("path/node"));
        fs.copyFileSync(process.execPath, checkout.at("path/node"));
        const args = ["--reuid=4711", "--regid=4711", "--clear-groups", checkout.at("checkout/classroom")];
        spawnSync("chmod", ["-R", "go+rX", dir]);
        expect(checkout.run(args, {}, other)).toMatchObject({ status: 0, stderr: "" });
        checkout.write("checkout/cli/other.ts", 'exports.text = "two";\n');
        expect(checkout.run(args, {}, other)).toEqual({
            status: 1,
            stderr: `classroom: the program in ${checkout.root} has to be installed and compiled, but this user may not write there; run ./classroom setup as the user whose it is\n`,
            said: undefined,
        });
    },
);

(root ? test : test.skip)("the home folder is that of the user it runs as, whatever HOME says", () => {
    const checkout = new Checkout().ready();
    const home = (HOME: string | undefined, more = {}) => checkout.run([], { HOME, ...more }).said!.environment;
    const listed = os.userInfo().homedir;
    expect([undefined, "", "relative", checkout.at("none")].map(value => home(value).HOME)).toEqual(
        Array(4).fill(listed),
    );
    expect(home(checkout.around).HOME).toBe(checkout.around);
    fs.mkdirSync(checkout.at("ann"));
    fs.chownSync(checkout.at("ann"), 4711, 4711);
    const seen = home(checkout.at("ann"), { XDG_STATE_HOME: checkout.at("ann/s"), CLASSROOM_CACHE: "/c" });
    expect([seen.HOME, seen.XDG_STATE_HOME, seen.CLASSROOM_CACHE]).toEqual([listed, undefined, "/c"]);
});

test("a checkout whose path cannot be in PATH is refused", () => {
    const checkout = new Checkout();
    fs.renameSync(checkout.root, checkout.at("a:b"));
    expect(checkout.run([], {}, { command: checkout.at("a:b/classroom"), cwd: checkout.around })).toEqual({
        status: 1,
        stderr: `classroom: the program lies in ${checkout.at("a:b")}, but the path must not hold a colon, because it goes into PATH; nothing was changed. Move it elsewhere\n`,
        said: undefined,
    });
});
