import { engineWords } from "../../engine/words";

test("only what the engine itself said is left of the Automation API's error", () => {
    const command =
        "Command failed with exit code 1: /x/pulumi stack export\nerror: could not decrypt: incorrect passphrase";
    expect(engineWords(new Error(`code: -2\n stdout: \n stderr: ${command}\n err?: Error: ${command}\n\n`))).toBe(
        "could not decrypt: incorrect passphrase",
    );
    expect(
        engineWords(
            new Error(
                "code: -2\n stdout: Updating\n stderr: \n err?: Error: Command was killed with SIGKILL (Forced termination): pulumi up",
            ),
        ),
    ).toBe("the engine was ended from outside (SIGKILL); what it had recorded is kept, run it again to go on");
    expect(engineWords(new Error("host x: no answer"))).toBe("host x: no answer");
});
