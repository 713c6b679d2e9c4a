import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { triedOut } from "../../e2e/tried-out";
import type { TestCloud } from "../../e2e/test-cloud";
import { ways } from "./loaded";

/** A cloud that an exercise breaks, and that its solution or the program mends. It writes down what is done to it. */
class FakeCloud {
    readonly stack = "lab";
    readonly done: string[] = [];
    broken = false;

    constructor(
        private readonly causes: readonly string[],
        private readonly mends: RegExp,
        private readonly image = "/dev/null",
    ) {}

    recorded = () => ({
        resources: [{ type: "pulumi-nodejs:dynamic/glance/image:Image", inputs: { file: this.image } }],
    });
    ask = (machine: string, script: string, _seconds: number, { input }: { input?: Buffer } = {}) => {
        this.done.push(`${machine}: ${script}${input ? ` < ${input.length} bytes` : ""}`);
        const lacking = /keypair-list|image-list/.test(script),
            whole = /keypair/.test(script) ? "gridka-api-node" : "cirros-0.3.0";
        if (lacking) return Promise.resolve({ code: 0, said: this.broken ? "" : whole });
        return Promise.resolve({ code: this.broken && !script.startsWith("cat") ? 1 : 0, said: "" });
    };
    on = (machine: string, script: string) => {
        this.done.push(`${machine}: ${script}`);
        if (this.mends.test(script)) this.broken = false;
        return Promise.resolve("");
    };
    classroom = (...args: string[]) => {
        this.done.push(args.join(" "));
        const [command, , word] = args;
        if (command === "sabotage" && word !== "--undo") this.broken = true;
        else if (command === "sabotage" || command === "up") this.broken = false;
        const causes = this.broken ? this.causes.map(cause => ({ cause, brokenByIt: [] })) : [];
        const code = command === "diagnose" && this.broken ? 3 : 0;
        return Promise.resolve({ code, stdout: JSON.stringify({ causes }), stderr: "" });
    };
    succeeds = this.classroom;
}
const wayOf = (name: string) => ways.find(w => w.name === name)!;
const outcome = (cloud: FakeCloud, name: string) =>
    triedOut(cloud as unknown as TestCloud, { name, variant: wayOf(name).variant });

test("an exercise is noticed, named, and mended by its solution and by the program", async () => {
    const cloud = new FakeCloud(["keystone on auth-node is stopped"], /^service keystone start$/);
    const look = "api-node: . /root/openrc; nova list",
        sound = ["diagnose lab"];
    expect(await outcome(cloud, "E3-keystone")).toMatchObject({
        name: "E3-keystone",
        causes: ["keystone on auth-node is stopped"],
        unnamed: [],
    });
    expect(cloud.done).toEqual([
        look,
        "sabotage lab E3-keystone",
        look,
        "diagnose lab --json",
        "auth-node: service keystone start",
        look,
        ...sound,
        "sabotage lab E3-keystone",
        "up lab --refresh",
        look,
        ...sound,
    ]);
});

test("what no refresh mends is taken back, after the solution too", async () => {
    const cloud = new FakeCloud(["/etc/cinder/cinder.conf on volume-node is gone"], /^mv /);
    expect(await outcome(cloud, "E32-both")).toMatchObject({ unnamed: ["tgt on volume-node is stopped"] });
    expect(cloud.done.filter(line => /^(sabotage|up)/.test(line))).toEqual([
        "sabotage lab E32-both",
        "sabotage lab --undo",
        "sabotage lab E32-both",
        "sabotage lab --undo",
    ]);
});

test("an image is at hand where it has to be uploaded, and is the program's after the next up", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-tried-")),
        image = path.join(dir, "image");
    try {
        fs.writeFileSync(image, "12345");
        const cloud = new FakeCloud(["image cirros-0.3.0 is gone"], /glance image-create/, image);
        await outcome(cloud, "E6-image");
        expect(cloud.done.slice(4, 9)).toEqual([
            "image-node: cat > cirros-0.3.0-x86_64-disk.img < 5 bytes",
            expect.stringMatching(/^image-node: \. \/root\/openrc\nglance image-create /) as string,
            "image-node: rm cirros-0.3.0-x86_64-disk.img",
            "image-node: . /root/openrc; glance image-list",
            "up lab --refresh",
        ]);
    } finally {
        fs.rmSync(dir, { recursive: true });
    }
});

test("a diagnosis that names another cause is none", async () => {
    const cloud = new FakeCloud(["mysql on db-node is stopped"], /keystone start/);
    await expect(outcome(cloud, "E3-keystone")).rejects.toThrow(/"named": true/);
});

test("a cloud of another kind of machines is left alone", async () => {
    const cloud = new FakeCloud([], /x/),
        said = "E31 is for machines of the kind vm, and auth-node is of the kind container, so nothing was broken";
    cloud.ask = () => Promise.resolve({ code: 0, said: "" });
    cloud.classroom = () => Promise.resolve({ code: 1, stdout: "", stderr: said });
    expect(await outcome(cloud, "E31-clock")).toMatchObject({ skipped: said });
});
