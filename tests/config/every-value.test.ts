import * as fc from "fast-check";
import * as yaml from "yaml";
import { noMachine } from "../../cli/stack/placeholders";
import { configuredIn, settingsFrom } from "../../cli/stack/reach";
import { programOf } from "../../cli/render/program";
import { inWords } from "../../cli/render/program-text";
import { formsOf } from "../../cli/shell/redact";
import { readSettings, settingKeys } from "../../config/settings";
import { credentialNames } from "../../config/credentials";
import { networkNames } from "../../config/nodes";
import { hostKeys } from "../clients/keys";

type Given = Record<string, unknown>;
type Path = readonly string[];

/** A value for every key that there is; apart are `lab`, which stands for others, and `archiveKey`, which this release has not. */
const base: Given = {
    number: 1,
    release: "grizzly",
    hosts: {
        central: {
            address: "central.example.org",
            port: 24,
            hostKey: hostKeys.central,
            jump: {
                address: "bastion.example.org",
                port: 22,
                user: "ada",
                hostKey: hostKeys.compute,
                sshKeyFile: "/keys/bastion",
            },
        },
        compute: { address: "compute.example.org", port: 24, hostKey: hostKeys.compute },
    },
    sshKeyFile: "/keys/operator",
    knownHostsFile: "/keys/known_hosts",
    machine: "vm",
    training: true,
    baseline: "off",
    hypervisor: "kvm",
    libvirtType: "qemu",
    upTo: "compute-2",
    nodes: {
        "api-node": {
            kind: "vm",
            power: "on",
            generation: 2,
            options: { "nova-conf": { DEFAULT: { some_option: "some value" } } },
        },
        "volume-node": { dataGeneration: 2 },
    },
    networks: {
        nat: "192.168.122.0/24",
        internal: "10.0.0.0/24",
        public: "172.16.0.0/16",
        fixed: "10.99.0.0/22",
        floating: "172.16.1.0/24",
    },
    uplinks: {
        internal: {
            vxlan: {
                id: 7,
                port: 4789,
                mtu: 1400,
                between: { central: "one.example.org", compute: "two.example.org" },
            },
        },
        private: { vlan: { nic: "eno2", id: 8 } },
    },
    archiveUrl: "http://archive.example.org/ubuntu",
    baseArchiveUrl: "http://mirror.example.org/precise",
    aptProxy: "http://cache.example.org:3142",
    containerIds: "host",
    goldenRoot: "/srv/golden",
    goldenImage: { url: "https://images.example.org/precise.img", sha256: "a".repeat(64) },
    image: { file: "/images/cirros.img", sha256: "b".repeat(64) },
    secrets: "tutorial",
    credentials: Object.fromEntries(credentialNames.map(name => [name, `own${name}`])),
    rotations: {},
};

/** Every value that is no object, and every name in it that a configuration is free to choose. */
function leaves(value: unknown, path: Path = []): Path[] {
    if (typeof value !== "object" || value === null) return [path];
    return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}
const all = [...leaves(base), ["lab"], ["rotations", "novaUser"], ["uplinks", "internal", "bridge"]];
const options: Path = ["nodes", "api-node", "options"];

const put = (given: unknown, [key, ...rest]: Path, value: unknown): Given => ({
    ...(given as Given),
    [key!]: rest.length === 0 ? value : put((given as Given)[key!] ?? {}, rest, value),
});
const at = (given: unknown, path: Path): unknown =>
    path.reduce<unknown>((v, key) => (v as Given | undefined)?.[key], given);

const nasty = [
    "\u001b[31m",
    "\u001b]0;title\u0007",
    "\u009b2J",
    "\u202e",
    "\n",
    "\r",
    "\n[DEFAULT]\nx = y",
    "\0",
    "\u2028",
    "\ud800",
    "$(touch /tmp/pwned)",
    "`id`",
    "'; touch pwned; '",
    '"; id; "',
    "${HOME}",
    "$HOME",
    "&& id",
    "| id",
    "> /x",
    "*",
    "~",
    "\\",
    "\\n",
    "' OR 1=1 --",
    "; DROP TABLE user; --",
    "%s",
    "%(x)s",
    "<domain>",
    "]]>",
    "&amp;",
    '"/><x a="',
    "../../etc",
    "http://x/ y",
    "[trusted=yes]",
    "#",
    ";",
    "=",
    ":",
    ",",
    "{",
    "}",
    "ä",
    " ",
] as const;
const values = fc.oneof(
    fc.constantFrom(...nasty),
    fc
        .tuple(fc.constantFrom("x", "/x", "~/x", "http://x/", "10.0.0.0/24"), fc.constantFrom(...nasty))
        .map(([a, b]) => a + b),
    fc.array(fc.constantFrom(...nasty, "a", "/", "1"), { maxLength: 5 }).map(parts => parts.join("")),
);
/** What nobody may see in a message raw. */
const unseen = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\ud800-\udfff]/;

test("a value for every key that there is", () => {
    expect([...Object.keys(base), "lab", "archiveKey"].sort()).toEqual([...settingKeys].sort());
    expect(Object.keys(base.networks as object)).toHaveLength(networkNames.length + 1);
    expect(all.length).toBeGreaterThan(50);
    expect(() => readSettings("team01", base)).not.toThrow();
});

test("whatever a value holds, it is refused with its key, in one line for each mistake, or stays as it is", () => {
    let kept = 0;
    fc.assert(
        fc.property(fc.constantFrom(...all), values, (path, value) => {
            const given = put(base, path, value);
            let settings: unknown;
            try {
                settings = path[0] === "lab" ? settingsFrom("team01", given, noMachine) : readSettings("team01", given);
            } catch (e) {
                const { message } = e as Error;
                expect(message).not.toMatch(unseen);
                const [head, ...lines] = message.split("\n");
                if (path[0] === "lab") {
                    expect(message).toMatch(/^lab: "[^\n]*" cannot be a lab's name: [^\n]*; nothing was changed$/);
                    return;
                }
                expect(head).toMatch(
                    /^the configuration of stack team01 has (a mistake|\d+ mistakes); nothing was changed$/,
                );
                expect(lines.some(line => line.startsWith(`  ${path[0]}`))).toBe(true);
                if (path[0] === "credentials" && value.length > 3) expect(message).not.toContain(value);
                return;
            }
            kept++;
            expect(value).not.toMatch(unseen);
            if (!["networks", "uplinks", "lab"].includes(path[0]!)) expect(at(settings, path)).toBe(value);
            // What the file says is what the program is given.
            expect(at(configuredIn(yaml.stringify({ config: given }), "team01"), path)).toBe(value);
        }),
        { numRuns: 600 },
    );
    expect(kept).toBeGreaterThan(20);
});

test.each([
    ["a section", [...options, "nova-conf"], { DEFAULT: { a: "b" } }],
    ["an option", [...options, "nova-conf", "DEFAULT"], { a: "b" }],
    ["a file", options, { "nova-conf": { DEFAULT: { a: "b" } } }],
] as [string, Path, object][])(
    "the name of %s, whatever it holds, is refused with its key or stays as it is",
    (_what, path, inner) => {
        fc.assert(
            fc.property(values, name => {
                const value = Object.values(inner)[0] as unknown;
                try {
                    const settings = readSettings("team01", put(base, path, { [name]: value }));
                    expect(Object.keys(at(settings, path) as object)).toEqual([name]);
                    expect(name).not.toMatch(unseen);
                } catch (e) {
                    expect((e as Error).message).not.toMatch(unseen);
                    expect((e as Error).message.split("\n")[1]).toContain(`  ${path.join(".")}`);
                }
            }),
            { numRuns: 200 },
        );
    },
);

/** Values that may hold anything printable, each of its own kind. */
const free: readonly { path: Path; before: string }[] = [
    { path: ["sshKeyFile"], before: "/keys/" },
    { path: ["knownHostsFile"], before: "/keys/" },
    { path: ["image", "file"], before: "/images/" },
    { path: ["hosts", "central", "jump", "sshKeyFile"], before: "/bastion/" },
    { path: [...options, "nova-conf", "DEFAULT", "some_option"], before: "" },
    ...credentialNames.map(name => ({ path: ["credentials", name] as Path, before: "" })),
];

/** Quotes, commands, SQL, XML, references and separators, as far as a password may hold them everywhere. */
const text = 'a\'; touch pwned;"$(id)"`id`<a b="c">&amp;]]></a>\' OR 1=1 -- %20+&=#@x';

/** libvirt's provider reads a dollar in a key's path; it is refused there. */
const textFor = (path: Path): string => (path.includes("sshKeyFile") ? text.replaceAll("$", "") : text);

test("what is free to hold anything ends up unchanged and in one piece, and nothing else changes", async () => {
    const marked = free.reduce((given, { path, before }, i) => put(given, path, `${before}MARK${i}Z`), base),
        filled = free.reduce((given, { path, before }) => put(given, path, before + textFor(path)), base);
    const [one, other] = [
        await programOf("team01", marked, { showSecrets: true }),
        await programOf("team01", filled, { showSecrets: true }),
    ];
    expect(other.map(({ name, type, parent, dependsOn }) => [name, type, parent, dependsOn])).toEqual(
        one.map(({ name, type, parent, dependsOn }) => [name, type, parent, dependsOn]),
    );
    const forms = [text, textFor(["sshKeyFile"])]
        .flatMap(value => [...formsOf(value), ...ownForms(value)])
        .map(literal)
        .join("|");
    const changed: unknown[] = [];
    let found = 0;
    const compare = (a: unknown, b: unknown, where: string): void => {
        if (typeof a === "object" && a !== null) {
            const [keys, others] = [a, b].map(value => Object.keys((value ?? {}) as object));
            if (keys!.join() !== others!.join()) changed.push([where, keys, others]);
            for (const key of keys!) compare((a as Given)[key], (b as Given | undefined)?.[key], `${where}.${key}`);
            return;
        }
        const parts = String(a).split(/MARK\d+Z/);
        if (parts.length > 1) found++;
        const same =
            parts.length > 1 ? new RegExp(`^${parts.map(literal).join(`(?:${forms})`)}$`).test(String(b)) : a === b;
        if (!same) changed.push([where, a, b]);
    };
    one.forEach((resource, i) => compare(resource.inputs, other[i]!.inputs, resource.name));
    expect(changed).toEqual([]);
    expect(inWords(one)).toContain("through root@central.example.org:24 through ada@bastion.example.org:22\n");
    expect(found).toBeGreaterThan(20);
});

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
/** What else an options file writes: a dollar or a percent sign twice. */
const ownForms = (value: string): string[] => [
    value.replaceAll("$", "$$$$"),
    value.replaceAll("%", "%%"),
    encodeURIComponent(value).replaceAll("%", "%%"),
    encodeURIComponent(value).replaceAll("'", "%27"),
];
