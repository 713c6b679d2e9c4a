import { checked } from "../../cli/config";

test("a line for each name; what cannot be a password is named, without it", () => {
    expect(checked("lab", ["novaUser", "adminPassword"], ["one", "two two"])).toEqual(["one", "two two"]);
    expect(() => checked("lab", ["novaUser", "adminPassword"], ["one"])).toThrow("standard input has 1 lines; wanted is one for each of novaUser, adminPassword. Nothing was changed");
    expect(() => checked("lab", ["novaUser", "glanceDatabase"], ["canary %(", "canary@"])).toThrow(/^not a password that the cloud can have; nothing was changed\n {2}novaUser: it must not hold [^\n]*\n {2}glanceDatabase: it must not hold ((?!canary).)*$/);
    // The release of a team's stack, which its file does not name, is grizzly.
    expect(checked("team01", ["glanceDatabase"], ["canary@"])).toEqual(["canary@"]);
});
