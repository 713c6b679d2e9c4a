import { filesOf } from "../../../../providers/guest/manifest/reading";

const listed = "d 755 root root 4096\0/etc\0\0f 640 root nova 7\0/etc/a\nb\0\0l 777 root root 9\0/etc/l\0/dev/null\0";
const digest = "0".repeat(64);

test("files, folders and links are what find says, with digests of any name and the immutable bit", () =>
    expect(filesOf(listed, `\\${digest} */etc/a\\nb\n`, "----i---------e------- /etc\n")).toEqual({
        "/etc": { type: "d", mode: "755", owner: "root", group: "root", immutable: true },
        "/etc/a\nb": { type: "f", mode: "640", owner: "root", group: "nova", size: 7, digest },
        "/etc/l": { type: "l", mode: "777", owner: "root", group: "root", target: "/dev/null" },
    }));

test.each([
    ["nothing", "", ""],
    ["a list that was cut off", "d 755 root root 4096\0/etc\0", ""],
    ["a find that prints what it likes", "hello\0world\0\0", ""],
    ["a sha256sum that does", listed, "hello\n"],
])("%s is refused", (_what, files, digests) => expect(() => filesOf(files, digests, "")).toThrow());
