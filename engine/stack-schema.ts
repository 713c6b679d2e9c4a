import * as fs from "fs";
import * as path from "path";
import * as yaml from "yaml";
import { classJsonSchema } from "../config/class-settings";
import { valueSchemas } from "../config/settings";
import { replaceFile } from "../system/files";
import { projectDir } from "../system/paths";
import { PROJECT, TOP } from "./stack-file";

/** A JSON schema, or a part of one. */
type Schema = Record<string, unknown>;

/** Where editors find the schema of a stack's file: Pulumi.<stack>.yaml names it in its first line. */
export const SCHEMA_FILE = "schema/stack.schema.json";

interface Declared {
    type: string;
    description: string;
}

/** The JSON schema (draft 7) of a stack's file, as {@link SCHEMA_FILE} has it: of its keys and their values, not of what several together have to be. */
export function stackSchema(): Schema {
    const values = settingSchemas();
    return {
        $schema: "http://json-schema.org/draft-07/schema#",
        title: "A stack of the GridKa cloud classroom",
        $comment: "Made of config/settings.ts and Pulumi.yaml by npm run schema; not to be edited.",
        type: "object",
        properties: {
            config: configSchema(Object.keys(values)),
            ...Object.fromEntries(TOP.filter(key => key !== "config").map(key => [key, { type: "string" }])),
        },
        additionalProperties: false,
        definitions: {
            ...described(values),
            encrypted: {
                type: "object",
                properties: { secure: { type: "string", pattern: "^v[0-9]+:" } },
                required: ["secure"],
                additionalProperties: false,
            },
        },
    };
}

/** The values of each key as a stack's file may have them: passwords also encrypted. */
function settingSchemas(): Record<string, Schema> {
    const values: Record<string, Schema> = { lab: { type: "string" }, ...valueSchemas() };
    const { credentials } = values;
    values.credentials = { ...credentials, properties: encryptable(credentials!.properties as Record<string, Schema>) };
    return values;
}

/** What may stand below `config`. */
function configSchema(keys: readonly string[]): Schema {
    const of = (key: string): Schema => ({ $ref: `#/definitions/${key}` });
    return {
        type: ["object", "null"],
        properties: Object.fromEntries(keys.map(key => [`${PROJECT}:${key}`, of(key)])),
        // Allowed as well, and not offered: keys without the project's name, and those of the engine's.
        patternProperties: {
            ...Object.fromEntries(keys.map(key => [`^${key}$`, of(key)])),
            "^(pulumi|libvirt):": {},
        },
        additionalProperties: false,
    };
}

/** The keys' schemas with the descriptions and types that Pulumi.yaml declares. */
function described(values: Readonly<Record<string, Schema>>): Record<string, Schema> {
    const { config: declared } = yaml.parse(fs.readFileSync(path.join(projectDir(), "Pulumi.yaml"), "utf8")) as {
        config: Record<string, Declared>;
    };
    return Object.fromEntries(
        Object.entries(values).map(([key, value]) => {
            const { type, description } = declared[key]!;
            return [key, { description, ...(type === "string" ? asText(value) : value) }];
        }),
    );
}

/** What the engine takes as a text only: a whole number among its forms is written in quotation marks. */
function asText({ anyOf, ...rest }: Schema): Schema {
    const quoted = { type: "string", pattern: "^[1-9][0-9]*$" };
    return Array.isArray(anyOf)
        ? { ...rest, anyOf: (anyOf as Schema[]).map(form => (form.type === "integer" ? quoted : form)) }
        : rest;
}

const encryptable = (passwords: Record<string, Schema>): Record<string, Schema> =>
    Object.fromEntries(
        Object.entries(passwords).map(([name, of]) => [name, { anyOf: [of, { $ref: "#/definitions/encrypted" }] }]),
    );

/** Where editors find the schema of class.yaml, whose first line names it. */
export const CLASS_SCHEMA_FILE = "schema/class.schema.json";

/** The JSON schema (draft 7) of class.yaml. */
export const classSchema = (): Schema => ({
    ...classJsonSchema(),
    title: "A class of the GridKa cloud classroom",
    $comment: "Made of config/class-settings.ts by npm run schema; not to be edited.",
});

/** Both schemas as their files have them, by file. */
export const schemaTexts = (): Record<string, string> =>
    Object.fromEntries(
        [[SCHEMA_FILE, stackSchema()] as const, [CLASS_SCHEMA_FILE, classSchema()] as const].map(([file, schema]) => [
            file,
            `${JSON.stringify(schema, undefined, 2)}\n`,
        ]),
    );

if (require.main === module)
    for (const [file, text] of Object.entries(schemaTexts())) replaceFile(path.join(projectDir(), file), text, 0o644);
