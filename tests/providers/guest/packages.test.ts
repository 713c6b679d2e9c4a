import { spawnSync } from "child_process";
import type { Connection } from "../../../clients/connection";
import { RemoteError, type RunScript } from "../../../clients/ssh";
import { packagesHandler } from "../../../providers/guest/packages";
import { said } from "../../clients/said";

const connection = { name: "api-node", host: "192.168.122.6", port: 22 } as Connection;

/** A node whose archive has these packages, and refuses as apt-get does: all or nothing. */
function node(
    available: string[],
    complaint = (name: string) => `E: Unable to locate package ${name}`,
    sources = ["http://192.168.122.1:8090/ ./", "http://other/ubuntu precise main"],
) {
    const installed = new Set<string>();
    const run: RunScript = (_to, script) => {
        const ok = (answer: Parameters<typeof said>[0] = {}) => Promise.resolve(said(answer));
        if (script.includes("sources.list")) return ok({ archive: sources });
        const asked = /^known=\$\(dpkg-query .*' (.*) 2>/m.exec(script)?.[1]?.split(" ");
        if (asked)
            return ok({
                known: asked
                    .map(p => `${p} ${installed.has(p) ? "install ok installed" : "deinstall ok config-files"}\n`)
                    .join(""),
            });
        const [, simulated, verb, names] = /^apt (-s )?(install|remove) (.*)$/m.exec(script)!,
            wanted = names!.split(" ");
        const unknown = verb === "install" ? wanted.filter(p => !available.includes(p)) : [];
        if (unknown.length > 0)
            return Promise.reject(
                new RemoteError("api-node", {
                    stdout: "",
                    stderr: `W: something else\n${unknown.map(complaint).join("\n")}\n`,
                    code: 1,
                }),
            );
        if (!simulated)
            for (const p of wanted)
                if (verb === "install") installed.add(p);
                else installed.delete(p);
        return ok();
    };
    return { installed, handler: packagesHandler(run) };
}
const archives = "Its archives: http://192.168.122.1:8090/ ./; http://other/ubuntu precise main. ";

test.each([
    (name: string) => `E: Unable to locate package ${name}`,
    (name: string) => `E: Package '${name}' has no installation candidate`,
    (name: string) => `E: Package ${name} has no installation candidate`,
])("a package that no archive has is named with node and archives, and nothing is installed", async complaint => {
    const { installed, handler } = node(["ntp"], complaint);
    await expect(handler.create({ connection, packages: ["ntp", "nova-apy", "nova-foo"] })).rejects.toThrow(
        `api-node: no archive has "nova-apy", "nova-foo"; nothing was installed. ${archives}Correct the name, or the archive (archiveUrl)`,
    );
    expect([...installed]).toEqual([]);
});

test("what is no longer wanted stays until the rest can be had", async () => {
    const { installed, handler } = node(["ntp", "nova-api"]);
    await handler.create({ connection, packages: ["ntp"] });
    await expect(
        handler.update("", { connection, packages: ["ntp"] }, { connection, packages: ["nova-apy"] }),
    ).rejects.toThrow('api-node: no archive has "nova-apy"; nothing was installed.');
    expect([...installed]).toEqual(["ntp"]);
    await handler.update("", { connection, packages: ["ntp"] }, { connection, packages: ["nova-api"] });
    expect([...installed]).toEqual(["nova-api"]);
});

test("on a machine without an archive the error says so", async () => {
    await expect(node([], undefined, []).handler.create({ connection, packages: ["ntp"] })).rejects.toThrow(
        "nothing was installed. Its archives: none. ",
    );
});

test("several packages are dropped, found and taken away, each by its name", async () => {
    const { installed, handler } = node(["ntp", "nova-api", "nova-doc"]),
        all = { connection, packages: ["ntp", "nova-api", "nova-doc"] };
    await handler.create(all);
    await handler.update("", all, { connection, packages: ["ntp"] });
    expect([...installed]).toEqual(["ntp"]);
    expect(await handler.read("", all)).toMatchObject({ packages: ["ntp"] });
    await handler.update("", { connection, packages: ["ntp"] }, all);
    await handler.delete("", all);
    expect([...installed]).toEqual([]);
});

test("a package that was put on hold when it was removed may be installed again; what is only held stays so", async () => {
    const scripts: string[] = [];
    const handler = packagesHandler(async (_to, script) => {
        scripts.push(script);
        return { stdout: "", stderr: "", code: 0 };
    });
    await handler.update("", { connection, packages: [] }, { connection, packages: ["ntp", "nova-doc"] });
    const filter =
        /held=\$\(dpkg-query -W -f '\$\{Package\} \$\{Status\}\\n' ntp nova-doc 2> \/dev\/null \| (awk .*)\)$/m.exec(
            scripts.join("\n"),
        )?.[1];
    const held = spawnSync("sh", ["-c", filter!], {
        input: "ntp hold ok installed\nnova-doc hold ok config-files\n",
        encoding: "utf8",
    }).stdout;
    expect(held).toBe("nova-doc\n");
});

test("another failure is apt's own", async () => {
    const failed = new RemoteError("api-node", { stdout: "", stderr: "E: Could not get lock", code: 1 });
    await expect(packagesHandler(() => Promise.reject(failed)).create({ connection, packages: ["ntp"] })).rejects.toBe(
        failed,
    );
});

// apt 2.2.4 said this of such packages.
test.each([
    "Hash Sum mismatch",
    "File has unexpected size (707 != 706). Mirror sync in progress? [IP: 192.168.122.1 8090]",
])("a package that is another one than the index says is not installed: %s", async said => {
    const url = "http://192.168.122.1:8090/./nova-doc_15.1.5-1_all.deb";
    const stderr = `E: Failed to fetch ${url}  ${said}\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n`;
    const run: RunScript = () => Promise.reject(new RemoteError("api-node", { stdout: "", stderr, code: 1 }));
    await expect(packagesHandler(run).create({ connection, packages: ["nova-doc"] })).rejects.toThrow(
        new RegExp(
            `^api-node: ${url} is another file than the archive's index says \\(apt: (Hash|File) [^)]*\\); nothing was installed\\.`,
        ),
    );
});
