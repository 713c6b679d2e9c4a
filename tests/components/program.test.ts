import { createHash } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { setMocks } from "../../engine/mocks";
import { utils } from "ssh2";
import * as yaml from "yaml";
import { program } from "../../components/team-cloud";
import { newKey } from "../clients/keys";

// jest's process.env is a copy, which the system's own idea of a home does not see.
jest.mock("os", () => ({ ...jest.requireActual<typeof os>("os"), homedir: () => process.env.HOME }));

const root = path.resolve(__dirname, "../.."),
    project = "gridka-cloud-classroom";
const home = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-program-"));
const before = { HOME: process.env.HOME, CLASSROOM_STATE: process.env.CLASSROOM_STATE };
const words = (key: { public: string }) => key.public.split(" ").slice(0, 2).join(" ");

/** A home with what both stacks look up: the operator's key, the course's hosts in known_hosts, and a lab that seems up. */
beforeAll(() => {
    process.env.HOME = home;
    process.env.CLASSROOM_STATE = path.join(home, "state");
    const write = (file: string, text: string) => {
        fs.mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
        fs.writeFileSync(path.join(home, file), text, { mode: 0o600 });
    };
    write(".ssh/id_rsa", utils.generateKeyPairSync("rsa", { bits: 2048 }).private);
    write(".ssh/known_hosts", [125, 126].map(n => `[gks-${n}.scc.kit.edu]:24 ${words(newKey())}\n`).join(""));
    write("state/labs/lab/operator.key", newKey().private);
    const host = (address: string) => ({ address, port: 24, hostKey: words(newKey()) });
    const lab = path.join(home, "state/labs/lab");
    write(
        "state/labs/lab/lab.json",
        JSON.stringify({
            operatorKeyFile: path.join(lab, "operator.key"),
            knownHostsFile: path.join(lab, "known_hosts"),
            hosts: { central: host("192.0.2.1"), compute: host("192.0.2.2") },
        }),
    );
});
afterAll(() => {
    for (const [name, value] of Object.entries(before))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    fs.rmSync(home, { recursive: true });
});

const { MockMonitor } = require("@pulumi/pulumi/runtime/mocks") as {
    MockMonitor: { prototype: { registerResource(...args: unknown[]): unknown } };
};
const original = MockMonitor.prototype.registerResource;

/** What the last program registered, be it that it failed. */
let asked: Record<string, unknown>;

/** What a program registers with the stack's own configuration: every request to the engine, by URN. What the engine does with them is not shown. */
async function registered(
    stack: string,
    run: () => unknown,
    own: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
    const file = yaml.parse(fs.readFileSync(path.join(root, `Pulumi.${stack}.yaml`), "utf8")) as {
        config: Record<string, unknown>;
    };
    const { config: declared } = yaml.parse(fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as {
        config: Record<string, { default: unknown }>;
    };
    // The engine puts the project's defaults in.
    const config = {
        ...Object.fromEntries(
            Object.entries(declared).map(([key, { default: value }]) => [`${project}:${key}`, value]),
        ),
        ...file.config,
        ...own,
    };
    const seen: Record<string, unknown> = {};
    asked = seen;
    await setMocks(
        {
            newResource: args => ({
                id: `${args.name}-id`,
                state: {
                    ...args.inputs,
                    ...(args.type.endsWith("machine:HostKey") && {
                        publicKey: "ssh-ed25519 HOST",
                        privateKey: "PRIVATE",
                    }),
                    ...(args.type.endsWith("keystone:Ec2Credential") && { access: "ACCESS", secret: "SECRET" }),
                },
            }),
            call: args => args.inputs,
        },
        project,
        stack,
    );
    const request = jest.spyOn(MockMonitor.prototype, "registerResource").mockImplementation(function (
        this: object,
        ...args: unknown[]
    ) {
        // Where in the source it was registered is no part of what is asked for.
        const {
            sourceposition: _position,
            stacktrace: _trace,
            ...request
        } = (args[0] as { toObject(): Record<string, unknown> }).toObject();
        seen[`${request.parent}$${request.type}::${request.name}`] = request;
        return original.apply(this, args);
    });
    pulumi.runtime.setAllConfig(
        Object.fromEntries(
            Object.entries(config).map(([key, value]) => [
                key,
                typeof value === "string" ? value : JSON.stringify(value),
            ]),
        ),
    );
    // As both of the engine's ways to run a program do it: the exported function is called within the stack.
    let failure: unknown;
    await pulumi.runtime.runInPulumiStack(async () => {
        try {
            return await (run() as () => Promise<Record<string, unknown>>)();
        } catch (e) {
            failure = e;
            return {};
        }
    });
    await pulumi.runtime.disconnect();
    request.mockRestore();
    // What was thrown, whatever it is.
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    if (failure) throw failure;
    return seen;
}

/** An image that is here, in place of one that would be fetched. */
const ownImage = () => {
    const file = path.join(home, "instance.qcow2");
    fs.writeFileSync(file, "QFI\xfb", "latin1");
    return { [`${project}:image`]: { file, sha256: createHash("sha256").update(fs.readFileSync(file)).digest("hex") } };
};

test.each(["lab", "team01"])(
    "%s: `pulumi up` with index.ts and the command line register the same resources, inputs and options",
    async stack => {
        const plain = await registered(stack, () => require("../.."), ownImage());
        const inline = await registered(stack, () => program, ownImage());
        expect(Object.keys(plain).length).toBeGreaterThan(15);
        expect(Object.keys(inline).sort()).toEqual(Object.keys(plain).sort());
        expect(inline).toEqual(plain);
        expect(Object.values(plain).find(r => (r as { custom: boolean }).custom)).toMatchObject({
            parent: expect.stringContaining("cloud"),
            provider: expect.anything(),
            dependenciesList: expect.anything(),
            object: expect.anything(),
        });
    },
);

test("a virtual machine that is there is not replaced because it was made with another display", async () => {
    const all = Object.values(await registered("team01", () => program, ownImage())) as {
        type: string;
        ignorechangesList: string[];
    }[];
    const domains = all.filter(r => r.type === "libvirt:index/domain:Domain");
    expect(domains).toHaveLength(16);
    for (const domain of domains) expect(domain.ignorechangesList).toContain("graphics");
});

test("what is on a host comes after its clock, what is in a virtual machine after that one's", async () => {
    const all = Object.values(await registered("lab", () => program)) as { name: string; dependenciesList: string[] }[];
    const after = (name: string) =>
        all
            .find(r => r.name === name)!
            .dependenciesList.flatMap(urn => /::(cloud-[a-z-]+-(?:clock|ground))$/.exec(urn)?.[1] ?? []);
    for (const machine of ["db-node", "api-node", "volume-node"])
        expect(after(`cloud-${machine}`)).toEqual(["cloud-hosts-central-clock"]);
    expect(after("cloud-compute-1")).toEqual(["cloud-hosts-compute-clock"]);
    for (const inside of ["names", "archive", "packages", "cinder-conf", "cinder-api"])
        expect(after(`cloud-volume-${inside}`)).toEqual(["cloud-volume-node-ground"]);
    expect(after("cloud-volume-node-ground")).toEqual(["cloud-volume-node-clock"]);
});

test("db-node is recorded when those that make its tables are made: what is recorded before has none", async () => {
    const all = Object.values(await registered("lab", () => program)) as { name: string; dependenciesList: string[] }[];
    const after = (name: string) => all.find(r => r.name === name)!.dependenciesList.map(urn => urn.split("::").pop());
    expect(after("cloud-db-node-baseline")).toEqual(
        expect.arrayContaining([
            "cloud-auth-openrc",
            "cloud-image-glance-api",
            "cloud-volume-cinder-api",
            "cloud-api-nova-cell1",
        ]),
    );
    expect(after("cloud-compute-1-baseline")).not.toContain("cloud-api-nova-cell1");
});

test.each([
    [
        "a key that there is not",
        { machne: "vm" },
        /^the configuration of stack team01 has a mistake; nothing was changed\n  machne: there is no such key; allowed are lab, number, /,
    ],
    [
        "an image with another checksum",
        { image: { file: "~/.ssh/id_rsa", sha256: "0".repeat(64) } },
        /^image: ~\/\.ssh\/id_rsa has the SHA-256 [0-9a-f]{64}, wanted: 0{64}; it is not used\. Get the file again, or correct sha256; nothing was changed$/,
    ],
    [
        "an image of another format",
        { image: { file: __filename, sha256: createHash("sha256").update(fs.readFileSync(__filename)).digest("hex") } },
        /^image: \/.*program\.test\.ts is not of the format qcow2; it is not used; nothing was changed$/,
    ],
    [
        "an image that is not there",
        { image: { file: "~/nonesuch", sha256: "0".repeat(64) } },
        /^image: the image file cannot be read: ENOENT.*nonesuch'; nothing was changed$/,
    ],
])("%s: plain `pulumi` is told as well, before a resource is asked for", async (_title, own, message) => {
    await expect(
        registered(
            "team01",
            () => require("../.."),
            Object.fromEntries(Object.entries(own).map(([key, value]) => [`${project}:${key}`, value])),
        ),
    ).rejects.toThrow(message);
    expect(Object.keys(asked).filter(urn => !urn.includes("pulumi:pulumi:Stack"))).toEqual([]);
});
