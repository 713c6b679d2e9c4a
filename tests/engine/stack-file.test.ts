import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as fc from "fast-check";
import * as yaml from "yaml";
import { edited, saltIn, textOf, textsIn, withSalt } from "../../engine/stack-file";

const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-stack-file-"));
jest.mock("../../system/paths", () => ({
    ...jest.requireActual<object>("../../system/paths"),
    projectDir: () => project,
}));
afterAll(() => fs.rmSync(project, { recursive: true }));

const messageOf = (text: string): string => {
    try {
        textsIn(text, "some");
    } catch (e) {
        return (e as Error).message;
    }
    return "no mistake";
};
const head = "Pulumi.some.yaml has a mistake; nothing was changed\n  ";

// What the engine takes each for (gopkg.in/yaml.v3, tried on 3.258.0), and what YAML 1.2 says, are not the same.
test.each([
    ["010", '010 is read as 8 by the engine and as 10 elsewhere; write 8 or 10, or "010" where a text is meant'],
    [
        "-017",
        '-017 is read as -15 by the engine and as -17 elsewhere; write -15 or -17, or "-017" where a text is meant',
    ],
    ["0o10", '0o10 is a number, or another one, to some readers only; write 8, or "0o10" where a text is meant'],
    ["0x10", '0x10 is a number, or another one, to some readers only; write 16, or "0x10" where a text is meant'],
    ["-0x10", '-0x10 is a number, or another one, to some readers only; write -16, or "-0x10" where a text is meant'],
    ["0b11", '0b11 is a number, or another one, to some readers only; write 3, or "0b11" where a text is meant'],
    ["1_000", '1_000 is a number, or another one, to some readers only; write 1000, or "1_000" where a text is meant'],
    ["1e3", '1e3 is a number, or another one, to some readers only; write 1000, or "1e3" where a text is meant'],
    ["16.0", '16.0 is a number, or another one, to some readers only; write 16, or "16.0" where a text is meant'],
    ["+5", '+5 is a number, or another one, to some readers only; write 5, or "+5" where a text is meant'],
    ["08", '08 is a number, or another one, to some readers only; write 8, or "08" where a text is meant'],
    ["00", '00 is a number, or another one, to some readers only; write 0, or "00" where a text is meant'],
    [".5", '.5 is a number, or another one, to some readers only; write 0.5, or ".5" where a text is meant'],
    [
        "12345678901234567890",
        '12345678901234567890 is a number, or another one, to some readers only; write "12345678901234567890" where a text is meant',
    ],
    [".inf", '.inf is a number, or another one, to some readers only; write ".inf" where a text is meant'],
    ["0x1p-2", '0x1p-2 is a number, or another one, to some readers only; write "0x1p-2" where a text is meant'],
    ["2013-08-26", '2013-08-26 is a date to some readers; write "2013-08-26"'],
    ["1:30", '1:30 is a number in sixties to some readers; write "1:30"'],
    ["yes", 'yes is true to some readers and a word to others; write true, or "yes" where the word is meant'],
    ["N", 'N is false to some readers and a word to others; write false, or "N" where the word is meant'],
    ["True", 'True is true to some readers and a word to others; write true, or "True" where the word is meant'],
    ["OFF", 'OFF is false to some readers and a word to others; write false, or "OFF" where the word is meant'],
    ["~", "no value; write one, or leave the key out"],
    ["null", "no value; write one, or leave the key out"],
    ["", "no value; write one, or leave the key out"],
    ["!!str 5", "a tag (tag:yaml.org,2002:str); leave it out, and put a text into quotation marks"],
    ["! 010x", "a tag (!); leave it out, and put a text into quotation marks"],
    ["!!binary aGk=", "a tag (tag:yaml.org,2002:binary); leave it out, and put a text into quotation marks"],
    ["&here 5", "&here is an anchor; leave it out, and write the value at each of its aliases"],
    [
        '"\\N"',
        "the escape \\N is not read alike everywhere; write the character itself, or the text in single quotation marks",
    ],
])("%s is refused with its line, its key and how to write it", (value, reason) => {
    expect(messageOf(`# ours\nconfig:\n  number: ${value}\n`)).toBe(`${head}line 3: number: ${reason}`);
});

test.each([
    ["a key twice", "config:\n  lab: a\n  lab: b\n", "line 3: lab: set twice; leave one of them out"],
    [
        "a key with the project's prefix and without",
        "config:\n  lab: a\n  gridka-cloud-classroom:lab: b\n",
        "line 3: lab: set twice, as lab and as gridka-cloud-classroom:lab; leave one of them out",
    ],
    [
        "a key of an object twice",
        "config:\n  nodes:\n    db-node: { power: on }\n    db-node: { power: off }\n",
        "line 4: nodes.db-node: set twice; leave one of them out",
    ],
    [
        "a merge",
        "config:\n  nodes:\n    <<: { a: 1 }\n",
        "line 3: nodes: <<: takes in another map to some readers only; write its keys out",
    ],
    ["an alias", "config:\n  lab: *there\n", "line 2: lab: *there stands for something elsewhere; write that out"],
    ["a key that is a number", "config:\n  nodes: { 1: a }\n", 'line 2: nodes.1: a key that is no word; write "1":'],
    ["a key that is yes", "config:\n  nodes: { yes: a }\n", 'line 2: nodes.yes: a key that is no word; write "yes":'],
    [
        "a password of digits",
        "config:\n  credentials: { adminPassword: 12345678 }\n",
        "line 2: credentials.adminPassword: not a text as it stands; put the password into quotation marks",
    ],
    [
        "a password that is a word to some",
        "config:\n  credentials:\n    adminPassword: 0x1F\n",
        "line 3: credentials.adminPassword: not a text as it stands; put the password into quotation marks",
    ],
    [
        "what looks encrypted",
        "config:\n  nodes: { a: { secure: x } }\n",
        "line 2: nodes.a.secure: the engine takes this for something that it encrypted, which begins with v1:; an object with the one key secure cannot be",
    ],
    [
        "a setting at the left edge",
        "lab: lab\nconfig: {}\n",
        "line 1: lab: there is no such key at the left edge; there are config, encryptionsalt, secretsprovider, encryptedkey. A setting stands below config",
    ],
    [
        "an environment",
        "environment: [a]\nconfig: {}\n",
        "line 1: environment: an environment of Pulumi's cloud service, which a stack whose state is in files cannot have; write its values under config",
    ],
    ["a list in config's place", "config: [a]\n", "line 1: config: not a map of keys and values (key: value)"],
    [
        "two documents",
        "config:\n  lab: lab\n---\nconfig: {}\n",
        "line 3: --- begins another document, or is a directive; the file is one document without such lines",
    ],
    [
        "a directive",
        "%YAML 1.1\n",
        "line 1: %YAML 1.1 begins another document, or is a directive; the file is one document without such lines",
    ],
    ["a tab", "config:\n  lab:\tlab\n", "line 2: a tab; write spaces"],
    ["a character that nobody sees", "config:\n  lab: l\u0085b\n", "line 2: a control character (U+0085)"],
    ["no YAML", "config:\n  lab: [a\n", expect.stringMatching(/^line \d: no YAML: \S/)],
])("%s: the line, the key and how to write it", (_title, text, reason) => {
    const message = messageOf(text);
    expect(message.slice(0, head.length)).toBe(head);
    expect(message.slice(head.length)).toEqual(reason);
});

test("no password is in a message, whatever is wrong with it", () => {
    for (const value of ["0777", "yes", "2013-08-26", "!!str 0777", "&a canary", '"canary\\N"'])
        expect(messageOf(`config:\n  credentials: { adminPassword: ${value} }\n`)).not.toMatch(/0777|2013|canary/);
});

test("all mistakes at once", () => {
    expect(messageOf("config:\n  number: 010\n  training: yes\n")).toMatch(
        /^Pulumi\.some\.yaml has 2 mistakes; nothing was changed\n  line 2: .*\n  line 3: /,
    );
});

test("what everybody reads alike is as it was written", () => {
    const text = [
        "\ufeff# ours",
        "encryptionsalt: v1:abc=:v1:def",
        "config:",
        "  number: 7 # the team's",
        "  training: true",
        '  machine: "010"',
        "  gridka-cloud-classroom:lab: 'it''s'",
        "  pulumi:disable-default-providers: ['*']",
        "  nodes: { db-node: { power: off, generation: 2 } }",
        '  credentials: { novaUser: { secure: v1:a:b }, adminPassword: "12345678" }',
        "  networks: { nat: 192.0.2.0/24 }",
        "  hosts: {}",
        "",
    ].join("\n");
    for (const ends of ["\n", "\r\n"]) {
        fs.writeFileSync(path.join(project, "Pulumi.some.yaml"), text.replaceAll("\n", ends));
        const { nodes, credentials, ...rest } = textsIn(textOf("some"), "some");
        expect(rest).toEqual({
            number: "7",
            training: "true",
            machine: "010",
            lab: "it's",
            networks: '{"nat":"192.0.2.0/24"}',
            hosts: "{}",
        });
        expect([nodes, credentials].map(one => JSON.parse(one!) as unknown)).toEqual([
            { "db-node": { power: "off", generation: 2 } },
            { novaUser: { secure: "v1:a:b" }, adminPassword: "12345678" },
        ]);
    }
});

test.each(["", "# nothing\n", "config:\n", "config: {}\n"])("a file that configures nothing: %j", text => {
    expect(textsIn(text, "some")).toEqual({});
});

test("a file that is no text, and a stack that is none", () => {
    fs.writeFileSync(path.join(project, "Pulumi.latin.yaml"), Buffer.from("config:\n  lab: l\xe4b\n", "latin1"));
    expect(() => textOf("latin")).toThrow(
        "Pulumi.latin.yaml is not in UTF-8; save it in that encoding. Nothing was changed",
    );
    expect(() => textOf("../x\u001b[2J")).toThrow('there is no stack "../xU+001B[2J": no Pulumi.../xU+001B[2J.yaml; ');
});

/** Values as a configuration has them: words, whole numbers, yes and no, objects. */
const values = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
        { depthSize: "small" },
        fc.string({ maxLength: 120 }),
        fc.string({ unit: "grapheme", maxLength: 20 }),
        fc.constantFrom(
            "010",
            "yes",
            "2013-08-26",
            "0x10",
            "1_000",
            "~",
            "<<",
            "*a",
            "&a",
            "!a",
            "a: b",
            "1e3",
            "\u001b[31m",
            "a\nb",
        ),
        fc.integer(),
        fc.boolean(),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), tie("value"), { maxKeys: 3 }),
    ),
})).value;

test("what a program wrote is read as it was meant, or refused; never as something else", () => {
    let read = 0;
    fc.assert(
        fc.property(fc.dictionary(fc.constantFrom("lab", "number", "nodes", "archiveUrl"), values), config => {
            const text = yaml.stringify({ config });
            let texts: Record<string, string>;
            try {
                texts = textsIn(text, "some");
            } catch (e) {
                expect((e as Error).message).toMatch(/^Pulumi\.some\.yaml has /);
                return;
            }
            read++;
            for (const [key, value] of Object.entries(config)) {
                if (typeof value === "string") expect(texts[key]).toBe(value);
                else expect(JSON.parse(texts[key]!)).toEqual(JSON.parse(JSON.stringify(value)));
            }
            expect(Object.keys(texts)).toEqual(Object.keys(config));
        }),
        { numRuns: 400 },
    );
    expect(read).toBeGreaterThan(200);
});

test("the salt is put into a file that has none, and taken from one that has", () => {
    const text = "# ours\nconfig:\n  lab: lab\n";
    expect(saltIn(text)).toBeUndefined();
    expect(withSalt(text, undefined)).toBe(text);
    const salted = withSalt(text, "v1:abc=:def");
    expect(salted).toBe(`encryptionsalt: v1:abc=:def\n${text}`);
    expect(saltIn(salted)).toBe("v1:abc=:def");
    expect(withSalt(salted, "v1:other")).toBe(salted);
    expect(textsIn(salted, "some")).toEqual({ lab: "lab" });
});

test("a value is changed under whichever name its key has, in an object that the engine wrote as text, too", () => {
    const set = (text: string) =>
        yaml.parse(
            edited(text, [{ at: ["nodes", "db-node", "generation"], next: before => Number(before ?? 0) + 1 }]),
        ) as unknown;
    expect(set("config:\n  nodes: { db-node: { generation: 4 } }\n")).toEqual({
        config: { nodes: { "db-node": { generation: 5 } } },
    });
    expect(set("config: {}\n")).toEqual({
        config: { "gridka-cloud-classroom:nodes": { "db-node": { generation: 1 } } },
    });
    expect(set(`config:\n  nodes: '{"db-node":{"power":"on"}}'\n`)).toEqual({
        config: { nodes: { "db-node": { power: "on", generation: 1 } } },
    });
});
