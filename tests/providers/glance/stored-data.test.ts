import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import { foundWrong, MOST_BYTES, putBack, whole } from "../../../providers/glance/stored-data";
import { localHost } from "../machine/local-host";

const data = Buffer.from("QFI\xfb\0 an image\0", "latin1");
// Who is no root finds a folder without the right to enter where the test says so.
const host = localHost({
    su: '[ ! -e "$ROOT/no-folder" ] || case $4 in "[ ! -x "*) exit 0 ;; esac; [ ! -e "$ROOT/kept-out" ] && sh -c "$4"',
    chown: "",
});
afterAll(() => host.remove());
const store = { name: "image-node" } as Connection,
    facts = { size: data.length, checksum: createHash("md5").update(data).digest("hex") },
    file = path.join(host.dir, "cirros.img"),
    inStore = "var/lib/glance/images/one";
const found = () => foundWrong(host.run, store, "one", facts);

beforeEach(() => {
    fs.writeFileSync(file, data);
    fs.rmSync(path.join(host.dir, "var/lib"), { recursive: true, force: true });
    fs.rmSync(path.join(host.dir, "kept-out"), { force: true });
    host.put(inStore, "");
    fs.writeFileSync(path.join(host.dir, inStore), data);
});

test("the bytes of an image that nobody touched are whole", async () => expect(await found()).toBe(whole));

test.each([
    ["cut off", "QFI", `have 3 bytes instead of ${data.length}`],
    ["overwritten", "x".repeat(data.length), "are others than those that were put in"],
])("bytes that were %s are found", async (_what, content, wrong) => {
    host.put(inStore, content);
    expect(await found()).toBe(wrong);
});

test("bytes that glance cannot read are found", async () => {
    host.put("kept-out", "");
    expect(await found()).toBe("cannot be read by glance");
});

test("a folder that glance may not enter is another's finding", async () => {
    host.put("no-folder", "");
    host.put("kept-out", "");
    expect(await found()).toBe(whole);
    fs.rmSync(path.join(host.dir, "no-folder"));
});

test("of a store that is elsewhere nothing is known", async () => {
    fs.rmSync(path.join(host.dir, inStore));
    expect(await found()).toBeUndefined();
});

test.each(["are gone", "are others"])("bytes that %s come back under their id; others go aside", async state => {
    if (state === "are gone") fs.rmSync(path.join(host.dir, "var/lib"), { recursive: true });
    else host.put(inStore, "other");
    await putBack(host.run, store, "one", file);
    expect(fs.readFileSync(path.join(host.dir, inStore))).toEqual(data);
    expect(fs.readdirSync(path.join(host.dir, "var/lib/glance/images"))).toEqual(["one"]);
    expect(fs.statSync(path.join(host.dir, inStore)).mode & 0o777).toBe(0o640);
    const aside = path.join(host.dir, "var/lib/classroom/aside");
    const [at] = fs.existsSync(aside) ? fs.readdirSync(aside) : [];
    if (state === "are gone") expect(at).toBeUndefined();
    else expect(fs.readFileSync(path.join(aside, at!, inStore), "utf8")).toBe("other");
});

test("what goes through ssh at once has a bound", () => expect(MOST_BYTES).toBeLessThan(100 << 20));

test("a link to nowhere in the folder's place goes aside", async () => {
    const images = path.join(host.dir, "var/lib/glance/images"),
        file = path.join(host.dir, "image.qcow2");
    fs.rmSync(images, { recursive: true, force: true });
    fs.symlinkSync("/nowhere", images);
    fs.writeFileSync(file, "data");
    await putBack(host.run, store, "one", file);
    expect([fs.lstatSync(images).isDirectory(), fs.readFileSync(path.join(images, "one"), "utf8")]).toEqual([
        true,
        "data",
    ]);
});
