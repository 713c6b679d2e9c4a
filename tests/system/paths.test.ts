import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { cacheDir, checkProjectDir, ownCacheDir, stateDir, temporaryFolder } from "../../system/paths";

// jest's process.env is a copy, which the system's own idea of a home does not see.
jest.mock("os", () => ({
    __esModule: true,
    ...jest.requireActual<typeof os>("os"),
    homedir: () => process.env.HOME ?? "",
    tmpdir: () => process.env.TMPDIR ?? "/tmp",
}));

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-paths-"));
const names = ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "CLASSROOM_CACHE", "CLASSROOM_STATE"] as const;
const before = names.map(name => [name, process.env[name]] as const);
beforeEach(() => {
    for (const name of names) delete process.env[name];
    process.env.HOME = dir;
});
afterAll(() => {
    for (const [name, value] of before)
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    fs.rmSync(dir, { recursive: true });
});
const modeOf = (folder: string) => (fs.statSync(folder).mode & 0o777).toString(8);

test("state and cache are below the home folder, as XDG says, or where the user says", () => {
    expect([stateDir(), cacheDir()]).toEqual([`${dir}/.local/state/classroom`, `${dir}/.cache/classroom`]);
    Object.assign(process.env, { XDG_STATE_HOME: `${dir}/xs`, XDG_CACHE_HOME: `${dir}/xc` });
    expect([stateDir(), cacheDir()]).toEqual([`${dir}/xs/classroom`, `${dir}/xc/classroom`]);
    Object.assign(process.env, { CLASSROOM_STATE: `${dir}/ä #'%/`, CLASSROOM_CACHE: `${dir}/c ` });
    expect([stateDir(), cacheDir()]).toEqual([`${dir}/ä #'%`, `${dir}/c `]);
});

test.each([
    ["CLASSROOM_STATE", "state", '"state"; nothing was changed. Give the state folder\'s absolute path, or unset it'],
    ["CLASSROOM_STATE", "", "empty; nothing was changed. Give the state folder's absolute path, or unset it"],
    ["XDG_STATE_HOME", "x/y", '"x/y"; nothing was changed. Give the state folder\'s absolute path, or unset it'],
    ["CLASSROOM_CACHE", "./c", '"./c"; nothing was changed. Give the cache folder\'s absolute path, or unset it'],
    ["CLASSROOM_CACHE", "", "empty; nothing was changed. Give the cache folder's absolute path, or unset it"],
])("%s=%j is refused in one sentence", (name, value, words) => {
    process.env[name] = value;
    expect(name.endsWith("CACHE") ? cacheDir : stateDir).toThrow(`${name} is ${words}`);
});

test("an empty variable of XDG's is none, as its specification has it", () => {
    Object.assign(process.env, { XDG_STATE_HOME: "", XDG_CACHE_HOME: "" });
    expect([stateDir(), cacheDir()]).toEqual([`${dir}/.local/state/classroom`, `${dir}/.cache/classroom`]);
});

test("a user without a home folder is told what to set", () => {
    for (const none of ["", "/nonexistent"]) {
        process.env.HOME = none;
        expect(stateDir).toThrow(
            "this user has no home folder, so there is no place for the state folder; nothing was changed. Set HOME, or CLASSROOM_STATE",
        );
    }
    process.env.CLASSROOM_CACHE = `${dir}/c`;
    expect(cacheDir()).toBe(`${dir}/c`);
});

test.each(["a:b", 'a"b', "a\\b", "a\nb"])(
    "a cache in %j is refused, for the path goes where that is something else",
    name => {
        process.env.CLASSROOM_CACHE = path.join(dir, name);
        expect(cacheDir).toThrow(
            /^the cache folder is .*, but its path must not hold .*Name another one with CLASSROOM_CACHE$/,
        );
    },
);

test.each(["a$b", "a\nb"])("a state in %j is refused", name => {
    process.env.CLASSROOM_STATE = path.join(dir, name);
    expect(stateDir).toThrow(
        /^the state folder is .*, but its path must not hold .*Name another one with CLASSROOM_STATE$/,
    );
});

test("both are private whatever the umask, and the usual ones become so; what the user has made otherwise stays so", () => {
    for (const umask of [0o000, 0o077]) {
        const former = process.umask(umask);
        try {
            Object.assign(process.env, { CLASSROOM_STATE: `${dir}/s${umask}`, CLASSROOM_CACHE: `${dir}/c${umask}` });
            expect([modeOf(stateDir()), modeOf(ownCacheDir())]).toEqual(["700", "700"]);
        } finally {
            process.umask(former);
        }
    }
    for (const name of ["CLASSROOM_STATE", "CLASSROOM_CACHE"]) delete process.env[name];
    fs.mkdirSync(cacheDir(), { recursive: true });
    fs.chmodSync(cacheDir(), 0o755);
    expect(modeOf(ownCacheDir())).toBe("700");
    fs.mkdirSync((process.env.CLASSROOM_CACHE = `${dir}/shared`));
    fs.chmodSync(`${dir}/shared`, 0o755);
    expect(modeOf(ownCacheDir())).toBe("755");
});

test("what is another user's, or cannot be made, is refused with what to do", () => {
    process.env.CLASSROOM_CACHE = `${dir}/others`;
    fs.mkdirSync(`${dir}/others`);
    if (process.geteuid!() === 0) {
        fs.chownSync(`${dir}/others`, 4711, 4711);
        expect(ownCacheDir).toThrow(
            `the cache folder ${dir}/others belongs to another user (4711), and this one is 0; nothing was changed. Name another one with CLASSROOM_CACHE`,
        );
    }
    fs.writeFileSync(`${dir}/file`, "");
    process.env.CLASSROOM_CACHE = `${dir}/file/cache`;
    expect(ownCacheDir).toThrow(/^the cache folder .*\/file\/cache cannot be made \(.*ENOTDIR.*\)\. Name another one/);
});

test("where the folder for temporary files cannot be written to, they are beside the state", () => {
    Object.assign(process.env, { TMPDIR: `${dir}/none`, CLASSROOM_STATE: `${dir}/state` });
    const made = temporaryFolder("classroom-x-");
    expect([path.dirname(made), modeOf(made)]).toEqual([`${dir}/state/temporary`, "700"]);
    process.env.TMPDIR = dir;
    expect(path.dirname(temporaryFolder("classroom-x-"))).toBe(dir);
});

test("a checkout whose path cannot be in PATH is refused", () => {
    expect(() => checkProjectDir("/srv/a b#%'$ä")).not.toThrow();
    expect(() => checkProjectDir("/srv/a:b")).toThrow(/^the program lies in "\/srv\/a:b", .* Move it elsewhere$/);
});
