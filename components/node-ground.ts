import { createHash } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../clients/connection";
import { Baseline } from "../providers/guest/baseline";
import { Ground } from "../providers/guest/ground";
import type { Ready } from "../providers/guest/restarts";
import type { ServiceFacts } from "../releases/release";

export interface NodeGroundArgs {
    connection: pulumi.Output<Connection>;
    /** Whether what somebody else changes in it is mended, or only told. */
    mends: boolean;
    /** After this it can be worked in. */
    running: pulumi.Resource;
    /** What is made anew where the machine is. */
    made: pulumi.Resource[];
    parent: pulumi.Resource;
}

/** What the program puts into a node, as far as it is known beforehand. */
interface Program {
    /** A digest of it. */
    expects: string;
    managed: { paths: string[]; lines: string[] };
    services: string[];
    ready: Ready;
}

/**
 * A node's first resource and its last. All that the program puts into the node is told in between: what other resources
 * manage is none of these two's, and a change of it is recorded.
 */
export class NodeGround {
    readonly first: Ground;
    private readonly facts: unknown[] = [];
    private readonly paths = new Set<string>();
    private readonly lines = new Set<string>();
    private readonly services = new Map<string, number | undefined>();
    private complete!: (program: Program) => void;
    private readonly told = pulumi.output(new Promise<Program>(resolve => (this.complete = resolve)));

    constructor(
        private readonly name: string,
        private readonly args: NodeGroundArgs,
    ) {
        const { connection, mends, running, made, parent } = args;
        const { expects, managed, services, ready } = this.told;
        this.first = new Ground(
            `${name}-ground`,
            { connection, expects, mends, managed, services, ready },
            { parent, dependsOn: running, replaceWith: made },
        );
    }

    /** Something that the program puts into the node: nothing that is known only when it is there. */
    expect(facts: unknown): void {
        this.facts.push(facts);
    }

    /** A file that a resource manages. */
    manage(path: string): void {
        this.paths.add(path);
    }

    /** A file's options that a resource manages, by section: whatever else stands in the file is compared with the record. */
    manageOptions(path: string, sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>): void {
        this.manage(path);
        for (const [section, options] of Object.entries(sections))
            for (const option of Object.keys(options)) this.lines.add(`options ${path}[${section}]${option}`);
    }

    /** A setting of the kernel that a resource manages. */
    manageSysctl(key: string): void {
        this.lines.add(`sysctls ${key}`);
    }

    service({ service, port }: ServiceFacts): void {
        this.services.set(service, port);
    }

    /** All of the program's is told. @param after all that is made in the node */
    end(after: readonly pulumi.Resource[]): void {
        const { connection, made, parent } = this.args,
            { expects, managed } = this.told;
        new Baseline(
            `${this.name}-baseline`,
            { connection, expects, key: this.first.key, managed },
            { parent, dependsOn: [this.first, ...after], replaceWith: made },
        );
        this.complete({
            expects: createHash("sha256").update(JSON.stringify(this.facts)).digest("hex"),
            managed: { paths: [...this.paths].sort(), lines: [...this.lines].sort() },
            services: [...this.services.keys()],
            ready: Object.fromEntries(
                [...this.services].flatMap(([service, port]) => (port === undefined ? [] : [[service, port]])),
            ),
        });
    }
}
