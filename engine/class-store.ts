import * as fs from "fs";
import * as path from "path";
import type { DatabaseSync } from "node:sqlite";
import { thisStart } from "../system/boot";
import { stateDir } from "../system/paths";
import { openDatabase } from "../system/sqlite";

/** Something that happened in a team's exercises. Entries are added, never changed. */
export interface Entry {
    /** From 1, in the order of the whole class. */
    id: number;
    team: string;
    kind: string;
    /**
     * Seconds on the class's own time, which never goes back. As long as the machine runs, it follows a clock that nobody sets. Over a
     * restart of the machine it follows the calendar, unless that was set back. It began as seconds since the epoch.
     */
    at: number;
    /** Seconds since the epoch, by the calendar of the teacher's machine: for people. */
    wall: number;
    detail: unknown;
}

/** The clocks of this machine; a test gives others. */
export interface Clocks {
    /** Names this start of the machine. */
    start: string;
    /** Seconds since some moment of this start, by a clock that nobody sets; the same for all processes. */
    steady(): number;
    /** Seconds since the epoch. */
    wall(): number;
}

const machineClocks = (): Clocks => ({
    start: thisStart() ?? "",
    steady: () => Number(process.hrtime.bigint()) / 1e9,
    wall: () => Date.now() / 1000,
});

interface Row {
    id: number;
    team: string;
    kind: string;
    at: number;
    wall: number;
    start: string;
    steady: number;
    detail: string;
}

const entryOf = ({ id, team, kind, at, wall, detail }: Row): Entry => ({
    id,
    team,
    kind,
    at,
    wall,
    detail: JSON.parse(detail) as unknown,
});

/** The file of the class's journal, in the state folder. */
const journalFile = (): string => path.join(stateDir(), "class.sqlite");

/**
 * The journal of the class's exercises. An entry is on the disk when {@link add} returns, and is whole or not there, whatever kills the
 * process; processes that add at once wait for each other.
 */
export class ClassStore {
    private readonly database: DatabaseSync;

    constructor(
        file = journalFile(),
        private readonly clocks: Clocks = machineClocks(),
    ) {
        // SQLite would make it readable for others; its two companions get the mode of this file.
        fs.closeSync(fs.openSync(file, "a", 0o600));
        this.database = openDatabase(file);
        this.database.exec(`
            PRAGMA busy_timeout = 20000;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE IF NOT EXISTS journal (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                team TEXT NOT NULL,
                kind TEXT NOT NULL,
                at REAL NOT NULL,
                wall REAL NOT NULL,
                start TEXT NOT NULL,
                steady REAL NOT NULL,
                detail TEXT NOT NULL
            ) STRICT;
        `);
    }

    /** Every entry, or those of a team, the oldest first. */
    entries(team?: string): Entry[] {
        const rows =
            team === undefined
                ? this.database.prepare("SELECT * FROM journal ORDER BY id").all()
                : this.database.prepare("SELECT * FROM journal WHERE team = ? ORDER BY id").all(team);
        return (rows as unknown as Row[]).map(entryOf);
    }

    /** Now, on the class's own time. */
    now(): number {
        const last = this.last(),
            { start, steady, wall } = this.clocks;
        if (!last) return wall();
        const gone = start !== "" && last.start === start ? steady() - last.steady : wall() - last.wall;
        return last.at + Math.max(0, gone);
    }

    /**
     * Adds an entry to a team's, as long as its others allow that; nobody adds one in between.
     * @param allowed throws where it may not be added
     */
    add(
        team: string,
        kind: string,
        detail: object,
        allowed: (before: readonly Entry[]) => void = () => undefined,
    ): Entry {
        this.database.exec("BEGIN IMMEDIATE");
        try {
            allowed(this.entries(team));
            const at = this.now(),
                wall = this.clocks.wall();
            const { lastInsertRowid } = this.database
                .prepare(
                    "INSERT INTO journal (team, kind, at, wall, start, steady, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
                )
                .run(team, kind, at, wall, this.clocks.start, this.clocks.steady(), JSON.stringify(detail));
            this.database.exec("COMMIT");
            return { id: Number(lastInsertRowid), team, kind, at, wall, detail };
        } catch (e) {
            this.database.exec("ROLLBACK");
            throw e;
        }
    }

    /** A number that is another one after each entry, whichever process has added it. */
    version(): number {
        return this.last()?.id ?? 0;
    }

    close(): void {
        this.database.close();
    }

    private last(): Row | undefined {
        return this.database.prepare("SELECT * FROM journal ORDER BY id DESC LIMIT 1").get() as Row | undefined;
    }
}
