import * as fs from "fs";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import { RemoteError, type RunScript } from "../../../clients/ssh";
import { said } from "../../clients/said";
import { aptArchiveHandler, fileOf, keyringOf } from "../../../providers/guest/apt-archive";

const connection = { name: "db-node", host: "192.168.122.3", port: 22 } as Connection;
const key = fs.readFileSync(path.join(__dirname, "../../data/archive-key.asc"), "utf8");
const inputs = { connection, archive: "openstack", line: "deb http://192.168.122.1:8090/ ./", key };
const [list, keyring] = [fileOf("openstack"), keyringOf("openstack")];

/** A node with files, whose apt says something when it reads the index. */
function node(aptSays = "") {
    const files = new Map<string, { content: string; attributes: string }>(),
        order: string[] = [],
        asked: string[] = [];
    const run: RunScript = (_to, script, options) => {
        const ok = (stdout = "") => Promise.resolve({ stdout, stderr: "", code: 0 });
        const written = /mv -fT new '(\S+)'; cd \/$/.exec(script)?.[1];
        if (written) {
            files.set(written, { content: String(options?.input), attributes: "644:root:root" });
            order.push(written);
            asked.push(written);
            return ok();
        }
        if (/^(try_)?apt /m.test(script)) asked.push("apt");
        const looked = /^\[ -f '(\S+)' \]/m.exec(script)?.[1];
        if (looked) {
            const file = files.get(looked);
            return Promise.resolve(
                said(file ? { file: `${file.content.length}:${file.attributes}`, content: file.content } : {}),
            );
        }
        if (script.startsWith("rm -f ")) for (const name of script.match(/[^' ]+/g) ?? []) files.delete(name);
        return script.includes("apt update") && aptSays !== ""
            ? Promise.reject(new RemoteError("db-node", { stdout: "", stderr: aptSays, code: 1 }))
            : ok();
    };
    return { files, order, asked, handler: aptArchiveHandler(run) };
}

test("the machine has the key before the line, which names it and trusts no other", async () => {
    const { files, order, handler } = node();
    await handler.create(inputs);
    expect(order).toEqual([keyring, list]);
    expect(files.get(list)!.content).toBe(
        "deb [signed-by=/etc/apt/keyrings/openstack.asc] http://192.168.122.1:8090/ ./\n",
    );
    expect(files.get(keyring)!.content).toBe(key);
});

test("options of a line stay beside the key", async () => {
    const { files, handler } = node();
    await handler.create({ ...inputs, line: "deb [arch=amd64] http://a ./" });
    expect(files.get(list)!.content).toBe("deb [signed-by=/etc/apt/keyrings/openstack.asc arch=amd64] http://a ./\n");
});

test("what was made is read as it was asked for", async () => {
    const { handler } = node();
    await handler.create(inputs);
    expect(await handler.read("", inputs)).toEqual(inputs);
});

test.each([
    ["no line", (files: Map<string, unknown>) => void files.delete(list), undefined],
    ["no key", (files: Map<string, unknown>) => void files.delete(keyring), { key: "none" }],
    [
        "another key",
        (files: Map<string, unknown>) => void files.set(keyring, { content: "other\n", attributes: "644:root:root" }),
        { key: "another one" },
    ],
    [
        "a key that others can write",
        (files: Map<string, unknown>) => void files.set(keyring, { content: key, attributes: "666:root:root" }),
        { key: "the key, in a file of root:root with mode 0666" },
    ],
    [
        "a line that trusts everybody",
        (files: Map<string, unknown>) =>
            void files.set(list, { content: "deb [trusted=yes] http://a ./\n", attributes: "644:root:root" }),
        { line: "deb [trusted=yes] http://a ./" },
    ],
])("drift is told: %s", async (_what, change, told) => {
    const { files, handler } = node();
    await handler.create(inputs);
    change(files);
    expect(await handler.read("", inputs)).toEqual(told && { ...inputs, ...told });
});

test("an archive that was recorded without a key is read without one", async () => {
    const { files, handler } = node();
    const { key: _none, ...former } = { ...inputs, line: "deb [trusted=yes] http://192.168.122.1:8090/ ./" };
    files.set(list, { content: `${former.line}\n`, attributes: "644:root:root" });
    expect(await handler.read("", former)).toEqual(former);
});

test("line and key go together", async () => {
    const { files, handler } = node();
    await handler.create(inputs);
    await handler.delete("", inputs);
    expect([...files.keys()]).toEqual([]);
});

const [sources, settings] = ["/etc/apt/sources.list", "/etc/apt/apt.conf.d/95classroom"];
const system = {
    ...inputs,
    base: "deb http://old-releases.ubuntu.com/ubuntu precise main universe\n",
    settings: 'APT::Periodic::Enable "0";\n',
};

test("what apt goes by is there before anything is installed", async () => {
    const { order, asked, handler } = node();
    await handler.create({ ...system, keyringPackage: "ubuntu-cloud-keyring" });
    expect(order).toEqual([settings, sources, keyring, list]);
    expect(asked.slice(0, 3)).toEqual([settings, sources, "apt"]);
});

test("the system's archives and the settings are read as they were asked for", async () => {
    const { files, handler } = node();
    await handler.create(system);
    expect([files.get(sources)!.content, files.get(settings)!.content]).toEqual([system.base, system.settings]);
    expect(await handler.read("", system)).toEqual(system);
});

test.each([
    ["base", sources],
    ["settings", settings],
] as const)("drift is told of %s", async (part, file) => {
    const { files, handler } = node();
    await handler.create(system);
    files.set(file, { content: "other\n", attributes: "644:root:root" });
    expect(await handler.read("", system)).toEqual({ ...system, [part]: "other\n" });
    files.delete(file);
    expect(await handler.read("", system)).toEqual({ ...system, [part]: "none" });
});

test("a sources.list that nobody asked for stays as it is", async () => {
    const { files, handler } = node();
    files.set(sources, { content: "its own\n", attributes: "644:root:root" });
    await handler.create(inputs);
    await handler.delete("", inputs);
    expect(files.get(sources)!.content).toBe("its own\n");
});

test("other settings alone are no reason to read the index again and to upgrade", async () => {
    const { files, asked, handler } = node();
    await handler.update("", system, { ...system, settings: "other\n" });
    expect(files.get(settings)!.content).toBe("other\n");
    expect(asked).not.toContain("apt");
});

test.each([
    ["line", { line: "deb http://b ./" }],
    ["base", { base: "deb http://b precise main\n" }],
])("another %s is, whatever else changes", async (_part, change) => {
    const { asked, handler } = node();
    await handler.update("", system, { ...system, settings: "other\n", ...change });
    expect(asked).toContain("apt");
});

test("settings that are wanted no more are taken away", async () => {
    const { files, handler } = node();
    await handler.create(system);
    const { settings: _none, ...without } = system;
    await handler.update("", system, without);
    expect(files.has(settings)).toBe(false);
});

const words = (reason: string, by = "the key that it has to be signed by") =>
    `db-node: the package archive http://192.168.122.1:8090/ is not signed by ${by} (apt: ${reason}); nothing was installed from it. `;
// apt 2.2.4 said this of such archives.
test.each([
    [
        "signed by another key",
        "W: GPG error: http://192.168.122.1:8090 ./ InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 4D2C24677AD9C932\nE: The repository 'http://192.168.122.1:8090 ./ InRelease' is not signed.\n",
        "NO_PUBKEY 4D2C24677AD9C932",
    ],
    [
        "changed after it was signed",
        "W: An error occurred during the signature verification. The repository is not updated and the previous index files will be used. GPG error: http://192.168.122.1:8090 ./ InRelease: The following signatures were invalid: BADSIG 4D2C24677AD9C932 Package archive of a lab\nW: Failed to fetch http://192.168.122.1:8090/./InRelease  The following signatures were invalid: BADSIG 4D2C24677AD9C932 Package archive of a lab\nW: Some index files failed to download. They have been ignored, or old ones used instead.\n",
        "BADSIG 4D2C24677AD9C932 Package archive of a lab",
    ],
    [
        "not signed",
        "E: The repository 'http://192.168.122.1:8090 ./ Release' is not signed.\n",
        "it has no signature that fits",
    ],
])("an archive that is %s is refused in one sentence", async (_what, said, reason) => {
    await expect(node(said).handler.create(inputs)).rejects.toThrow(words(reason));
});

test("an archive without a key of its own has to be signed by one that the machine knows", async () => {
    const { key: _none, ...without } = inputs;
    await expect(node("E: The repository 'http://a Release' is not signed.").handler.create(without)).rejects.toThrow(
        words("it has no signature that fits", "a key that the machine knows"),
    );
});

test("other words of apt's are left as they are", async () => {
    const said = "E: Could not get lock /var/lib/dpkg/lock-frontend";
    await expect(node(said).handler.update("", inputs, inputs)).rejects.toThrow(`db-node: ${said}`);
});
