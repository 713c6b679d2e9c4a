import { messageOf } from "../system/errors";
import { CheckedCloud, deadlines } from "./checks-cloud";
import type { Waiting } from "./checks-wait";

/** What euca2ools print, a line of fields for each thing; see "Using euca2ools" in the tutorial. */
const rowsOf = (printed: string, kind: "IMAGE" | "INSTANCE"): string[][] =>
    printed
        .split("\n")
        .map(line => line.split("\t"))
        .filter(fields => fields[0] === kind);

/** Id of an image by `euca-describe-images`: nothing but its name leads from glance to it. */
const imageIn = (printed: string, name: string): string | undefined =>
    rowsOf(printed, "IMAGE").find(fields => fields[2]?.endsWith(`(${name})`))?.[1];

/** The one instance of `euca-run-instances` or `euca-describe-instances`: its id, and `pending`, `running` or what else nova makes of its state. */
function instanceIn(printed: string): { id: string; state: string } | undefined {
    const fields = rowsOf(printed, "INSTANCE")[0];
    return fields?.[1] && fields[5] ? { id: fields[1], state: fields[5] } : undefined;
}

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
        euca = (command: string) => printedBy(cloud, command),
        others = new Set((await compute.servers()).map(s => s.id));
    const image = imageIn(await euca("describe-images"), "cirros-0.3.0");
    if (image === undefined) throw new Error("EC2 lists no image cirros-0.3.0");
    making();
    const started = instanceIn(await euca(`run-instances -k gridka-api-node -t x1.tiny ${image}`));
    if (!started) throw new Error("euca-run-instances names no instance");
    try {
        const id = await wait.until(
            "nova lists the instance",
            deadlines.address,
            async () => (await compute.servers()).find(s => !others.has(s.id) && s.name === `Server ${s.id}`)?.id,
        );
        await cloud.renameServer(id, name);
        await wait.until("the instance is running", deadlines.instance, async say => {
            const { state } = instanceIn(await euca(`describe-instances ${started.id}`)) ?? { state: "gone" };
            say(state);
            if (!["pending", "running"].includes(state)) throw new Error(`the instance ${started.id} is ${state}`);
            return state === "running" ? true : undefined;
        });
        await euca(`terminate-instances ${started.id}`);
        await wait.gone("the instance", () => compute.server(id));
        return `${started.id} of ${image}: running, terminated`;
    } catch (e) {
        await euca(`terminate-instances ${started.id}`).catch(failed =>
            wait.note(`the instance ${started.id} of EC2 may be left: ${messageOf(failed)}`),
        );
        throw e;
    }
}

/** What one of euca2ools prints on api-node with the admin's keys. */
async function printedBy(cloud: CheckedCloud, command: string): Promise<string> {
    const { code, stdout, stderr } = await cloud.onApiNode(`. /root/ec2rc && euca-${command}`, 60);
    if (code !== 0)
        throw new Error(`euca-${command} ended with code ${code}: ${`${stderr}\n${stdout}`.trim().split("\n").pop()}`);
    return stdout;
}
