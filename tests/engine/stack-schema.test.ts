import * as fs from "fs";
import * as path from "path";
import Ajv from "ajv";
import * as fc from "fast-check";
import * as yaml from "yaml";
import { mistakesIn, settingKeys } from "../../config/settings";
import { configuredStacks, PROJECT } from "../../engine/stack-file";
import { classSchema, CLASS_SCHEMA_FILE, SCHEMA_FILE, schemaTexts, stackSchema } from "../../engine/stack-schema";
import { projectDir } from "../../system/paths";

const read = (file: string): string => fs.readFileSync(path.join(projectDir(), file), "utf8");
const check = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true })
    .addKeyword("patternErrorMessage")
    .addFormat("date-time", true);
const fits = check.compile(stackSchema());
/** Where a stack's file does not fit the schema, and why not. */
const misfits = (file: unknown): string[] =>
    fits(file)
        ? []
        : fits.errors!.map(({ instancePath, message }) => `${instancePath.replace(`${PROJECT}:`, "")} ${message}`);
const ofConfig = (config: object): string[] =>
    misfits({ config: Object.fromEntries(Object.entries(config).map(([k, v]) => [`${PROJECT}:${k}`, v])) });

test.each(Object.keys(schemaTexts()))("%s is the one of today: npm run schema writes it", file => {
    expect(read(file)).toBe(schemaTexts()[file]);
});

test("the example of a class fits its schema, and says in its first line where that is", () => {
    const text = read("docs/class.yaml"),
        ofClass = check.compile(classSchema());
    expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=${CLASS_SCHEMA_FILE}`);
    expect(ofClass(yaml.parse(text)) ? [] : ofClass.errors).toEqual([]);
    expect(ofClass({ name: "a", teams: [{ stack: "team01", memberz: [] }] })).toBe(false);
});

test.each(configuredStacks().filter(name => /^(lab|team\d+)$/.test(name)))(
    "%s fits, and says in its first line where the schema is",
    stack => {
        const text = read(`Pulumi.${stack}.yaml`);
        expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=${SCHEMA_FILE}`);
        expect(misfits(yaml.parse(text))).toEqual([]);
    },
);

test("every key is there under the project's name, with a description", () => {
    const { properties, definitions } = stackSchema() as {
        properties: { config: { properties: object } };
        definitions: Record<string, { description?: string }>;
    };
    expect(Object.keys(properties.config.properties)).toEqual(settingKeys.map(key => `${PROJECT}:${key}`));
    expect(settingKeys.filter(key => !definitions[key]?.description)).toEqual([]);
});

test("keys without the project's name, and the engine's own, are allowed", () => {
    expect(
        misfits({ encryptionsalt: "v1:x", config: { number: 3, "pulumi:tags": { a: "b" }, "libvirt:uri": "x" } }),
    ).toEqual([]);
    expect(misfits({ config: null })).toEqual([]);
});

test.each([
    [{ realease: "ocata" }, "/config must NOT have additional properties"],
    [{ release: "havana" }, "/release must be equal to one of the allowed values"],
    [{ number: 256 }, "/number must be <= 255"],
    [{ nodes: { "db-nod": {} } }, "/nodes must NOT have additional properties"],
    [{ nodes: { "db-node": { power: "of" } } }, "/nodes/db-node/power must be equal to one of the allowed values"],
    [{ networks: { nat: 5 } }, "/networks/nat must be string"],
    [{ hosts: { central: { address: "a b" } } }, "/hosts must have required property 'compute'"],
    [{ credentials: { novaUser: 5 } }, "/credentials/novaUser must be string"],
    [{ credentials: { novaUser: { secure: "plain" } } }, '/credentials/novaUser/secure must match pattern "^v[0-9]+:"'],
])("%j does not fit", (config, misfit) => {
    expect(ofConfig(config)).toContainEqual(expect.stringContaining(misfit));
});

test("an encrypted password fits, and a number that the engine takes as a text in quotation marks alone", () => {
    expect(ofConfig({ credentials: { novaUser: { secure: "v1:abc:def" } }, containerIds: "2013265920" })).toEqual([]);
    expect(ofConfig({ containerIds: "host" })).toEqual([]);
    expect(ofConfig({ containerIds: 2013265920 })).not.toEqual([]);
});

test("a key without the project's name is checked as one with it", () => {
    expect(misfits({ config: { number: 256 } })).toEqual(["/config/number must be <= 255"]);
});

const hosts = { central: { address: "a" }, compute: { address: "b" } };
const leaf = fc.oneof(
    fc.constantFrom("vm", "container", "on", "qemu", "kvm", "db-node", "a", "a b", "/x", "~/x", "/srv/golden"),
    fc.integer({ min: -1, max: 300 }),
    fc.boolean(),
    fc.string({ minLength: 1, maxLength: 5 }),
);
const part = (...names: string[]) => fc.dictionary(fc.constantFrom(...names), leaf, { maxKeys: 2 });
const parts = (names: string[], inner: string[]) =>
    fc.dictionary(fc.constantFrom(...names), part(...inner), { maxKeys: 2 });
/** One key of a configuration, with a value that may be any. */
const setting = fc.oneof(
    fc.tuple(
        fc.constantFrom("number", "machine", "hypervisor", "upTo", "training", "sshKeyFile", "goldenRoot", "other"),
        leaf,
    ),
    fc.tuple(fc.constantFrom("networks", "image", "rotations", "credentials"), part("novaUser", "nat", "file", "x")),
    fc.tuple(fc.constant("nodes"), parts(["db-node", "volume-node", "x"], ["kind", "power", "generation", "x"])),
    fc.tuple(fc.constant("uplinks"), parts(["internal", "private"], ["bridge", "vlan"])),
);

test("a value that the program allows fits the schema", () => {
    let allowed = 0;
    fc.assert(
        fc.property(setting, ([key, value]) => {
            const given = { number: 1, hosts, goldenRoot: "/srv/golden", [key]: value };
            if (mistakesIn(given).length > 0) return;
            allowed++;
            expect(ofConfig(given)).toEqual([]);
        }),
        { numRuns: 3000 },
    );
    expect(allowed).toBeGreaterThan(50);
});
