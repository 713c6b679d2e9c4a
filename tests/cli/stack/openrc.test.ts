import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { useLines, useOf, writeOpenrc } from "../../../cli/stack/openrc";
import { stackStore } from "../../../engine/stack-store";
import { AddressPlan } from "../../../config/address-plan";
import { tutorialCredentials } from "../../../config/credentials";
import { ownState } from "../../system/own-state";

ownState("classroom openrc-");

const cloud = (adminPassword: string) => ({
    plan: new AddressPlan(0),
    credentials: { ...tutorialCredentials, adminPassword },
});

test("a shell that sources it has what the tutorial exports, whatever is in the password; nobody else can read it", () => {
    const file = writeOpenrc("lab", cloud('it\'s $HOME\\ "here"'));
    expect(
        execFileSync("sh", ["-c", '. "$1"; env', "sh", file], { env: { PATH: process.env.PATH }, encoding: "utf8" })
            .split("\n")
            .filter(l => l.startsWith("OS_"))
            .sort(),
    ).toEqual([
        "OS_AUTH_URL=http://auth-node.example.org:5000/v2.0",
        'OS_PASSWORD=it\'s $HOME\\ "here"',
        "OS_TENANT_NAME=admin",
        "OS_USERNAME=admin",
    ]);
    fs.chmodSync(file, 0o644);
    expect(writeOpenrc("lab", cloud("next"))).toBe(file);
    expect(fs.readFileSync(file, "utf8")).toContain("OS_PASSWORD='next'\n");
    expect((fs.statSync(file).mode | fs.statSync(path.dirname(file)).mode) & 0o077).toBe(0);
    expect(fs.readdirSync(path.dirname(file))).toEqual(["openrc"]);
});

test("destroy takes it away, and finds nothing a second time", () => {
    const file = writeOpenrc("lab", cloud("x"));
    stackStore.removeNotes("lab");
    stackStore.removeNotes("lab");
    expect(fs.existsSync(path.dirname(file))).toBe(false);
});

test.each(["/s/openrc", "/it's $HOME #1/openrc", '/a"b\\`c`/openrc'])(
    "the clients' command for %j is one that a shell takes as it is meant",
    file => {
        const { clients } = useOf("lab", "lab", file);
        const said = execFileSync("sh", ["-c", clients!.replace("./classroom", `printf '%s\\n'`)], {
            encoding: "utf8",
        });
        const [, , , , , , script, ...rest] = said.split("\n");
        const sourced = execFileSync("sh", ["-c", script!.replace(/^\. (.*); nova list$/, `printf %s $1`), ...rest], {
            encoding: "utf8",
        });
        expect(sourced).toBe(file);
    },
);

test("up ends with how to open the dashboard and where openrc is; the clients' command is for labs", () => {
    expect(useLines(useOf("lab", "hosts", "/s/openrc"))).toEqual([
        "dashboard: ./classroom open lab",
        "openrc of admin: /s/openrc",
        "command-line clients: ./classroom lab exec hosts -- sh -c '. \"/s/openrc\"; nova list'",
    ]);
    expect(useLines(useOf("team01", undefined, "/s/openrc"))).toEqual([
        "dashboard: ./classroom open team01",
        "openrc of admin: /s/openrc",
    ]);
});
