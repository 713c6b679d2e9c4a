import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { obtainEngine } from "../../engine/obtain";
import { projectDir } from "../../system/paths";
import { silent } from "../../system/progress";
import { run } from "../../system/run";
import { TestCloud } from "./test-cloud";

/** A stack of this test's own, without a lab: the real engine and four resources that only remember. */
const cloud = new TestCloud(`failing-${process.pid}`, fs.mkdtempSync(path.join(os.tmpdir(), "classroom-failing-")));
beforeAll(async () => {
    await obtainEngine(silent);
    cloud.configure();
}, 60 * 60_000);
afterAll(() => {
    fs.rmSync(cloud.configFile, { force: true });
    fs.rmSync(cloud.state, { recursive: true });
});

/** Makes the four, then changes the first in a way that fails; prints the names that the state has in the end. */
const script = `
const bin = name => require(${JSON.stringify(path.join(projectDir(), "bin"))} + "/" + name);
const pulumi = require("@pulumi/pulumi");
const { registered } = bin("components/registered"), { openStack } = bin("engine/automation");
const fails = "fails";
const provider = {
    check: async (_olds, news) => ({ inputs: news }),
    diff: async (_id, olds, news) => ({ changes: olds.value !== news.value, replaces: news.how === "replaced" ? ["value"] : [], deleteBeforeReplace: true }),
    create: async inputs => { if (inputs.value === fails) throw new Error("it fails"); return { id: "x", outs: inputs }; },
    update: async (_id, _olds, news) => { throw new Error("it fails"); },
    delete: async () => undefined,
};
class Thing extends pulumi.dynamic.Resource {
    constructor(name, value, how, opts) { super(provider, name, { value, how }, opts); }
}
const program = (value, how) => async () => {
    const first = new Thing("first", value, how), after = new Thing("after", "1", how, { dependsOn: first });
    new Thing("behind", "1", how, { dependsOn: after });
    new Thing("alone", pulumi.output(new Promise(told => setTimeout(() => told("1"), 2000))), how);
    return {};
};
const all = async () => {
    const [stack, how] = process.argv.slice(2);
    const engine = await bin("engine/obtain").obtainEngine(bin("system/progress").silent);
    const up = async value => {
        const opened = await openStack(stack, () => registered(program(value, how)), engine, () => undefined);
        return await opened.up({ continueOnError: true }).then(() => "done", e => e.message.includes("left as it was") ? "left" : e.message);
    };
    const said = [await up("1"), await up(fails)];
    console.log(JSON.stringify({ said }));
    process.exit(0);
};
void all();
`;

test.each(["updated", "replaced"])("what depends on a resource that fails to be %s is not deleted", async how => {
    const file = path.join(cloud.state, "program.js");
    fs.writeFileSync(file, script);
    fs.rmSync(cloud.stateFile, { force: true });
    const { stdout } = await run(process.execPath, [file, cloud.stack, how], {
        cwd: projectDir(),
        env: { CLASSROOM_STATE: cloud.state, NODE_PATH: path.join(projectDir(), "node_modules") },
        timeoutSeconds: 300,
    });
    const left = cloud.recorded().resources.map(({ urn }) => urn.split("::").pop());
    expect([JSON.parse(stdout.trim().split("\n").pop()!), left]).toEqual([
        { said: ["done", "left"] },
        expect.arrayContaining(["alone", "after", "behind"]),
    ]);
});
