import * as fs from "fs";
import * as path from "path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { printable, visibleJson } from "../../system/output";
import { stateDir } from "../../system/paths";
import { redactor } from "./redact";

/** What Pulumi's own library calls debug, though the type does not know it: requests and answers, secrets included. */
export const isTrace = (event: EngineEvent): boolean =>
    (event.diagnosticEvent?.severity as string | undefined) === "debug";

/** How many logs are kept. */
const KEPT = 30;

const traceBeside = (log: string): string => log.replace(/\.log$/, ".trace.json");

/**
 * The output and the engine's events of one run, in a file of its own (0600). It has no secrets and is safe to show on
 * a terminal.
 */
export class RunLog {
    private redact = redactor([]);

    private constructor(readonly file: string) {}

    /** A new log; the oldest of more than thirty goes. */
    static begin(stack: string, operation: string, now = new Date()): RunLog {
        const dir = path.join(stateDir(), "logs");
        fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
        // A mistyped stack may be anything; it is named in the message.
        const name = stack.replace(/[^A-Za-z0-9_.-]/g, "_").slice(0, 60);
        const file = path.join(dir, `${name}-${operation}-${now.toISOString().replace(/[:.]/g, "-")}.log`);
        fs.writeFileSync(file, "", { mode: 0o600 });
        const byAge = fs
            .readdirSync(dir)
            .filter(f => f.endsWith(".log") && path.join(dir, f) !== file)
            .map(f => path.join(dir, f))
            .sort((a, b) => fs.statSync(a).mtimeMs - fs.statSync(b).mtimeMs);
        for (const old of byAge.slice(0, Math.max(0, byAge.length + 1 - KEPT)))
            for (const gone of [old, traceBeside(old)]) fs.rmSync(gone, { force: true });
        return new RunLog(file);
    }

    /** The log that the process above this one began. */
    static goOn(file: string): RunLog {
        return new RunLog(file);
    }

    /** From now on these values are masked. */
    protect(secrets: Iterable<string>): void {
        this.redact = redactor(secrets);
    }

    line(text: string): void {
        this.append(printable(this.redact(text)));
    }

    /**
     * An event as one line of JSON; of a resource that stays as it is only the name. The trace of Pulumi's own
     * library, which calls itself debug, has secrets in plain text that are not known beforehand: it is left out.
     */
    event(event: EngineEvent): void {
        if (isTrace(event)) return;
        const step = event.resourcePreEvent ?? event.resOutputsEvent;
        const { sequence, timestamp } = event;
        if (step?.metadata.op === "same") this.json({ sequence, timestamp, same: step.metadata.urn });
        else if (!event.cancelEvent) this.json(event);
    }

    /** Keeps the trace of the run's times beside the log, for as long as that is kept. @returns its file */
    keepTrace(trace: object): string {
        const file = traceBeside(this.file);
        fs.writeFileSync(file, this.redact(JSON.stringify(trace)), { mode: 0o600 });
        return file;
    }

    private json(value: object): void {
        this.append(visibleJson(this.redact(JSON.stringify(value))));
    }

    private append(text: string): void {
        fs.appendFileSync(this.file, `${text}\n`);
    }
}
