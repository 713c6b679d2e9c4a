import * as z from "zod";

const command = z.strictObject({
    /** Part of the resource's name; unique on its machine. */
    name: z
        .string()
        .regex(/^[a-z][a-z0-9-]{0,39}$/, "lower-case letters, digits and dashes, at most 40, beginning with a letter"),
    /** Shell, run as root when the command is new, and again when it or a trigger changes. */
    create: z.string().min(1, "a shell command"),
    /** Shell, run when the command is taken out of the file. */
    delete: z.string().min(1, "a shell command").optional(),
    /** Values with each of which it runs again. */
    triggers: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
});

/** A stack's own commands on a machine, in the order in which they run. */
export const commandsSchema = z.array(command);
export type OwnCommand = z.infer<typeof command>;

/** The names that stand more than once in a list of commands. */
export const doubled = (commands: readonly OwnCommand[] = []): string[] => [
    ...new Set(commands.map(({ name }) => name).filter((name, i, all) => all.indexOf(name) !== i)),
];

type ByMachine = Readonly<Record<string, { commands?: readonly OwnCommand[] }>>;

/** Whether a stack has commands of its own. */
export const hasCommands = ({ hosts, nodes }: Readonly<Record<"hosts" | "nodes", ByMachine>>): boolean =>
    [...Object.values(hosts), ...Object.values(nodes)].some(({ commands = [] }) => commands.length > 0);
