/**
 * What processes of this program hand to each other, by variables of the environment: each name stands here alone, with who
 * sets it and who reads it.
 */

/**
 * Set by the command line for the engine, and read by the handlers of resources, which run in a process of the
 * engine's.
 */
export interface ForHandlers {
    /** Nodes that are off by configuration: nothing in them is asked or changed. */
    off?: readonly string[];
    /** Nodes that are made anew: nothing in them is asked for its deletion. */
    rebuilding?: readonly string[];
    /** How long a service of the cloud may take to answer; undefined: as long as one that has just started needs. */
    patienceSeconds?: number;
    /** File to which a handler adds a line for each resource that it has asked or could not ask. */
    report?: string;
}

const names = {
    off: "CLASSROOM_OFF",
    rebuilding: "CLASSROOM_REBUILDING",
    patienceSeconds: "CLASSROOM_PATIENCE",
    report: "CLASSROOM_REPORT",
} as const satisfies Record<keyof ForHandlers, string>;

/** The variables for the engine; none for a value that is not given. */
export const forHandlers = (given: ForHandlers): Record<string, string> =>
    Object.fromEntries(
        Object.entries(given).map(([key, value]) => [
            names[key as keyof ForHandlers],
            Array.isArray(value) ? value.join(",") : String(value ?? ""),
        ]),
    );

/** The command line's settings for this process. Each is read at its use, because a test sets it late. */
export const handed = {
    off: (): string[] => listIn(names.off),
    rebuilding: (): string[] => listIn(names.rebuilding),
    patienceSeconds: (): number | undefined => Number(process.env[names.patienceSeconds]) || undefined,
    report: (): string | undefined => process.env[names.report],
};

/**
 * What a node's record says, printed by a handler and read by the command line. The engine hands it on without the resource's name, so
 * each begins with the node's.
 */
export const recordNotices = {
    unmended: "could not be mended: ",
    left: "left as found ",
    unrecorded: "nothing is recorded of it",
} as const;

const listIn = (name: string): string[] => (process.env[name] ?? "").split(",").filter(Boolean);

/**
 * Home folder for libvirt's provider and for nothing else of the engine's: set by the command line, read by the script
 * that stands for the bridge.
 */
export const SSH_HOME = "CLASSROOM_SSH_HOME";

/**
 * Set by a command for the same command in a process of its own, which reads it; it counts only where there is a channel to
 * the one that has set it.
 */
export const toItself = {
    /** Mark that every process of a run carries. */
    run: "CLASSROOM_RUN",
    /** The run's log. */
    log: "CLASSROOM_LOG",
    /** The lab on whose operator's side a run's worker is. */
    workerIn: "CLASSROOM_OPERATOR_OF",
    /** The lab on whose operator's side another command is. */
    sideOf: "CLASSROOM_OPERATOR_SIDE",
    /** Set where this process does one stack's part of a command for several: it is interrupted when the other process dies. */
    among: "CLASSROOM_AMONG",
    /** Folder of the sockets that `open` listens on; the socket of the part of the board that may touch clouds. */
    sockets: "CLASSROOM_SOCKETS",
} as const;

/** Mark that every process and every lab of a part of the tests carries: all that a stopped part has left is found by it. */
export const TEST_PART = "CLASSROOM_TEST_PART";
