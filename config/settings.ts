import * as z from "zod";
import type { Member } from "./class-settings";
import { AddressPlan, type NetworkRanges, problems, tutorialRanges } from "./address-plan";
import { commandsSchema, doubled } from "./commands";
import { credentialNames, type Credentials, tutorialCredentials } from "./credentials";
import { hostKeyForms, pastedKeys } from "./host-keys";
import { cloudLimits, nodeIds, teamIds } from "./id-ranges";
import { issueMistakes, patternMessage } from "./issues";
import { type Mistake, mistakeAt, Mistaken, mistakeIn } from "./mistakes";
import { type NodeName, nodeNames, nodes } from "./nodes";
import { passwordProblem } from "./passwords";
import { limitsOf, preciseReleases, releaseNames } from "./releases";
import { unprintable } from "./words";
import {
    uplinkedNetworks,
    uplinkKinds,
    uplinkProblems,
    type Uplinks,
    uplinksOf,
    uplinksSchema,
    usualMtu,
} from "./uplinks";

const hostName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, "a host name or an address");
const absolutePath = z.string().regex(/^(\/|~\/)/, "an absolute path, or one that starts with ~/");
/** libvirt's provider takes $ for the beginning of a variable. */
const keyFile = absolutePath.regex(/^[^$]*$/, "a path without $");
/** It is part of mount options, commands and XML on the hosts. */
const hostFolder = z
    .string()
    .regex(
        /^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\/?$/,
        "an absolute path of letters, digits and ._-, without parts that begin with a dot",
    );

/** Addresses that are the same word in apt's sources, in a shell, in XML and in a file's name. */
const HTTP =
    /^https?:\/\/([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(\/[A-Za-z0-9._~%+=@:,/-]*)?$/;
const HTTP_ALONE = /^http:\/\/([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?\/?$/;
const FILE = /^file:\/\/\/[A-Za-z0-9._~%+=@:,/-]+$/;
const url = (schemes: string, ...forms: RegExp[]) => {
    const allowed = `an address that begins with ${schemes}, of letters, digits and ._~%+=@:,/-`;
    return z.string(allowed).refine(text => forms.some(form => form.test(text)) && URL.canParse(text), allowed);
};

const sha256 = z
    .string("64 hexadecimal digits: nothing is used unverified")
    .regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits");

const credentialsSchema = z.strictObject(
    Object.fromEntries(credentialNames.map(name => [name, z.string().min(1)])) as Record<
        keyof Credentials,
        z.ZodString
    >,
);

const hostKey = z
    .string()
    .transform((text, context) => {
        const keys = pastedKeys(text);
        if (keys === undefined) context.addIssue({ code: "custom", message: hostKeyForms });
        return keys?.join("\n") ?? z.NEVER;
    })
    .optional();

const bastion = z.strictObject({
    /** Name or address, as the operator reaches it. */
    address: hostName,
    port: z.int().min(1).max(65535).default(22),
    user: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, "a user's name: letters, digits and _.-")
        .default("root"),
    /** As a host's. */
    hostKey,
    /** Private key for this machine alone; the stack's `sshKeyFile` where it is not given. */
    sshKeyFile: keyFile.optional(),
});

const firstIdInWords = `a whole number from ${cloudLimits.least} to ${cloudLimits.most}`;
const firstId = z
    .int(firstIdInWords)
    .min(cloudLimits.least, `host, or ${firstIdInWords}`)
    .max(cloudLimits.most, `host, or ${firstIdInWords}`);

const host = z.strictObject({
    /** Name or address, as the operator reaches it. */
    address: hostName,
    /** The course's hosts listen on 24 (H1). */
    port: z.int().min(1).max(65535).default(24),
    /** Public host keys, one a line, `ssh-ed25519 AAAA…`; taken from known_hosts where it is not given. */
    hostKey,
    /** The stack's own steps on it, after everything of the program's (docs/commands.md). */
    commands: commandsSchema.optional(),
    /** The machine to go through, where the operator does not reach the host directly. */
    jump: bastion.optional(),
});

const section = z
    .string()
    .regex(
        /^([A-Za-z0-9_.:-]([A-Za-z0-9_.:/ -]*[A-Za-z0-9_.:/-])?)?$/,
        "the name of a section: letters, digits and _.:/-, with spaces between; none in a file without sections",
    );
const option = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "the name of an option: letters, digits and _.-");
const optionValue = z
    .union([z.string(), z.number(), z.boolean()])
    .transform(String)
    .refine(
        value => value === value.trim() && !value.endsWith("\\"),
        "a value without spaces around it and without a backslash at its end, which files of options cut off or go on after",
    );

const nodeOverride = z.strictObject({
    kind: z.enum(["container", "vm"]).optional(),
    power: z.enum(["on", "off"]).optional(),
    /** Another one is another machine, made from the golden clone: `rebuild` raises it. Default 1. */
    generation: z.int().min(1).optional(),
    /** The same for the disk that its volumes are on (/dev/vdb), which is kept otherwise. Default 1. */
    dataGeneration: z.int().min(1).optional(),
    /** The stack's own options by file, section and option, beside the release's or instead of them. */
    options: z.record(z.string(), z.record(section, z.record(option, optionValue))).optional(),
    /** The stack's own steps on it, after everything of the program's (docs/commands.md). */
    commands: commandsSchema.optional(),
});

const schema = z.strictObject({
    /** 1–10 for the course's teams, 0 for a lab: makes MAC addresses differ. */
    number: z.int().min(0).max(255),
    /** The course's, or the one that a lab can have. */
    release: z.enum(releaseNames).default("grizzly"),
    hosts: z.strictObject({ central: host, compute: host }),
    /** Private key for root on the physical hosts and the nodes. RSA is what machines of every age know. */
    sshKeyFile: keyFile.default("~/.ssh/id_rsa"),
    /** Where the physical hosts' keys are looked up. */
    knownHostsFile: absolutePath.default("~/.ssh/known_hosts"),
    /** What nodes are where `nodes` does not say otherwise. */
    machine: z.enum(["container", "vm"]).default("vm"),
    /** A cloud to practise on: `sabotage` breaks no other. */
    training: z.boolean().default(false),
    /** What becomes of changes that somebody else makes in nodes: `mend`, `report` (told alone) or `off` (not recorded). Default: `mend` with `training`, else `report`. */
    baseline: z.enum(["mend", "report", "off"]).optional(),
    /** Of virtual machines: `qemu` emulates where the hosts have no KVM. */
    hypervisor: z.enum(["kvm", "qemu"]).default("kvm"),
    /** How nova starts instances: nodes that are themselves emulated or without nested KVM have to emulate them (P1). */
    libvirtType: z.enum(["qemu", "kvm"]).default("qemu"),
    /** The last node that there is, in the tutorial's order: the course makes its cloud node by node. */
    upTo: z.enum(nodeNames).default("compute-2"),
    nodes: z.partialRecord(z.enum(nodeNames), nodeOverride).default({}),
    networks: z
        .partialRecord(
            z.enum(Object.keys(tutorialRanges) as [keyof NetworkRanges, ...(keyof NetworkRanges)[]]),
            z.string(),
        )
        .default({}),
    /** How the networks that both hosts have get from one to the other; without one: the bridges br-internal and br-private. */
    uplinks: uplinksSchema.default({}),
    /** Where a node's packages come from instead of the release's own archive. */
    archiveUrl: url("http:// or https://", HTTP).optional(),
    /** Where the nodes' own system comes from instead of the release's fixed address of it. */
    baseArchiveUrl: url("http:// or https://", HTTP).optional(),
    /** A proxy that apt of every node fetches from archives by http through. */
    aptProxy: url("http://", HTTP_ALONE).optional(),
    /** Public key that this archive is signed by; apt of Ubuntu 12.04 knows no key of a single archive. */
    archiveKey: z
        .string()
        .regex(
            /^\s*-----BEGIN PGP PUBLIC KEY BLOCK-----\n[^-]*\n-----END PGP PUBLIC KEY BLOCK-----\s*$/,
            "a public key as gpg --armor --export writes it",
        )
        .optional(),
    /** On the physical hosts: the root folder that containers are clones of. */
    goldenRoot: hostFolder.optional(),
    /** The first of the host's ids that containers have in place of their own, or `host`: those of the host itself. */
    containerIds: z.union([z.literal("host"), firstId], `host, or ${firstIdInWords}`).optional(),
    /** What virtual machines are made of, in place of the release's own image; every host fetches it itself. */
    goldenImage: z.strictObject({ url: url("http://, https:// or file://", HTTP, FILE), sha256 }).optional(),
    /** The first image of the cloud, in place of the release's own. */
    image: z.strictObject({ file: absolutePath, sha256 }).optional(),
    /** Whose passwords the cloud has: the tutorial's, or ones that are made for it. Those under `credentials` are had either way. */
    secrets: z.enum(["tutorial", "generated"]).default("tutorial"),
    credentials: credentialsSchema.partial().default({}),
    /** How often each generated password has been put in another's place: another number makes another password. */
    rotations: z
        .partialRecord(z.enum(credentialNames), z.int("a whole number, 1 or more").min(1, "a whole number, 1 or more"))
        .default({}),
});

/** The configuration of one stack, checked and with its defaults. */
export type Settings = Omit<z.infer<typeof schema>, "networks" | "uplinks" | "credentials" | "baseline"> & {
    baseline: "mend" | "report" | "off";
    plan: AddressPlan;
    uplinks: Uplinks;
    /** Those that are not here are generated: the stack's state has them, once they are made. */
    credentials: Partial<Credentials>;
    /** The message queue's account: the tutorial's, which every such server brings, or an own one where secrets are generated (D2). */
    queueUser: "guest" | "openstack";
    /** Public half of the operator's key, added by {@link withOperatorKey}. */
    operatorKey?: string;
    /** How libvirt's provider signs with it, added with it: by the file itself, or by the operator's ssh-agent. */
    sshAuth?: "privkey" | "agent";
    /** Of a stack with commands of its own: private keys by the path of their file, added with it; secret. */
    keyTexts?: Readonly<Record<string, string>>;
    /** The lab whose hosts these are, added by readStackSettings; undefined of a team's own. */
    lab?: string;
    /** Who gets in beside the operator, added from class.yaml. */
    members?: readonly Member[];
    /** The private known_hosts file of the stack, added by {@link Surroundings}. */
    knownHosts?: string;
    /** The nodes that there are, in the tutorial's order. */
    made: readonly NodeName[];
    kindOf(node: NodeName): "container" | "vm";
    powerOf(node: NodeName): "on" | "off";
    generationOf(node: NodeName): number;
};

/** The node whose volumes have a disk of their own. */
export const dataNode: NodeName = "volume-node";

/** Names of the configuration's keys, without the project's prefix. */
export const settingKeys = ["lab", ...Object.keys(schema.shape)];

/** A JSON schema (draft 7) of each key's value as a stack's file gives it, by the key's name without the project's prefix. */
export function valueSchemas(): Record<string, object> {
    const { properties } = z.toJSONSchema(schema, {
        io: "input",
        target: "draft-7",
        unrepresentable: "any",
        override: ({ zodSchema, jsonSchema, path }) => {
            const { propertyNames, additionalProperties } = jsonSchema;
            // Names that there are can be completed.
            if (typeof propertyNames === "object" && propertyNames.enum) {
                jsonSchema.properties = Object.fromEntries(
                    propertyNames.enum.map(name => [name, additionalProperties as object]),
                );
                jsonSchema.additionalProperties = false;
                delete jsonSchema.propertyNames;
            }
            const message = jsonSchema.pattern === undefined ? undefined : patternMessage(zodSchema);
            if (message !== undefined) jsonSchema.patternErrorMessage = message;
            // A lab's defaults are others.
            if (path.length === 2) delete jsonSchema.default;
        },
    });
    return properties as Record<string, object>;
}

type Parsed = z.infer<typeof schema>;

/** What several keys together have to be. It is asked where each of its keys is sound by itself. */
interface Rule {
    of: readonly (keyof Parsed)[];
    broken(given: Parsed): Mistake[];
}
const rule = <K extends keyof Parsed>(of: readonly K[], broken: (given: Pick<Parsed, K>) => Mistake[]): Rule => ({
    of,
    broken,
});

const rangesOf = ({ networks }: Pick<Parsed, "networks">): NetworkRanges => ({ ...tutorialRanges, ...networks });
const uplinksIn = ({ uplinks, number, hosts: { central, compute } }: Pick<Parsed, "uplinks" | "number" | "hosts">) =>
    uplinksOf(uplinks, number, { central: central.address, compute: compute.address });

const rules: readonly Rule[] = [
    rule(["hosts", "nodes"], ({ hosts, nodes }) =>
        [
            ...Object.entries(hosts).map(([role, host]) => [`hosts.${role}`, host.commands] as const),
            ...Object.entries(nodes).map(([node, { commands }]) => [`nodes.${node}`, commands] as const),
        ].flatMap(([path, commands]) =>
            doubled(commands).map(name =>
                mistakeAt(`${path}.commands`, `the name "${name}" is there more than once; each command needs its own`),
            ),
        ),
    ),
    rule(["hosts", "nodes"], ({ hosts, nodes: given }) =>
        nodeNames.flatMap(node =>
            given[node]?.commands?.length && hosts[nodes[node].host].jump
                ? [
                      mistakeAt(
                          `nodes.${node}.commands`,
                          `the way to ${node} leads through two machines, its host and a bastion (hosts.${nodes[node].host}.jump); commands go through one at most`,
                      ),
                  ]
                : [],
        ),
    ),
    rule(["networks"], given => problems(rangesOf(given)).map(p => mistakeAt(`networks.${p.key}`, p.reason))),
    rule(["hosts"], ({ hosts: { central, compute } }) =>
        central.address === compute.address && central.port === compute.port
            ? [
                  mistakeAt(
                      "hosts.compute.address",
                      `"${compute.address}" is the central host too; the two must be different machines`,
                  ),
              ]
            : [],
    ),
    rule(["archiveKey", "release"], ({ archiveKey, release }) =>
        archiveKey !== undefined && limitsOf(release)?.precise
            ? [
                  mistakeAt(
                      "archiveKey",
                      `it is not for release ${release}, whose machines (Ubuntu 12.04) know no key of a single archive: the archive at archiveUrl has to be signed by the key of ubuntu-cloud-keyring`,
                  ),
              ]
            : [],
    ),
    rule(["baseArchiveUrl", "release"], ({ baseArchiveUrl, release }) =>
        baseArchiveUrl !== undefined && !limitsOf(release)?.precise
            ? [
                  mistakeAt(
                      "baseArchiveUrl",
                      `it is for release ${preciseReleases.join(" and ")} alone; machines of release ${release} have their system's archives from their image`,
                  ),
              ]
            : [],
    ),
    rule(["libvirtType", "hypervisor", "machine", "nodes"], ({ libvirtType, hypervisor, machine, nodes }) => {
        // Instances run under KVM inside of compute nodes that have a processor with virtualisation: an emulated one has none.
        const emulated = nodeNames.filter(
            name => name.startsWith("compute-") && hypervisor === "qemu" && (nodes[name]?.kind ?? machine) === "vm",
        );
        return libvirtType === "kvm" && emulated.length > 0
            ? [
                  mistakeAt(
                      "libvirtType",
                      `"kvm" is not allowed where ${emulated.join(" and ")} ${emulated.length === 1 ? "is" : "are"} emulated (hypervisor: qemu), without virtualisation inside; allowed are qemu, or hypervisor: kvm`,
                  ),
              ]
            : [];
    }),
    rule(["uplinks", "number", "hosts"], given => uplinkProblems(given.uplinks, uplinksIn(given)).map(mistakeIn)),
    rule(["goldenRoot", "nodes", "machine"], ({ goldenRoot, nodes, machine }) => {
        const container = nodeNames.find(name => (nodes[name]?.kind ?? machine) === "container");
        return container !== undefined && goldenRoot === undefined
            ? [mistakeAt("goldenRoot", `missing, but ${container} is a container and containers are clones of it`)]
            : [];
    }),
    rule(["nodes"], ({ nodes }) =>
        nodeNames
            .filter(name => name !== dataNode && nodes[name]?.dataGeneration !== undefined)
            .map(name => mistakeAt(`nodes.${name}.dataGeneration`, `only ${dataNode} has a disk of its own for data`)),
    ),
    rule(["credentials", "release"], ({ credentials: own, release }) =>
        (Object.entries(own) as [keyof Credentials, string][]).flatMap(([name, password]) => {
            const problem = passwordProblem(name, password, release);
            return problem ? [mistakeAt(`credentials.${name}`, `the value is not allowed: ${problem}`)] : [];
        }),
    ),
    rule(["rotations", "secrets", "credentials"], ({ rotations, secrets, credentials: own }) =>
        (Object.keys(rotations) as (keyof Credentials)[]).flatMap(name => {
            const reason = whyNotRotated(name, secrets, own);
            return reason ? [mistakeAt(`rotations.${name}`, reason)] : [];
        }),
    ),
];

/**
 * Every mistake in a stack's configuration: of single values, and of several that do not go together.
 * @param given keys without the project's prefix; objects already parsed
 * @param unknown paths of what is not known, so that nothing is said of it
 */
export function mistakesIn(given: Record<string, unknown>, unknown: readonly (readonly string[])[] = []): Mistake[] {
    const found = unprintable(given),
        parsed = schema.safeParse(given);
    const unseen = new Set(found.map(({ path }) => path[0]));
    if (!parsed.success)
        found.push(
            ...parsed.error.issues
                .flatMap(issue => issueMistakes(issue, given, allowedKeys))
                .filter(({ path }) => !unseen.has(path[0])),
        );
    const unsound = new Set([...found.map(({ path }) => path[0]), ...unknown.map(([key]) => key)]);
    const sound = Object.fromEntries(
        Object.entries(schema.shape).flatMap(([key, part]) =>
            unsound.has(key) ? [] : [[key, part.parse(given[key])]],
        ),
    ) as Parsed;
    const apart = rules.filter(({ of }) => !of.some(key => unsound.has(key))).flatMap(({ broken }) => broken(sound));
    return [...found, ...apart].filter(
        ({ path }) => !unknown.some(above => above.every((part, i) => part === path[i])),
    );
}

/**
 * Checks a stack's configuration. Every mistake is named at once, each with key, value and what is allowed.
 * @param given keys without the project's prefix; objects already parsed
 * @throws Mistaken
 */
export function readSettings(stack: string, given: Record<string, unknown>): Settings {
    const mistakes = mistakesIn(given);
    if (mistakes.length > 0) throw new Mistaken(`the configuration of stack ${stack}`, mistakes);
    const parsed = schema.parse(given),
        { networks: _ranges, credentials: own, uplinks: _given, ...rest } = parsed,
        uplinks = uplinksIn(parsed);
    return {
        ...rest,
        baseline: rest.baseline ?? (rest.training ? "mend" : "report"),
        plan: new AddressPlan(rest.number, rangesOf(parsed), {
            internal: uplinks.internal.kind === "bridge" ? usualMtu : uplinks.internal.mtu,
        }),
        uplinks,
        credentials: rest.secrets === "generated" ? own : { ...tutorialCredentials, ...own },
        queueUser: rest.secrets === "generated" ? "openstack" : "guest",
        made: nodeNames.slice(0, nodeNames.indexOf(rest.upTo) + 1),
        kindOf: node => rest.nodes[node]?.kind ?? rest.machine,
        powerOf: node => rest.nodes[node]?.power ?? "on",
        generationOf: node => rest.nodes[node]?.generation ?? 1,
    };
}

/** The first of the ids that a container has for its own; undefined of what is no container, or has its host's. */
export function idsOf(
    { kindOf, containerIds, number }: Pick<Settings, "kindOf" | "containerIds" | "number">,
    node: NodeName,
): number | undefined {
    if (kindOf(node) === "vm" || containerIds === "host") return undefined;
    return nodeIds(containerIds ?? teamIds(number), node);
}

/** Why a password is not one that can be rotated; undefined where it is. `own` are those under `credentials`. */
export function whyNotRotated(name: keyof Credentials, secrets: unknown, own: object): string | undefined {
    if (name in own)
        return "the password is set under credentials, where another can be put with config set-secret; only generated ones are rotated";
    return secrets === "generated"
        ? undefined
        : "the passwords are the tutorial's; only generated ones are rotated, those of secrets: generated";
}

/** Where a mistyped name is likely: the names there are. */
const allowedKeys: Readonly<Record<string, readonly string[]>> = {
    "": settingKeys,
    nodes: nodeNames,
    networks: Object.keys(tutorialRanges),
    credentials: credentialNames,
    rotations: credentialNames,
    uplinks: uplinkedNetworks,
    ...Object.fromEntries(uplinkedNetworks.map(network => [`uplinks.${network}`, uplinkKinds])),
};
