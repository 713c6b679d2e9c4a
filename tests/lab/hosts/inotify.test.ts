import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { putBack, raiseInotify } from "../../../lab/hosts/inotify";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-inotify-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));
const files = { limit: path.join(dir, "limit"), kept: path.join(dir, "kept"), labs: (): string[] => labs };
let labs: string[];
const limit = (value?: string): string => {
    if (value !== undefined) fs.writeFileSync(files.limit, value);
    return fs.readFileSync(files.limit, "utf8").trim();
};
beforeEach(() => {
    labs = [];
    limit("128\n");
    fs.rmSync(files.kept, { force: true });
});

test("the limit is raised once, and put back by the last lab alone", () => {
    expect(raiseInotify(files)).toMatch(/is 1024 in place of 128, until its last lab is down$/);
    expect(raiseInotify(files)).toBeUndefined();
    labs = ["classroom-lab-1"];
    expect(putBack(files)).toBeUndefined();
    expect(limit()).toBe("1024");
    labs = [];
    expect(putBack(files)).toMatch(/is 128 again$/);
    expect([limit(), fs.existsSync(files.kept)]).toEqual(["128", false]);
    expect(putBack(files)).toBeUndefined();
});

test("one who was ended by force after it was kept, or after it was raised, left what is put back", () => {
    fs.writeFileSync(files.kept, "128\n");
    expect(raiseInotify(files)).toBeDefined();
    expect(putBack(files)).toMatch(/is 128 again$/);
});

test("a limit that somebody else has set since stays", () => {
    raiseInotify(files);
    limit("4096\n");
    expect(putBack(files)).toBeUndefined();
    expect([limit(), fs.existsSync(files.kept)]).toEqual(["4096", false]);
});

test("one that is high enough is left alone", () => {
    limit("8192\n");
    expect(raiseInotify(files)).toBeUndefined();
    expect(fs.existsSync(files.kept)).toBe(false);
});
