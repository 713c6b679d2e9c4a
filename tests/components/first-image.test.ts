import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { withFirstImage, withImageAnywhere } from "../../components/first-image";
import { readSettings } from "../../config/settings";
import { releaseOf } from "../../releases";
import { type download, NotReached } from "../../system/download";

const cache = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-first-image-"));
const before = process.env.CLASSROOM_CACHE;
beforeAll(() => (process.env.CLASSROOM_CACHE = cache));
afterAll(() => {
    if (before === undefined) delete process.env.CLASSROOM_CACHE;
    else process.env.CLASSROOM_CACHE = before;
    fs.rmSync(cache, { recursive: true });
});

const hosts = { central: { address: "a.example.org" }, compute: { address: "b.example.org" } };
const team = (own: object = {}) => readSettings("team01", { number: 1, hosts, ...own });
const { sha256, url } = releaseOf("grizzly").image!;
const unasked: typeof download = () => Promise.reject(new Error("nothing was to be fetched"));

test("the tutorial's image, from the tutorial's address", () => {
    const listing = fs.readFileSync(path.join(__dirname, "../data/tutorial/commands.txt"), "utf8");
    expect(listing).toContain(`--file ${path.basename(url)}`);
    expect(url).toMatch(/^https:\/\/launchpad\.net\/cirros\/trunk\/0\.3\.0\//);
});

test("a team's stack without an image gets the release's own once, and then has it", async () => {
    const asked: string[] = [];
    const settings = await withFirstImage(team(), (pinned, file) => {
        asked.push(pinned.url, pinned.sha256);
        fs.writeFileSync(file, "cirros");
        return Promise.resolve();
    });
    expect(asked).toEqual([url, sha256]);
    expect(settings.image!.sha256).toBe(sha256);
    expect(path.basename(settings.image!.file)).toBe("cirros-0.3.0-x86_64-disk.img");
    expect(fs.readFileSync(settings.image!.file, "utf8")).toBe("cirros");
    expect((await withFirstImage(team(), unasked)).image).toEqual(settings.image);
});

test.each([
    [
        "an image of its own",
        { image: { file: "/own.img", sha256: "0".repeat(64) } },
        { file: "/own.img", sha256: "0".repeat(64) },
    ],
    ["no image-node yet", { upTo: "auth-node" }, undefined],
    ["another release, which has none", { release: "ocata" }, undefined],
])("a stack with %s is left as it is", async (_what, own, image) => {
    expect((await withFirstImage(team(own), unasked)).image).toEqual(image);
    expect(withImageAnywhere(team(own)).image).toEqual(image);
});

test("one that cannot be fetched: why, and how to bring the file", async () => {
    fs.rmSync(path.join(cache, "image"), { recursive: true, force: true });
    const unreached: typeof download = () => Promise.reject(new NotReached("launchpad.net has no address"));
    await expect(withFirstImage(team(), unreached)).rejects.toThrow(
        `image: ${url}, the first image of release grizzly, cannot be fetched (launchpad.net has no address); nothing was changed. ` +
            `Run this again; or get it on another machine, and name the file in the stack's configuration: image, with file, and sha256 ${sha256}`,
    );
});

test("render names a file that is the same on every machine", () => {
    expect(withImageAnywhere(team()).image).toEqual({
        file: "~/.cache/classroom/cirros-0.3.0-x86_64-disk.img",
        sha256,
    });
});
