import { checked, rotated } from "../../cli/config";

test("a line for each name; what cannot be a password is named, without it", () => {
    expect(checked("lab", ["novaUser", "adminPassword"], ["four", "two two"])).toEqual(["four", "two two"]);
    expect(() => checked("lab", ["novaUser", "adminPassword"], ["one"])).toThrow(
        "standard input has 1 lines; wanted is one for each of novaUser, adminPassword. Nothing was changed",
    );
    expect(() => checked("lab", ["novaUser", "glanceDatabase"], ["canary %(", "canary@"])).toThrow(
        /^not a password that the cloud can have; nothing was changed\n {2}novaUser: it must not hold [^\n]*\n {2}glanceDatabase: it must not hold ((?!canary).)*$/,
    );
    expect(() => checked("lab", ["novaUser"], ["oné"])).toThrow(
        /novaUser: it must have 4 characters or more: a shorter one cannot be masked in the output$/,
    );
    // The release of a team's stack, which its file does not name, is grizzly.
    expect(checked("team01", ["glanceDatabase"], ["canary@"])).toEqual(["canary@"]);
});

test("rotate: one more for each name, all else as it was", () => {
    const text = "# ours\nconfig:\n  gridka-cloud-classroom:secrets: generated # all of them\n";
    const once = rotated(text, "lab", ["cinderUser"]);
    expect(once).toBe(`${text}  gridka-cloud-classroom:rotations:\n    cinderUser: 1\n`);
    expect(rotated(once, "lab", ["adminToken", "cinderUser"])).toBe(
        `${text}  gridka-cloud-classroom:rotations:\n    cinderUser: 2\n    adminToken: 1\n`,
    );
    expect(rotated("config:\n  secrets: generated\n  rotations: { novaUser: 3 }\n", "lab", ["novaUser"])).toBe(
        "config:\n  secrets: generated\n  rotations: { novaUser: 4 }\n",
    );
});

test("rotate: only what is generated", () => {
    expect(() => rotated("config:\n  lab: lab\n", "lab", ["novaUser", "adminToken"])).toThrow(
        /^novaUser, adminToken of stack lab cannot be rotated; nothing was changed\n {2}the passwords are the tutorial's; only generated ones are rotated, those of secrets: generated$/,
    );
    const own =
        "config:\n  gridka-cloud-classroom:secrets: generated\n  gridka-cloud-classroom:credentials: { novaUser: { secure: v1:abc= } }\n";
    expect(() => rotated(own, "lab", ["novaUser"])).toThrow(
        "the password is set under credentials, where another can be put with config set-secret; only generated ones are rotated",
    );
    expect(rotated(own, "lab", ["cinderUser"])).toContain("cinderUser: 1");
});
