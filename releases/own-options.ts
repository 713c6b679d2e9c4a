import { type NodeName, nodeNames, type Part, partsOf } from "../config/nodes";
import { UserError } from "../system/errors";
import type { CloudFacts, ConfigFile, Release, Sections, Software } from "./release";

/** A release's software on a node. */
export const softwareOf = (release: Release, node: NodeName): Software[] => [
    release.common,
    ...partsOf[node].map((part: Part) => release[part]),
];

const merged = (one: Sections, other: Sections): Sections =>
    Object.fromEntries(
        [...new Set([...Object.keys(one), ...Object.keys(other)])].map(section => [
            section,
            { ...one[section], ...other[section] },
        ]),
    );

/** The files of one piece of software on a node, with the stack's own options in them. */
export function configFiles(software: Software, cloud: CloudFacts, node: NodeName): ConfigFile[] {
    return software.config(cloud, node).map(file => {
        const own = cloud.ownOptions?.[node]?.[file.key];
        return own ? { ...file, options: merged(file.options, own) } : file;
    });
}

/**
 * Refuses own options of files that a node does not have, and of options that hold a secret.
 * @throws UserError naming every mistake, with key and what is allowed
 */
export function checkOwnOptions(release: Release, cloud: CloudFacts): void {
    const wrong = nodeNames.flatMap(node => {
        const files = softwareOf(release, node).flatMap(s => s.config(cloud, node));
        return Object.entries(cloud.ownOptions?.[node] ?? {}).flatMap(([key, sections]) => {
            const file = files.find(f => f.key === key);
            if (!file)
                return [
                    `nodes.${node}.options.${key}: ${node} has no such file; it has ${files.map(f => f.key).join(", ")}`,
                ];
            return Object.entries(sections).flatMap(([section, options]) =>
                Object.keys(options)
                    .filter(option => file.secretOptions?.[section]?.[option] !== undefined)
                    .map(
                        option =>
                            `nodes.${node}.options.${key}.${section}.${option}: holds a secret of the stack; set it under credentials`,
                    ),
            );
        });
    });
    if (wrong.length > 0)
        throw new UserError(
            `the configuration's own options have ${wrong.length === 1 ? "a mistake" : `${wrong.length} mistakes`}; nothing was changed\n${wrong.map(l => `  ${l}`).join("\n")}`,
        );
}
