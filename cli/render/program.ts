import * as pulumi from "@pulumi/pulumi";
import { withImageAnywhere } from "../../components/first-image";
import { withMembers } from "../../components/members";
import { cloudOf } from "../../components/team-cloud";
import type { Settings } from "../../config/settings";
import { setMocks } from "../../engine/mocks";
import { PROJECT } from "../../engine/stack-file";
import { isSecret } from "../../engine/state";
import { UserError } from "../../system/errors";
import {
    encryptedKeys,
    noMachine,
    placeholder,
    placeholderCredentials,
    withReadablePlaceholders,
} from "../stack/placeholders";
import { settingsFrom } from "../stack/reach";
import { shortType } from "../../engine/urn";

/** A resource as the program asks for it, before any engine has seen it. */
export interface ProgramResource {
    name: string;
    type: string;
    /** False for components, which only group others. */
    custom: boolean;
    parent?: string;
    /** Names of what it waits for beside what its inputs refer to; a component stands for all that is in it. */
    dependsOn: string[];
    /** Name of the provider whose host it is on, of @pulumi/libvirt's. */
    provider?: string;
    inputs: Record<string, unknown>;
    /** Inputs that the stack's state keeps as secrets. */
    secret: string[];
}

export interface ProgramOptions {
    showSecrets?: boolean;
}

/**
 * The resources of a stack in the order in which the program makes them: the program itself is run, with something in
 * the engine's place that answers every request at once. It depends on the checkout alone: nothing of this machine and
 * nothing of chance is in it, and no password unless it is asked for.
 * @param given the stack's configuration, without the project's prefix
 */
export async function programOf(
    stack: string,
    given: Record<string, unknown>,
    { showSecrets = false }: ProgramOptions = {},
): Promise<ProgramResource[]> {
    const readable = showSecrets ? given : { ...given, credentials: placeholderCredentials(given) };
    const encrypted = encryptedKeys(readable);
    if (encrypted.length > 0) {
        const credentials = encrypted.every(key => key.split(".")[0] === "credentials");
        throw new UserError(
            `the configuration of stack ${stack} has ${encrypted.join(", ")} encrypted, which the engine alone can read; ` +
                (credentials
                    ? "without --show-secrets, placeholders stand for passwords"
                    : "render needs everything but credentials in plain text"),
        );
    }
    return await run(stack, withImageAnywhere(withMembers(stack, settingsFrom(stack, readable, noMachine))));
}

type Made = Omit<ProgramResource, "custom" | "inputs" | "secret" | "dependsOn"> & {
    after: pulumi.CustomResourceOptions["dependsOn"];
};

/** What a run of the program has asked for so far. */
class Recording {
    private readonly made: Made[] = [];
    private readonly names = new Map<pulumi.Resource, string>();
    /** By type and name, as the two below. */
    private readonly asked = new Map<string, Pick<ProgramResource, "custom" | "inputs">>();
    private readonly outputs = new Map<string, string[]>();

    /** In the engine's place: what each request is answered. */
    readonly mocks: pulumi.runtime.Mocks = {
        newResource: ({ type, name, inputs, custom }) => {
            const key = keyOf(shortType(type), name);
            this.asked.set(key, { custom: custom === true, inputs: inputs as Record<string, unknown> });
            const later = (this.outputs.get(key) ?? []).map(output => [output, placeholder(`${name}.${output}`)]);
            return { id: placeholder(`${name}.id`), state: { ...inputs, ...Object.fromEntries(later) } };
        },
        call: ({ token }) => {
            throw new Error(`render does not know what ${token} would answer`);
        },
    };

    /** Sees each resource before its request. */
    readonly transformation: pulumi.ResourceTransformation = ({ resource, type, name, props, opts }) => {
        this.names.set(resource, name);
        // What is known only once a resource is made stands among its properties without a value.
        this.outputs.set(
            keyOf(shortType(type), name),
            Object.keys(props).filter(property => props[property] === undefined),
        );
        const parent = this.nameOf(opts.parent),
            provider = this.nameOf((opts as pulumi.CustomResourceOptions).provider);
        this.made.push({
            name,
            type: shortType(type),
            ...(parent !== undefined && { parent }),
            after: opts.dependsOn,
            ...(provider !== undefined && { provider }),
        });
        return undefined;
    };

    /** After the run, the engine's library disconnected. */
    async resources(): Promise<ProgramResource[]> {
        return await Promise.all(this.made.map(made => this.whole(made)));
    }

    private async whole({ after, ...resource }: Made): Promise<ProgramResource> {
        const request = this.asked.get(keyOf(resource.type, resource.name));
        if (!request)
            throw new Error(`${resource.type} ${resource.name} was not registered: what it waits for never came`);
        // Files of nodes that come later are known only when all is made.
        const waitsFor = [await known<unknown>(after)].flat().filter(r => pulumi.Resource.isInstance(r));
        return {
            ...resource,
            dependsOn: waitsFor.map(r => this.names.get(r)!),
            custom: request.custom,
            ...plain(request.inputs),
        };
    }

    private nameOf(resource: pulumi.Resource | undefined): string | undefined {
        return resource && this.names.get(resource);
    }
}

const keyOf = (type: string, name: string): string => `${type} ${name}`;

async function run(stack: string, settings: Settings): Promise<ProgramResource[]> {
    const recording = new Recording();
    await setMocks(recording.mocks, PROJECT, stack);
    try {
        cloudOf(settings, { transformations: [recording.transformation] });
    } finally {
        await pulumi.runtime.disconnect();
    }
    return await recording.resources();
}

const known = <T>(value: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> =>
    new Promise(resolve => {
        pulumi.output(value).apply(resolve);
    });

/** Inputs without the engine's own marks: the code stored with a resource, and that a value is secret. */
function plain({ __provider, ...inputs }: Record<string, unknown>): Pick<ProgramResource, "inputs" | "secret"> {
    const secret = Object.keys(inputs).filter(name => isSecret(inputs[name]));
    const known = Object.entries(inputs).map(([name, value]) => [
        name,
        readableIn(isSecret(value) ? (value as { value: unknown }).value : value),
    ]);
    return { inputs: Object.fromEntries(known), secret };
}

function readableIn(value: unknown): unknown {
    if (typeof value === "string") return withReadablePlaceholders(value);
    if (Array.isArray(value)) return value.map(readableIn);
    return typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, readableIn(v)]))
        : value;
}
