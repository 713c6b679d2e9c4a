import * as fc from "fast-check";
import { redactor } from "../../../cli/shell/redact";
import { adminFacts, generatedPasswords, recordedSecrets } from "../../../cli/stack/secrets";
import { AddressPlan } from "../../../config/address-plan";
import type { Settings } from "../../../config/settings";
import type { RecordedResource } from "../../../engine/state";

test("a secret is masked in every form: plain, JSON, URL, base64, hexadecimal", () => {
    const secret = 'k3y "st/one+Ad&min';
    const redact = redactor([secret]);
    const texts = [
        secret,
        JSON.stringify({ a: secret }),
        JSON.stringify(JSON.stringify(secret)),
        encodeURIComponent(secret),
        Buffer.from(secret).toString("base64"),
        Buffer.from(secret).toString("hex"),
    ];
    for (const text of texts) expect(redact(`x ${text} y`)).toContain("[secret]");
    expect(redact(`x ${secret} y`)).toBe("x [secret] y");
});

test("a secret is masked whole as the program writes it: in an options file, in SQL, in a shell's word", () => {
    const redact = redactor(['it\'s $5 \\ "each"']);
    for (const text of [
        'it\'s $$5 \\ "each"',
        "it''s $5 \\\\ \"each\"",
        "it'\\''s $5 \\ \"each\"",
        'it\'s $5 \\\\ \\"each\\"',
    ]) {
        expect([text, redact(`x ${text} y`)]).toEqual([text, "x [secret] y"]);
        expect([text, redact(JSON.stringify(`x ${text} y`))]).toEqual([text, '"x [secret] y"']);
        expect([text, redact(JSON.stringify(JSON.stringify(`x ${text} y`)))]).toEqual([
            text,
            JSON.stringify('"x [secret] y"'),
        ]);
    }
});

test("a secret within a longer base64 text is masked, wherever it begins", () => {
    fc.assert(
        fc.property(
            fc.string({ minLength: 8, maxLength: 30 }).filter(s => s.trim().length >= 8),
            fc.string({ maxLength: 9 }),
            fc.string({ maxLength: 9 }),
            (secret, before, after) => {
                const text = Buffer.from(before + secret + after).toString("base64");
                expect(redactor([secret])(text)).toContain("[secret]");
            },
        ),
    );
});

test("a short one, which is an everyday word, is masked only where it stands alone", () => {
    const redact = redactor(["guest", "mysql"]);
    expect(
        redact(
            '{"password":"guest"} guest:File /providers/guest/file.js rabbit://u:guest@h mysql-server password=mysql',
        ),
    ).toBe(
        '{"password":"[secret]"} guest:File /providers/guest/file.js rabbit://u:[secret]@h mysql-server password=[secret]',
    );
    expect(redactor(["guest"], false)("password=guest")).toBe("password=guest");
});

test("of a user's own password with four to seven characters no word is printed, on a terminal either", () => {
    const redact = redactor(["ab1$x", "2013", "admin"], false);
    const seen = [
        "password=ab1$x,",
        '{"password":"ab1$x"} said: ab1$x.',
        "ab1$$x",
        "mysql://root:ab1%24x@db",
        `Basic ${Buffer.from("root:ab1$x").toString("base64")}`,
        "-e '2013'",
        "user admin.",
    ].map(redact);
    expect(seen).toEqual([
        "password=[secret],",
        '{"password":"[secret]"} said: [secret].',
        "[secret]",
        "mysql://root:[secret]@db",
        expect.stringMatching(/^Basic \w+\[secret\]\w*=*$/),
        "-e '[secret]'",
        "user [secret].",
    ]);
});

test("names, paths and numbers that only hold such a word stay whole", () => {
    const redact = redactor(["2013", "admin", "guest"], false);
    for (const text of [
        "adminPassword, cloud-admin-role, /home/admin/x, admin:Role, admin.ts, administrator",
        '{"seconds":2013,"counts":{"same":120130}}',
        "rabbit://guest:guest@h",
    ])
        expect(redact(text)).toBe(text);
});

test("the longer of two goes first; nothing to hide leaves a text as it is", () => {
    expect(redactor(["novaPass12", "novaPass123"])("novaPass123")).toBe("[secret]");
    expect(redactor([])("any")).toBe("any");
});

test("a private key is masked although nobody named it, also within JSON and cut off", () => {
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----";
    const redact = redactor([]);
    expect([key, JSON.stringify(key), `${key.slice(0, 50)}`].map(text => redact(`a ${text}`))).toEqual([
        "a [secret]",
        'a "[secret]"',
        "a [secret]",
    ]);
    expect(redact(`${key} between ${key}`)).toBe("[secret] between [secret]");
});

const plaintext = (value: string) => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(value),
});

test("generated passwords are known by the names of their resources; admin's is the configured one where there is one", () => {
    const recorded = (name: string, result: unknown) => ({
        type: "random:index/randomPassword:RandomPassword",
        urn: `urn:pulumi:lab::p::random:index/randomPassword:RandomPassword::cloud-password-${name}`,
        outputs: { result },
    });
    const generated = generatedPasswords([
        recorded("adminPassword", plaintext("made")),
        recorded("novaUser", {
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            ciphertext: "v1:x",
        }),
    ] as unknown as RecordedResource[]);
    expect(generated).toEqual({ adminPassword: "made" });
    const settings = (credentials: object) => ({ plan: new AddressPlan(0), credentials }) as Settings;
    expect(adminFacts("lab", settings({}), generated).credentials).toEqual({ adminPassword: "made" });
    expect(adminFacts("lab", settings({ adminPassword: "own" }), generated).credentials).toEqual({
        adminPassword: "own",
    });
    expect(() => adminFacts("lab", settings({}), {})).toThrow(
        "the passwords of stack lab are generated, and its state has none for admin yet; make it with: ./classroom up lab",
    );
});

test("what a state holds that nobody chose: generated passwords and EC2 keys; access keys are no secret", () => {
    expect(
        recordedSecrets([
            {
                type: "random:index/randomPassword:RandomPassword",
                outputs: { result: plaintext("generated"), length: 9 },
            },
            {
                type: "pulumi-nodejs:dynamic/keystone:Ec2Credential",
                outputs: { access: "a4dc3457", secret: plaintext("513d75e1") },
            },
        ] as unknown as RecordedResource[]),
    ).toEqual(["generated", "513d75e1"]);
});
