import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import type { HostRole } from "../../config/nodes";
import type { Credentials } from "../../config/credentials";
import type { Settings } from "../../config/settings";
import type { RecordedResource } from "../../engine/state";
import type { HostDown } from "../hosts/hosts-check";
import type { WithoutDisk } from "../hosts/libvirt-objects";
import type { Reading, Renderer } from "./events";
import type { Unasked } from "./report";
import type { Run } from "./run";
import type { Step } from "./timings";

/** Which resources a run of the engine is about. */
export interface Extent {
    /** Those that are left out. */
    exclude?: string[];
    /** These alone. */
    target?: string[];
    /** A comparison with the state: the program cannot run. */
    withoutProgram?: boolean;
}

/** What a run of the engine is told by its caller. */
interface EngineOptions {
    signal: AbortSignal;
    onEvent: (event: EngineEvent) => void;
}

/** A run of the engine. */
export interface EngineRun {
    /** Its word in the line of progress and in messages. */
    readonly name: string;
    readonly reading: Reading;
    /** How long a service of the cloud may take to answer a question. Default: as long as a service that has just started needs. */
    readonly patienceSeconds?: number;
    /** Its lines are written with --verbose alone: of it the end counts. */
    readonly quiet?: true;
    /** Nodes that are made anew: nothing in them is asked for its deletion. */
    readonly rebuilds?: readonly string[];
    /** Where single resources fail, the operation goes on. */
    readonly goesOn?: true;
    call(on: Pick<Ready, "stack" | "settings">, options: EngineOptions, extent: Extent): Promise<unknown>;
}

/** How long a service of the cloud may take to answer, where questions are all that is asked. */
const PATIENCE_SECONDS = 12;

/** Makes and mends what the program wants. */
export const changing: EngineRun = {
    name: "up",
    reading: "changes",
    call: async ({ stack }, options) => await stack.up(options),
};

/** The same, of a cloud that has been asked: what fails keeps nothing from being mended that does not stand on it. */
export const mending: EngineRun = {
    ...changing,
    goesOn: true,
    call: async ({ stack }, options) => await stack.up({ ...options, continueOnError: true }),
};

/** Asks what is there, and records the answers. */
export const asking: EngineRun = {
    name: "refresh",
    reading: "answers",
    patienceSeconds: PATIENCE_SECONDS,
    call: async ({ stack }, options, { exclude, target }) => await stack.refresh({ ...options, exclude, target }),
};

/** Asks what is there and compares it with what the program wants; records nothing. */
export const comparing: EngineRun = {
    name: "diagnose",
    reading: "comparison",
    patienceSeconds: PATIENCE_SECONDS,
    quiet: true,
    // What an earlier refresh found is recorded as it was found: what it should be, only the program knows. With a host
    // that is down the program cannot run, and where it runs the engine asks what is left out, too: what is recorded has to do.
    call: async ({ stack }, options, { exclude, withoutProgram }) =>
        withoutProgram
            ? await stack.previewRefresh({ ...options, exclude })
            : await stack.preview({ ...options, refresh: true, exclude }),
};

/** What an operation works with. */
export interface Ready {
    stack: Stack;
    settings: Settings;
    /** Generated passwords, as they become known. */
    generated: Partial<Credentials>;
    /** Hosts that the operation does without. */
    down: HostDown[];
    /** What a run that was cut off was just making. */
    unrecorded: string[];
}

/** When what happened in a run of the engine. Times in milliseconds since 1970. */
interface Times {
    began: number;
    ended: number;
    steps: readonly Step[];
    /** What was recorded before it. */
    recorded: readonly RecordedResource[];
}

/** How a run of the engine went. */
export interface Outcome {
    engine: EngineRun;
    renderer: Renderer;
    /** How many resources were recorded before. */
    known: number;
    seconds: number;
    times: Times;
    failure?: Error;
}

/** What an operation begins with. */
export interface Begin {
    /** What is recorded; of operations that ask nothing, nothing: the engine alone needs it. */
    resources: readonly RecordedResource[];
    /** Machines whose disk is gone. */
    lost: WithoutDisk[];
    /** Of the physical hosts. */
    addresses: Readonly<Record<HostRole, string>>;
}

/** The runs of the engine that an operation is made of, and what they could not ask. */
export interface Course {
    /** Of an operation that asks before it changes something. */
    asked?: Outcome;
    /** What the operation is for. Where it only asks, or asking ended it, that. */
    done: Outcome;
    /** Asking again what could not be asked before, and mending what has drifted of it. */
    again: Outcome[];
    unreachable: readonly Unasked[];
    off: Unasked[];
}

/** Ends an operation: prints the object of `--json`, with what the operation adds to it, and returns the exit code. */
export type End = (exitCode: number, more?: object) => number;

/** An operation that has gone through. */
export interface Ended {
    ready: Ready;
    begin: Begin;
    course: Course;
    end: End;
}

/**
 * An operation on a stack, as data: engine-run.ts does it without a question which one it is. What a flag changes of it is decided
 * where the flag is read.
 */
export interface Operation {
    readonly name: "up" | "preview" | "refresh" | "diagnose" | "destroy" | "rebuild";
    readonly engine: EngineRun;
    /** Whether all that is there is asked before the engine's run, or the asking is that run. */
    readonly asks: "first" | "itself" | "not";
    /** What the operation does to the state beforehand: nothing, or it backs it up and records how the hosts are reached; where it changes something, it also sees to what a dead run left. */
    readonly records: "nothing" | "answers" | "changes";
    /** Whether it leaves a cloud as the program wants it: what is left unasked is then asked again. */
    readonly makes?: true;
    /** Whether it makes the hosts of a lab that is not up. */
    readonly makesHosts?: true;
    /** Whether it runs the program to see what changes: what containers become is told beforehand. */
    readonly plans?: true;
    /** Whether it has asked everything: where it ends with 0, all that was broken is as it should be. */
    readonly settles?: true;
    /** Whether it tells how things are: machines with former kernel arguments are told. */
    readonly tells?: true;
    /** Before the engine is there. @throws UserError where the operation cannot be */
    begin?(run: Run): Promise<void>;
    /** Asks the hosts. @returns those that the operation does without. @throws UserError with a line for each that it needs */
    askHosts(run: Run, settings: Settings): Promise<HostDown[]>;
    /** With everything ready. @returns an exit code where nothing is left to do */
    first?(run: Run, ready: Ready): Promise<number | undefined>;
    /** What the engine's run is about. Default: everything. */
    extent?(ready: Ready, begin: Begin): Extent;
    /** After an operation that neither failed nor was interrupted. @returns the exit code */
    conclude(run: Run, ended: Ended): Promise<number> | number;
}
