import * as fs from "fs";
import * as path from "path";
import { checkConfigured, configured } from "../../../cli/stack/reach";
import { projectDir } from "../../../system/paths";

const stack = `test-reach-${process.pid}`,
    file = path.join(projectDir(), `Pulumi.${stack}.yaml`);
afterEach(() => fs.rmSync(file, { force: true }));

test("a file that the engine has written anew, with its values as text, says the same as one that a person wrote", () => {
    const written = (quote: string) =>
        [
            "config:",
            "  gridka-cloud-classroom:lab: lab",
            `  gridka-cloud-classroom:training: ${quote}true${quote}`,
            `  gridka-cloud-classroom:number: ${quote}7${quote}`,
            "  gridka-cloud-classroom:release: ocata",
            "  gridka-cloud-classroom:nodes:",
            "    api-node: { power: off }",
            "",
        ].join("\n");
    const [byHand, byEngine] = ["", '"'].map(quote => {
        fs.writeFileSync(file, written(quote));
        expect(() => checkConfigured(stack)).not.toThrow();
        return configured(stack);
    });
    expect(byHand).toEqual({
        lab: "lab",
        training: true,
        number: 7,
        release: "ocata",
        nodes: { "api-node": { power: "off" } },
    });
    expect(byEngine).toEqual(byHand);
});
