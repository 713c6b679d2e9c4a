import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { validate } from "../../cli/validate";
import { newLabStack } from "../../lab/new-stack";

const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-new-stack-"));
jest.mock("../../system/paths", () => ({
    ...jest.requireActual<object>("../../system/paths"),
    projectDir: () => project,
}));
afterAll(() => fs.rmSync(project, { recursive: true }));

test("a lab's stack is written, and nothing is wrong in it; a second of its name is refused, and stays", () => {
    expect(newLabStack("lab2")).toBe("Pulumi.lab2.yaml");
    expect(validate("lab2").findings).toEqual([]);
    const text = fs.readFileSync(path.join(project, "Pulumi.lab2.yaml"), "utf8");
    expect(() => newLabStack("lab2")).toThrow("there is a Pulumi.lab2.yaml already; nothing was changed");
    expect(fs.readFileSync(path.join(project, "Pulumi.lab2.yaml"), "utf8")).toBe(text);
});

test("what is no lab's name is refused, and nothing is written", () => {
    expect(() => newLabStack("../x")).toThrow("cannot be a lab's name");
    expect(fs.readdirSync(project)).not.toContain("Pulumi.../x.yaml");
});
