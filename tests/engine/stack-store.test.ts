import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { fileURLToPath } from "url";
import { passphraseFile, stackStore } from "../../engine/stack-store";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom automation-")),
    before = process.env.CLASSROOM_STATE;
beforeEach(() => {
    process.env.CLASSROOM_STATE = fs.mkdtempSync(path.join(dir, "ä #1%20'?"));
});
afterAll(() => {
    if (before === undefined) delete process.env.CLASSROOM_STATE;
    else process.env.CLASSROOM_STATE = before;
    fs.rmSync(dir, { recursive: true });
});

test("the engine is given the folder of the states as a URL, whatever is in its path", () => {
    const { PULUMI_BACKEND_URL } = stackStore.environment();
    expect(PULUMI_BACKEND_URL).not.toMatch(/[ #?ä]/);
    expect(fileURLToPath(PULUMI_BACKEND_URL!)).toBe(path.join(process.env.CLASSROOM_STATE!, "stacks"));
});

test("the passphrase is made once, for its user alone; nothing is left beside it", () => {
    const file = passphraseFile(),
        text = fs.readFileSync(file, "utf8");
    expect([text, fs.statSync(file).mode & 0o777, passphraseFile()]).toEqual([
        expect.stringMatching(/^[\w-]{32}\n$/),
        0o600,
        file,
    ]);
    expect([fs.readFileSync(file, "utf8"), fs.readdirSync(path.dirname(file))]).toEqual([text, ["passphrase"]]);
});

test("an empty passphrase, as a run that was cut off could leave, encrypts nothing", () => {
    fs.writeFileSync(path.join(process.env.CLASSROOM_STATE!, "passphrase"), "");
    expect(passphraseFile).toThrow(/^the passphrase of the stacks' secrets is empty \(.*\); nothing was changed\. /);
});
