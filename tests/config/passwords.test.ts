import { passwordProblem } from "../../config/passwords";
import { readSettings } from "../../config/settings";
import { credentialNames } from "../../config/credentials";

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
const refused = (name: (typeof credentialNames)[number], release = "ocata") =>
    printable.filter(c => passwordProblem(name, `x${c}x`, release)).join("");

test("every printable character can be in every password, but for those that ocata's glance-manage and oslo.messaging get wrong in a URL", () => {
    const others = credentialNames.filter(name => name !== "glanceDatabase" && name !== "rabbitPassword");
    expect(others.map(name => refused(name))).toEqual(others.map(() => ""));
    expect([refused("glanceDatabase"), refused("glanceDatabase", "grizzly")]).toEqual(["%/:@", ""]);
    expect([refused("rabbitPassword"), refused("rabbitPassword", "grizzly")]).toEqual(["/", ""]);
});

test.each([
    ["adminPassword", " x"],
    ["adminPassword", "x "],
    ["adminPassword", ""],
    ["mysqlRoot", "a\nb"],
    ["mysqlRoot", "a\tb"],
    ["novaUser", "pässword"],
    ["adminToken", "a\\$b"],
    ["rabbitPassword", "'a'"],
    ["placementUser", '"a"'],
    ["glanceUser", "a%(b"],
    ["novaUser", "a ;b"],
    ["cinderUser", '""'],
] as const)("%s %j is refused, and what is near it is not", (name, password) => {
    expect(passwordProblem(name, password, "ocata")).toMatch(/^it must /);
    expect(passwordProblem(name, "a$b%b;' \"(b", "ocata")).toBeUndefined();
});

test("a password is bounded: keystone cuts a long one off, and then lets nobody in with it", () => {
    for (const name of credentialNames) {
        expect(passwordProblem(name, "p".repeat(1024), "grizzly")).toBeUndefined();
        expect(passwordProblem(name, "p".repeat(1025), "grizzly")).toBe("it must have at most 1024 characters");
    }
});

test("a password that Grizzly's keystone takes for the hash of one is refused where it is a user's", () => {
    const refusing = (password: string, release: string) =>
        credentialNames.filter(name => passwordProblem(name, password, release) !== undefined);
    expect(refusing("$6$rounds=40000$x", "grizzly")).toEqual(["adminPassword", "glanceUser", "cinderUser", "novaUser"]);
    expect(refusing("$6$x", "ocata")).toEqual([]);
    expect(refusing("x$6$x", "grizzly")).toEqual([]);
});

test("a configuration that has one is refused with the key and the reason, without the password", () => {
    const hosts = { central: { address: "a" }, compute: { address: "b" } };
    const credentials = { novaUser: "canary %(x", glanceDatabase: "canary@x", adminPassword: "canary % x" };
    let message = "";
    try {
        readSettings("lab", { number: 0, release: "ocata", goldenRoot: "/srv/golden", hosts, credentials });
    } catch (e) {
        message = (e as Error).message;
    }
    expect(message).toBe(
        "the configuration of stack lab has 2 mistakes; nothing was changed\n" +
            "  credentials.glanceDatabase: the value is not allowed: it must not hold % : @ or /: glance-manage of this release hands its database's URL to a parser that takes % for a reference\n" +
            "  credentials.novaUser: the value is not allowed: it must not hold %( nor a semicolon after a space: in a service's paste file these begin a reference and a comment",
    );
});
