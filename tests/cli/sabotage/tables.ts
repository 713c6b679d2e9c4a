import { noticedInWords } from "../../../cli/sabotage/noticed";
import { stepSchema } from "../../../cli/sabotage/steps";
import { tutorialCredentials } from "../../../config/credentials";
import { type NodeName, nodeNames } from "../../../config/nodes";
import { releaseNames } from "../../../config/releases";
import { releaseOf } from "../../../releases";
import { softwareOf } from "../../../releases/own-options";
import { databaseAccount } from "../../../releases/tutorial";
import { type ReleaseName, settings, ways } from "./loaded";
import { saidOf } from "./sayings";
import { sound } from "./sound-steps";

/** A list as one cell; the house's test takes a code span for one word. */
const cell = (words: readonly string[]): string =>
    words.length === 0 ? "" : `\`${words.join(", ").replace(/\|/g, "\\|")}\``;
const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`.replace(/ {2}/g, " ");
const table = (head: readonly string[], rows: readonly string[][]): string =>
    [row(...head), `|${head.map(() => "---|").join("")}`, ...rows.map(cells => row(...cells))].join("\n");

type OfRelease = Record<ReleaseName, readonly string[]>;
const inEach = (of: (release: ReleaseName) => readonly string[]): OfRelease =>
    Object.fromEntries(releaseNames.map(r => [r, [...new Set(of(r))]])) as Record<ReleaseName, string[]>;
/** What both releases have, and what one of them has alone. */
const split = ({ grizzly, ocata }: OfRelease): string[] => [
    cell(grizzly.filter(word => ocata.includes(word))),
    cell(grizzly.filter(word => !ocata.includes(word))),
    cell(ocata.filter(word => !grizzly.includes(word))),
];
const software = (node: NodeName, release: ReleaseName) => softwareOf(releaseOf(release), node);

export const servicesTable = (): string =>
    table(
        ["node", "services of both releases", "of grizzly alone", "of ocata alone"],
        nodeNames.map(node => [
            node,
            ...split(inEach(r => software(node, r).flatMap(s => s.services.map(({ service }) => service)))),
        ]),
    );

export const packagesTable = (): string =>
    table(
        ["node", "packages of both releases", "of grizzly alone", "of ocata alone"],
        nodeNames.map(node => [node, ...split(inEach(r => software(node, r).flatMap(s => [...s.packages])))]),
    );

/** `verbose?` can be flipped, `sql_connection@` is a URL with a password. */
const marked = ([option, value]: [string, string]): string =>
    `${option}${/^(true|false)$/i.test(value) ? "?" : value.includes("://") && value.includes("@") ? "@" : ""}`;
const filesOf = (node: NodeName, release: ReleaseName) =>
    software(node, release).flatMap(s => s.config({ ...settings[release], credentials: tutorialCredentials }, node));

export const optionsTable = (): string =>
    table(
        ["node", "file", "options of both releases", "of grizzly alone", "of ocata alone"],
        nodeNames.flatMap(node =>
            [...new Set(releaseNames.flatMap(r => filesOf(node, r).map(({ path }) => path)))].map(path => [
                node,
                `\`${path}\``,
                ...split(
                    inEach(r =>
                        filesOf(node, r)
                            .filter(f => f.path === path)
                            .flatMap(f => [...Object.values(f.options), ...Object.values(f.secretOptions ?? {})])
                            .flatMap(options => Object.entries(options).map(marked)),
                    ),
                ),
            ]),
        ),
    );

/** Examples that a resource of the program sees. */
const examples: Record<string, object> = {
    ...sound,
    "replace-text": { file: "/etc/hosts", text: "x", with: "y" },
    "remove-line": { file: "/etc/hosts", text: "x" },
    fill: { folder: "/var/lib/nova/instances" },
};
/** Where an example is done, if not on api-node. */
const places: Record<string, NodeName> = {
    fill: "compute-1",
    "kernel-setting": "network-node",
    "unplug-bridge": "network-node",
    "bridge-down": "network-node",
};

/** What diagnose says of an example of each step, and the exercises that have one. */
export const sayingsTable = (): string =>
    table(
        ["`do`", "diagnose says, for example", "exercises with it"],
        Object.entries(examples).map(([name, keys]) => [
            `\`${name}\``,
            cell(
                [
                    saidOf(stepSchema.parse({ do: name, ...keys }), places[name] ?? "api-node", "grizzly")[0] ?? "",
                ].filter(Boolean),
            ),
            [
                ...new Set(
                    ways.filter(w => w.variant.steps.some(s => s.do === name)).map(({ exercise }) => exercise.id),
                ),
            ].join(", "),
        ]),
    );

export const addressesTable = (): string =>
    table(
        ["node", "internal", "public"],
        nodeNames.map(node => {
            const cards = settings.grizzly.plan.node(node).interfaces;
            const at = (network: string) => cards.find(card => card.network === network)?.address ?? "";
            return [node, at("internal"), at("public")];
        }),
    );

export const accountsTable = (): string =>
    table(
        ["service", "account in the database", "its password", "user at identity", "its password"],
        (["keystone", "glance", "cinder", "nova"] as const).map(service => [
            service,
            `\`'${databaseAccount(service)}'@'%'\``,
            tutorialCredentials[`${service}Database`],
            ...(service === "keystone"
                ? ["admin", tutorialCredentials.adminPassword]
                : [service, tutorialCredentials[`${service}User`]]),
        ]),
    );

/** Which fault shows how, by the exercises that have one fault alone. */
export const symptomsTable = (): string =>
    table(
        ["exercise", "fault", "is noticed by", "tried"],
        ways
            .filter(({ variant }) => variant.steps.length === 1)
            .map(({ name, exercise, variant }) => {
                const [{ do: word, ...keys }] = variant.steps as [{ do: string; node?: NodeName }];
                const values = Object.entries(keys).map(([key, value]) => `${key}: ${String(value)}`);
                return [
                    name,
                    cell([[`${word} on ${variant.node}`, ...values].join(", ")]),
                    variant.noticed ? cell([noticedInWords(variant.noticed, variant.node)]) : "nothing",
                    exercise.tried.join(", ") || "untried",
                ];
            }),
    );
