import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Command } from "commander";
import { addValidateCommand, validate, validateClass } from "../../cli/validate";

const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-validate-"));
jest.mock("../../system/paths", () => ({
    ...jest.requireActual<object>("../../system/paths"),
    projectDir: () => project,
}));
fs.symlinkSync(path.resolve(__dirname, "../../exercises"), path.join(project, "exercises"));
afterAll(() => fs.rmSync(project, { recursive: true }));
afterEach(() => {
    process.exitCode = undefined;
    jest.restoreAllMocks();
});

const put = (stack: string, text: string) => fs.writeFileSync(path.join(project, `Pulumi.${stack}.yaml`), text);
const P = "  gridka-cloud-classroom:";
const sound = [
    "config:",
    `${P}number: 3`,
    `${P}hosts:`,
    "    central: { address: a.example.org }",
    "    compute: { address: b.example.org }",
    "",
].join("\n");
/** Findings of a file, each as `line key: reason`. */
const found = (text: string): string[] => {
    put("some", text);
    return validate("some").findings.map(({ line, key, reason }) => `${line ?? "-"} ${key}: ${reason}`);
};

test("a sound file has no findings", () => {
    expect(found(sound)).toEqual([]);
    expect(validate("some")).toEqual({
        stack: "some",
        file: "Pulumi.some.yaml",
        valid: true,
        findings: [],
        unchecked: [],
    });
});

test("a sound file of a lab's stack has none, whether the lab is up or not", () => {
    expect(found("config:\n  lab: never-up\n  release: ocata\n")).toEqual([]);
});

test("mistakes of writing, of values and of several values together are found at once, each with its line", () => {
    const text = `${sound}${P}training: yes
${P}machine: container
${P}networks: { fixed: 10.0.0.0/22 }
${P}nodes:
    db-node:
      power: of
${P}realease: ocata
`;
    expect(found(text)).toEqual([
        '6 training: yes is true to some readers and a word to others; write true, or "yes" where the word is meant',
        '8 networks.fixed: 10.0.0.0/22 overlaps the network "internal" (10.0.0.0/24)',
        '11 nodes.db-node.power: "of" is not one of on, off',
        expect.stringMatching(/^12 realease: there is no such key; allowed are lab, number/),
    ]);
});

test("nothing is concluded from a key that is wrong itself", () => {
    // Without its release the key of an archive may be right; without `nodes` the root folder may not be needed.
    const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nQUJD\\n-----END PGP PUBLIC KEY BLOCK-----";
    expect(found(`${sound}${P}release: grizly\n${P}archiveKey: "${key}"\n`)).toEqual([
        '6 release: "grizly" is not one of grizzly, ocata',
    ]);
    expect(found(`${sound}${P}machine: container\n${P}nodes: { db-node: { kind: jail } }\n`)).toEqual([
        '7 nodes.db-node.kind: "jail" is not one of container, vm',
    ]);
});

test("a value is told as it is, a password never", () => {
    put("some", `${sound}${P}libvirtType: xen\n${P}credentials: { novaUser: 424242, nova: canary }\n`);
    const { findings } = validate("some");
    expect(findings.map(({ key, value }) => [key, value])).toEqual([
        ["libvirtType", "xen"],
        ["credentials.novaUser", undefined],
        ["credentials.nova", undefined],
    ]);
    expect(JSON.stringify(findings)).not.toMatch(/424242|canary/);
});

test("a key that is missing has the line of what it is missing in", () => {
    expect(found(`config:\n${P}number: 3\n${P}hosts:\n    central: { address: a }\n`)).toEqual([
        "3 hosts.compute: missing",
    ]);
});

test("an encrypted password is taken for one; what else is encrypted is named as not checked", () => {
    const secret = "{ secure: v1:abc=:def }";
    put(
        "some",
        `${sound}${P}credentials: { novaUser: ${secret} }\n${P}goldenImage: { sha256: ${secret} }\n${P}libvirtType: xen\n`,
    );
    const { findings, unchecked } = validate("some");
    expect(findings.map(({ key }) => key)).toEqual(["libvirtType"]);
    expect(unchecked).toEqual(["goldenImage"]);
});

test("what another team's file has too is found; one that cannot be read is another's mistake", () => {
    put("team01", sound.replace("a.example.org", "c.example.org"));
    put("team02", "\tconfig");
    try {
        // A number that is not unmistakable is none yet.
        expect(found(sound.replace("number: 3", "number: 03"))).toEqual([
            expect.stringMatching(/^2 number: 03 is a number, or another one, to some readers only/),
            expect.stringMatching(/^5 hosts/),
        ]);
        expect(found(sound)).toEqual([
            expect.stringMatching(/^2 number: 3 is the number of team01 too; /),
            expect.stringMatching(/^5 hosts\.compute\.address: "b\.example\.org" is the compute host of team01 too; /),
        ]);
    } finally {
        for (const team of ["01", "02"]) fs.rmSync(path.join(project, `Pulumi.team${team}.yaml`));
    }
});

test.each([
    ["config: [", /^1 : no YAML: /],
    ["\tconfig: {}", /^1 : a tab; write spaces$/],
    ["config: 5\n", /^1 config: not a map of keys and values/],
    ["config:\n  lab: ../x\n", /^2 lab: "\.\.\/x" cannot be a lab's name: /],
])("%j: one finding, without what follows from it", (text, finding) => {
    expect(found(text)).toEqual([expect.stringMatching(finding)]);
});

test("a file that is no text is a finding of the whole file", () => {
    fs.writeFileSync(path.join(project, "Pulumi.some.yaml"), Buffer.from([0xff, 0xfe, 0x00]));
    expect(validate("some").findings).toEqual([{ key: "", reason: expect.stringContaining("is not in UTF-8") }]);
});

test("a stack that there is not is no finding", () => {
    expect(() => validate("none")).toThrow(/^there is no stack "none": /);
});

/** What the command prints, and its exit code. */
async function command(text: string, ...options: string[]): Promise<[string, unknown]> {
    put("some", text);
    const printed: string[] = [];
    jest.spyOn(console, "log").mockImplementation(line => void printed.push(String(line)));
    const cli = new Command();
    addValidateCommand(cli);
    await cli.parseAsync(["validate", "some", ...options], { from: "user" });
    return [printed.join("\n"), process.exitCode];
}

test("the command prints a line for each finding, with file and line, and ends with 1", async () => {
    expect(await command(`${sound}${P}libvirtType: xen\n${P}machine: "v\\x1bm"\n`)).toEqual([
        'Pulumi.some.yaml:6: libvirtType: "xen" is not one of qemu, kvm\n' +
            'Pulumi.some.yaml:7: machine: "v\\u001bm" has a character in it that cannot be seen; allowed are letters, digits and other signs of one line',
        1,
    ]);
});

test("the command ends with 0 where nothing is wrong", async () => {
    expect(await command(sound)).toEqual(["Pulumi.some.yaml: nothing is wrong in it", 0]);
});

test("--json is one object of what was found", async () => {
    const [printed, code] = await command(`${sound}${P}libvirtType: xen\n`, "--json");
    expect([JSON.parse(printed), code]).toEqual([
        {
            stack: "some",
            file: "Pulumi.some.yaml",
            valid: false,
            findings: [{ line: 6, key: "libvirtType", value: "xen", reason: '"xen" is not one of qemu, kvm' }],
            unchecked: [],
        },
        1,
    ]);
});

describe("a class", () => {
    const classFile = () => path.join(project, "class.yaml");
    afterEach(() => {
        for (const name of ["class.yaml", "Pulumi.team01.yaml", "Pulumi.team02.yaml"])
            fs.rmSync(path.join(project, name), { force: true });
    });

    test("class.yaml and the files of its teams are read at once; a host of two teams is found", () => {
        put("team01", sound.replace("number: 3", "number: 1"));
        put("team02", sound.replace("b.example.org", "c.example.org"));
        fs.writeFileSync(classFile(), "name: C\nteams: [{ stack: team01 }, { stack: team02 }]\n");
        const lines = validateClass().flatMap(({ file, findings }) => findings.map(({ key }) => `${file} ${key}`));
        expect(lines).toEqual(["Pulumi.team01.yaml hosts.central.address", "Pulumi.team02.yaml hosts.central.address"]);
    });

    test("a lab of two teams is found", () => {
        for (const stack of ["team01", "team02"]) put(stack, "config:\n  lab: lab\n  release: ocata\n");
        const [, first] = validateClass();
        expect(first!.findings.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
            '2 "lab" is the lab of team01 too; allowed is one that no other stack has: its hosts are both stacks\'',
        ]);
    });

    test("an exercise that there is not is found, with its line", () => {
        put("team01", sound);
        fs.writeFileSync(classFile(), "name: C\nteams: [{ stack: team01 }]\nexercises:\n  - id: S4\n  - id: S44\n");
        expect(validateClass()[0]!.findings).toEqual([
            {
                line: 5,
                key: "exercises.1.id",
                reason: 'there is no exercise "S44"; ./classroom sabotage --list shows them',
            },
        ]);
    });

    test("a class.yaml that is wrong is a finding of its own, and no stack's", () => {
        put("team01", sound);
        fs.writeFileSync(classFile(), "name: C\n");
        expect(validateClass().map(({ file, valid }) => [file, valid])).toEqual([["class.yaml", false]]);
        expect(validate("team01").findings).toEqual([]);
    });
});

describe("the file of an exercise", () => {
    const said: string[] = [];
    const run = async (...words: string[]): Promise<string[]> => {
        said.length = 0;
        jest.spyOn(console, "log").mockImplementation((text: string) => void said.push(text));
        const cli = new Command().exitOverride();
        addValidateCommand(cli);
        await cli.parseAsync(["node", "classroom", "validate", ...words]);
        return said;
    };
    const file = path.join(project, "S8.yaml");

    test("without a mistake", async () => {
        fs.copyFileSync(path.resolve(__dirname, "../../exercises/S8.yaml"), file);
        expect(await run(file)).toEqual([`${file}: nothing is wrong in it`]);
    });

    test("with one, which has its line", async () => {
        const sound = fs.readFileSync(path.resolve(__dirname, "../../exercises/S8.yaml"), "utf8");
        fs.writeFileSync(file, sound.replace("minutes: 15", "minutes: 0"));
        expect(await run(file)).toEqual([`${file}:6: minutes: 0 is not allowed; allowed is 1 or more`]);
        expect(process.exitCode).toBe(1);
        expect(JSON.parse((await run(file, "--json")).join())).toMatchObject({ valid: false, findings: [{ line: 6 }] });
    });

    test("that is not there", async () => {
        expect(await run("exercises/X99.yaml")).toEqual([
            expect.stringMatching(/^exercises\/X99.yaml: cannot be read: ENOENT/) as string,
        ]);
    });
});
