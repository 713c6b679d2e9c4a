import * as fs from "fs";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import { containerHandler } from "../../../providers/machine/container";
import { type ContainerDomain, domainXml, rootsDir } from "../../../providers/machine/container-xml";
import { said } from "../../clients/said";
import { localHost } from "./local-host";

const host = localHost({});
afterAll(() => host.remove());

const domain: ContainerDomain = { name: "db-node", memoryMiB: 512, cpus: 1, interfaces: [], devices: [] };
const key = { path: "/etc/ssh/ssh_host_ed25519_key", content: "the key\n", mode: "0600" };
const inputs = {
    ...domain,
    connection: { name: "host central" } as Connection,
    lower: ["/srv/golden"],
    files: [],
    secretFiles: [key],
    power: "off" as const,
};

/** A host with the container defined and off; what else is run is run here, below a folder of the test's own. */
const handler = (ran: string[] = []) =>
    containerHandler(async (to, script, options) => {
        if (script.includes("dumpxml"))
            return said({
                xml: domainXml(inputs).replace(
                    "<memory",
                    "<uuid>45f1bb80-e196-44d1-a50e-0aeaa4129b90</uuid>\n  <memory",
                ),
                state: "shut off",
            });
        ran.push(script);
        return await host.run(to, script.split(rootsDir).join(host.dir), options);
    });

const seeded = path.join(host.dir, "db-node/upper", key.path);
beforeEach(() => fs.mkdirSync(path.dirname(seeded), { recursive: true }));

test("one that is there with the same keys is taken in: nothing is written", async () => {
    fs.writeFileSync(seeded, key.content);
    const ran: string[] = [];
    expect((await handler(ran).create(inputs)).id).toContain("45f1bb80-e196-44d1-a50e-0aeaa4129b90");
    expect(ran.filter(script => /define|start|rm -rf/.test(script))).toEqual([]);
});

test.each([
    ["another key", "another\n"],
    ["none", undefined],
])("one that is there with %s is refused, and not what it has is shown but where", async (_title, content) => {
    fs.rmSync(seeded, { force: true });
    if (content !== undefined) fs.writeFileSync(seeded, content);
    await expect(handler().create(inputs)).rejects.toThrow(
        /^host central: the container db-node \(45f1bb80-e196-44d1-a50e-0aeaa4129b90\) is there without being in the state, and has another \/etc\/ssh\/ssh_host_ed25519_key than the state wants; it was left as it is\. Put the state .* or remove it: virsh /,
    );
});

test("of several keys all that are others are named", async () => {
    fs.writeFileSync(seeded, "another\n");
    const keys = [{ ...key, path: `${key.path}.none` }, key];
    const { create } = containerHandler(async (to, script, options) =>
        script.includes("dumpxml")
            ? said({ xml: domainXml(inputs), state: "shut off" })
            : await host.run(to, script.split(rootsDir).join(host.dir), options),
    );
    await expect(create({ ...inputs, secretFiles: keys })).rejects.toThrow(
        `has another ${key.path}.none, ${key.path} than the state wants`,
    );
});
