import { fetchedFields, fetchedFor, fetchedLacks, fetchedScript, releaseFiles } from "../../../cli/hosts/host-archives";
import { readSettings } from "../../../config/settings";
import { bareHost, withShell } from "./bare-host";

const settings = (own: object = {}) =>
    readSettings("team01", { number: 1, hosts: { central: { address: "a" }, compute: { address: "b" } }, ...own });
const archive = {
        key: "archiveUrl",
        what: "the package archive of x",
        urls: ["http://x/InRelease", "http://x/Release"],
    },
    image = { key: "goldenImage.url", what: "the image", urls: ["https://y/it's.img"] };

async function said(programs: Record<string, string>, fetched = [archive, image]): Promise<string[]> {
    const host = bareHost(programs);
    try {
        return (await host.ask(withShell(fetchedScript(fetched)), fetchedFields)).fetched.sort();
    } finally {
        host.remove();
    }
}
/** curl, with an answer for each address by its end. */
const curl = (answers: string) =>
    `for u; do :; done; printf '%s\\n' "$u" >> "$LOG"; case $u in ${answers} *) printf ' 404' ;; esac`;

test("the files of an archive's suite, and of one without suites", () => {
    expect(releaseFiles("deb http://a/ubuntu precise-updates/grizzly main")).toEqual([
        "http://a/ubuntu/dists/precise-updates/grizzly/InRelease",
        "http://a/ubuntu/dists/precise-updates/grizzly/Release",
    ]);
    expect(releaseFiles("deb [trusted=yes] http://a/b/ ./")).toEqual(["http://a/b/InRelease", "http://a/b/Release"]);
});

const base = "http://old-releases.ubuntu.com/ubuntu/dists";

test("a stack's archives and image are asked for; the image of one that has no virtual machines not", () => {
    const of = (own: object, address?: string) =>
        fetchedFor(settings(own), address).map(({ key, urls }) => [key, urls.at(-1)]);
    const archives = [
        ["baseArchiveUrl", `${base}/precise/Release`],
        ["baseArchiveUrl", `${base}/precise-updates/Release`],
        ["baseArchiveUrl", `${base}/precise-security/Release`],
        ["archiveUrl", "http://a/u/dists/precise-updates/grizzly/Release"],
    ];
    expect(of({ archiveUrl: "http://a/u" }, "http://i/x.img")).toEqual([
        ...archives,
        ["goldenImage.url", "http://i/x.img"],
    ]);
    expect(of({ archiveUrl: "http://a/u" })).toEqual(archives);
});

test("archives are asked for by the way of the nodes' proxy, the image is not", async () => {
    const fetched = fetchedFor(settings({ aptProxy: "http://cache:3142" }), "http://i/x.img");
    expect(fetched.map(({ proxy }) => proxy)).toEqual([...Array(4).fill("http://cache:3142"), undefined]);
    const host = bareHost({ curl: `printf '%s ' "\${http_proxy-none}" >> "$LOG"; printf ' 200'` });
    try {
        await host.ask(withShell(fetchedScript(fetched)), fetchedFields);
        expect(host.said().trim().split(" ").sort()).toEqual([...Array(4).fill("http://cache:3142"), "none"]);
    } finally {
        host.remove();
    }
});

test("what the cloud's own networks or the host itself have is not asked for", () => {
    expect(
        fetchedFor(
            settings({ archiveUrl: "http://192.168.122.1:8090/", baseArchiveUrl: "http://10.0.0.9/u" }),
            "file:///srv/x.img",
        ),
    ).toEqual([]);
});

test("what is served is told as that", async () => {
    expect(await said({ curl: curl("http*) printf ' 200' ;;") })).toEqual(["0 ok", "1 ok"]);
});

test("one of an archive's files is enough", async () => {
    expect(await said({ curl: curl("*/Release | *.img) printf ' 200' ;;") })).toEqual(["0 ok", "1 ok"]);
});

test("a server's refusal, and why there is no answer", async () => {
    const none = "*.img) echo 'curl: (6) Could not resolve host: y' >&2; printf ' 000'; exit 6 ;;";
    expect(await said({ curl: curl(none) })).toEqual(["0 404", "1 curl: (6) Could not resolve host: y "]);
});

test.each([
    [0, "ok"],
    [4, "no connection"],
    [8, "an error of the server's"],
    [5, "wget ended with code 5"],
])("wget, where there is no curl: %s is %s", async (code, words) => {
    expect(await said({ wget: `exit ${code}` }, [image])).toEqual([`0 ${words}`]);
});

test("a host with neither says nothing", async () => {
    expect(await said({})).toEqual([]);
});

test("an address is one word of the shell, whatever is in it", async () => {
    const host = bareHost({ curl: curl("*) printf ' 200' ;;") });
    try {
        await host.ask(withShell(fetchedScript([image])), fetchedFields);
        expect(host.said()).toBe("https://y/it's.img\n");
    } finally {
        host.remove();
    }
});

test("a server that does not answer is not waited for again, for another file", async () => {
    const host = bareHost({ curl: curl("*) echo 'curl: (28) timed out' >&2; printf ' 000' ;;") });
    try {
        await host.ask(withShell(fetchedScript([archive])), fetchedFields);
        expect(host.said()).toBe("http://x/InRelease\n");
    } finally {
        host.remove();
    }
});

test("they are asked for at once", async () => {
    const start = Date.now();
    await said({ curl: "sleep 1; printf ' 200'" }, [image, image, image]);
    expect(Date.now() - start).toBeLessThan(2500);
});

test("what cannot be fetched: what it is, from where, why, and the key that names another place", () => {
    expect(fetchedLacks([archive, image], ["0 404", "1 curl: (6) Could not resolve host: y"])).toEqual([
        "it cannot fetch the package archive of x from http://x/Release (the server answers 404): let it reach that address, or set archiveUrl to one that serves it",
        "it cannot fetch the image from https://y/it's.img (curl: (6) Could not resolve host: y): let it reach that address, or set goldenImage.url to one that serves it",
    ]);
});

test("what is fetched through a proxy may be the proxy's fault", () => {
    expect(fetchedLacks([{ ...archive, proxy: "http://cache:3142" }], ["0 503"])).toEqual([
        "it cannot fetch the package archive of x from http://x/Release (the server answers 503): let it reach that address, or set archiveUrl or aptProxy to one that serves it",
    ]);
});

test("an answer about what was not asked for is none", () => {
    expect(fetchedLacks([archive], ["7 404", "0 ok"])).toEqual([]);
});

test.each(["say fetched 'x 404'", "say fetched \"$(printf '0 a\\033b')\"", "say fetched '100 404'"])(
    "%s is no answer",
    async script => {
        const host = bareHost({});
        try {
            await expect(host.ask(script, fetchedFields)).rejects.toThrow(/^host a: its answer is not understood: /);
        } finally {
            host.remove();
        }
    },
);
