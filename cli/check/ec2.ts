import { quote } from "../../clients/ssh";
import { messageOf } from "../../system/errors";
import { type CheckedCloud, deadlines } from "./cloud";
import type { Waiting } from "./wait";

/** What euca2ools print, a line of fields for each thing; see "Using euca2ools" in the tutorial. */
const rowsOf = (printed: string, kind: "IMAGE" | "INSTANCE"): string[][] =>
    printed
        .split("\n")
        .map(line => line.split("\t"))
        .filter(fields => fields[0] === kind);

/**
 * The one id of some rows; undefined where there are none. Names stand in the table as they are: one with a line break in
 * it makes a row of its own, and which row is nova's cannot be told.
 * @throws Error where a row has no id of EC2's, or two rows have different ones
 */
function idIn(rows: readonly string[][], what: string, prefix: "ami" | "i"): string | undefined {
    const ids = [...new Set(rows.map(([, id = ""]) => id))];
    const wrong = ids.find(id => !new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id));
    if (wrong !== undefined)
        throw new Error(`EC2 lists ${what} by "${wrong}", which is no id such as ${prefix}-00000001`);
    if (ids.length > 1)
        throw new Error(
            `EC2 lists ${what} by several ids (${ids.join(", ")}), so which one it is cannot be told: another thing may have it in its name`,
        );
    return ids[0];
}

/** Id of an image by `euca-describe-images`: nothing but its name leads from glance to it. */
const imageIn = (printed: string, name: string): string | undefined =>
    idIn(
        rowsOf(printed, "IMAGE").filter(fields => fields[2]?.endsWith(`(${name})`)),
        `the image ${name}`,
        "ami",
    );

/** The one instance of `euca-run-instances`. */
const instanceIn = (printed: string): string | undefined =>
    idIn(rowsOf(printed, "INSTANCE"), "the instance that was started", "i");

/** `pending`, `running` or what else nova makes of an instance's state, by `euca-describe-instances`. */
const stateIn = (printed: string, id: string): string | undefined =>
    rowsOf(printed, "INSTANCE").find(fields => fields[1] === id)?.[5];

/**
 * T11, with the tutorial's euca2ools. The instance gets its name through nova, so that it is known to be the check's if this is cut off.
 * @param making told before there is one
 */
export async function startOverEc2(
    cloud: CheckedCloud,
    wait: Waiting,
    name: string,
    making: () => void,
): Promise<string> {
    const { compute } = cloud,
        euca = (command: string, ...words: string[]) => printedBy(cloud, command, words),
        others = new Set((await compute.servers()).map(s => s.id));
    const image = imageIn(await euca("describe-images"), "cirros-0.3.0");
    if (image === undefined) throw new Error("EC2 lists no image cirros-0.3.0");
    making();
    const started = instanceIn(await euca("run-instances", "-k", "gridka-api-node", "-t", "x1.tiny", image));
    if (started === undefined) throw new Error("euca-run-instances names no instance");
    try {
        const id = await wait.until(
            "nova lists the instance",
            deadlines.address,
            async () => (await compute.servers()).find(s => !others.has(s.id) && s.name === `Server ${s.id}`)?.id,
        );
        await cloud.renameServer(id, name);
        await wait.until("the instance is running", deadlines.instance, async say => {
            const state = stateIn(await euca("describe-instances", started), started) ?? "gone";
            say(state);
            if (!["pending", "running"].includes(state)) throw new Error(`the instance ${started} is ${state}`);
            return state === "running" ? true : undefined;
        });
        await euca("terminate-instances", started);
        await wait.gone("the instance", () => compute.server(id));
        return `${started} of ${image}: running, terminated`;
    } catch (e) {
        await euca("terminate-instances", started).catch(failed =>
            wait.note(`the instance ${started} of EC2 may be left: ${messageOf(failed)}`),
        );
        throw e;
    }
}

/** What one of euca2ools prints on api-node with the admin's keys. */
async function printedBy(cloud: CheckedCloud, command: string, words: readonly string[]): Promise<string> {
    const line = [`euca-${command}`, ...words].join(" ");
    const { code, stdout, stderr } = await cloud.onApiNode(
        `. /root/ec2rc && ${[`euca-${command}`, ...words.map(quote)].join(" ")}`,
        60,
    );
    if (code !== 0)
        throw new Error(`${line} ended with code ${code}: ${`${stderr}\n${stdout}`.trim().split("\n").pop()}`);
    return stdout;
}
