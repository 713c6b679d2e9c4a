import { kernelArguments } from "../../components/virtual-machine";
import { type NodeName, nodeNames } from "../../config/nodes";
import type { RecordedResource } from "../../engine/state";
import { shortType } from "../../engine/urn";

/** The words of a command line as the provider has them: objects, words without a value below `_`, in one of several forms. */
function wordsOf(cmdlines: unknown): string[] {
    const objects = Array.isArray(cmdlines) ? (cmdlines as Record<string, unknown>[]) : [];
    return objects
        .flatMap(object => Object.entries(object))
        .flatMap(([key, value]) => (key === "_" ? String(value).split(/\s+/) : [`${key}=${String(value)}`]))
        .sort();
}

/**
 * Virtual machines that are started with other kernel arguments than they would be made with now. The provider gives a machine
 * no others afterwards, so that the engine is told to overlook them.
 * @returns what to say of each
 */
export function formerKernelArguments(stack: string, resources: readonly RecordedResource[]): string[] {
    return nodeNames.flatMap((name: NodeName) => {
        const domain = resources.find(r => shortType(r.type) === "domain:Domain" && r.inputs?.name === name);
        // A refresh leaves of the inputs no more than the words that the provider had in an object of their own.
        const words = wordsOf(domain?.outputs?.cmdlines ?? domain?.inputs?.cmdlines);
        // None: it starts with what is on its disk.
        if (words.length === 0) return [];
        const hypervisor = domain!.inputs!.type === "kvm" ? "kvm" : "qemu";
        if (words.join(" ") === kernelArguments(hypervisor).sort().join(" ")) return [];
        return [
            `${name}: its kernel is started with the arguments of an earlier version, with which it may be slow or have a wrong clock; make it anew with: ./classroom rebuild ${stack} ${name}`,
        ];
    });
}
