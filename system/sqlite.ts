import type * as sqlite from "node:sqlite";

/**
 * Node's own SQLite. Node 22 warns once that it is experimental: this one warning is left out, as the program's tests run with it;
 * every other one is shown.
 */
export function openDatabase(file: string): sqlite.DatabaseSync {
    const { emitWarning } = process;
    try {
        process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
            if (/^SQLite is an experimental feature/.test(String(warning))) return;
            (emitWarning as (...all: unknown[]) => void).call(process, warning, ...rest);
        }) as typeof emitWarning;
        // Loaded when it is needed: only few commands keep anything in it.
        const { DatabaseSync } = require("node:sqlite") as typeof sqlite;
        return new DatabaseSync(file);
    } finally {
        process.emitWarning = emitWarning;
    }
}
