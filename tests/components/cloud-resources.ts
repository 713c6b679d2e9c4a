import * as pulumi from "@pulumi/pulumi";
import { setMocks } from "../../engine/mocks";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";
import { TeamCloud } from "../../components/team-cloud";
import { readSettings } from "../../config/settings";

/** Resources register as what they wait for becomes known; all have when no more come. */
async function settled(): Promise<void> {
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve));
}

/** The key under which the engine wraps a secret. */
const signature = "4dabf18193072939515e22adb298388d";

/** Inputs with their secrets laid open. */
export function open(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(open);
    if (typeof value !== "object" || value === null) return value;
    return signature in value
        ? open((value as unknown as { value: unknown }).value)
        : Object.fromEntries(Object.entries(value).map(([k, v]) => [k, open(v)]));
}

/** What the live objects would add, by type. */
const made: Record<string, object> = {
    "machine:HostKey": { publicKey: "ssh-ed25519 HOST", privateKey: "PRIVATE" },
    "keystone:Ec2Credential": { access: "ACCESS", secret: "SECRET" },
};

/** Every resource that the cloud of a configuration registers, in order, made by a program without an engine. */
export async function cloudResources(given: Record<string, unknown>): Promise<MockResourceArgs[]> {
    const seen: MockResourceArgs[] = [];
    await setMocks({
        newResource: args => {
            seen.push(args);
            return { id: `${args.name}-id`, state: { ...args.inputs, ...made[args.type.split("/").pop()!] } };
        },
        call: args => args.inputs,
    });
    new TeamCloud("cloud", {
        ...readSettings("team01", given),
        operatorKey: "ssh-ed25519 OPERATOR",
        knownHosts: "/state/known_hosts",
    });
    await settled();
    await pulumi.runtime.disconnect();
    return seen;
}
