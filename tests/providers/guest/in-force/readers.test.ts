import * as fs from "fs";
import * as path from "path";
import { AddressPlan } from "../../../../config/address-plan";
import { nodeNames } from "../../../../config/nodes";
import { tutorialCredentials } from "../../../../config/credentials";
import { mended, type Wanted } from "../../../../providers/guest/in-force/mending";
import { amongst, type Source, Understood } from "../../../../providers/guest/in-force/reader";
import { readerOf } from "../../../../providers/guest/in-force/readers";
import { entriesOf } from "../../../../providers/guest/in-force/shown";
import { releaseOf } from "../../../../releases";
import { configFiles, softwareOf } from "../../../../releases/own-options";

/** A file as the lab's package, or the tutorial's, brings it. */
const packaged = (file: string): string => {
    const own = path.join(__dirname, "../../../../lab/archive/data/files", path.basename(file));
    return fs.existsSync(own) ? fs.readFileSync(own, "utf8") : "";
};

describe.each(["grizzly", "ocata"] as const)("%s", name => {
    const release = releaseOf(name);
    test.each(nodeNames.flatMap(node => ["qemu", "kvm"].map(type => [node, type] as const)))(
        "on a sound %s (%s) each option is in force as the program sets it, whatever the packages' files say",
        (node, libvirtType) => {
            const cloud = {
                plan: new AddressPlan(0),
                credentials: tutorialCredentials,
                libvirtType: libvirtType as "qemu",
                queueUser: "openstack" as const,
            };
            const files = softwareOf(release, node).flatMap(s => configFiles(s, cloud, node)),
                texts = new Map(files.map(f => [f.path, packaged(f.path)]));
            const understand = ({ path: file, readBy, ...given }: (typeof files)[number]) => {
                const reader = amongst(
                    readerOf(file, readBy),
                    entriesOf(given).map(([option]) => option),
                );
                const sources: Source[] = [
                    { path: file, text: texts.get(file)!, stands: "itself" },
                    ...reader.after.flatMap(f =>
                        texts.has(f) ? [{ path: f, text: texts.get(f)!, stands: "after" as const }] : [],
                    ),
                ];
                return { reader, sources, understood: new Understood(reader, sources) };
            };
            for (const file of files) {
                const { reader, sources, understood } = understand(file),
                    wanted: Wanted = {};
                for (const [[s, k], value] of entriesOf(file))
                    if (!understood.gives([s, k], value)) (wanted[s] ??= {})[k] = value;
                for (const source of mended(sources, wanted, reader)) texts.set(source.path, source.text);
            }
            for (const file of files) {
                const { understood } = understand(file);
                for (const [option, value] of entriesOf(file))
                    expect([file.path, option, understood.gives(option, value)]).toEqual([file.path, option, true]);
            }
        },
    );
});
