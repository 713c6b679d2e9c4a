import * as fs from "fs";
import type { Socket } from "net";
import * as path from "path";
import { messageOf } from "../../system/errors";
import { visibleJson } from "../../system/output";
import { stateDir } from "../../system/paths";
import type { Exercises } from "../exercise/operations";
import type { OwnCommand } from "../shell/own-command";
import { type Action, hear, type Message, type Request, request, send } from "./vocabulary";
import { picturesOf, type Sources, viewsOf } from "./views";

/** A longer audit log becomes the former one. */
const AUDIT_BYTES = 8 << 20;

/** Who has asked for what, and what was refused: a line of JSON each, in the state folder. */
export class Audit {
    constructor(readonly file = path.join(stateDir(), "board-audit.jsonl")) {}

    note(line: object): void {
        const { size = 0 } = fs.statSync(this.file, { throwIfNoEntry: false }) ?? {};
        if (size > AUDIT_BYTES) fs.renameSync(this.file, `${this.file}.1`);
        const text = visibleJson(JSON.stringify({ time: new Date().toISOString(), ...line }));
        fs.appendFileSync(this.file, `${text}\n`, { mode: 0o600 });
    }
}

/** The part of the board that may touch clouds: does what the vocabulary has, for the teams of the class. */
export class Privileged {
    private shown = "";
    private pictures: Record<string, string> = {};

    constructor(
        private readonly sources: Sources,
        private readonly exercises: Exercises,
        private readonly run: OwnCommand,
        private readonly audit: Audit,
    ) {}

    /** Speaks with the part that serves pages. @param hello what that one needs @param ready hears the port */
    serve(socket: Socket, hello: Message, ready: (port: number) => void): void {
        send(socket, hello);
        hear(socket, value => {
            const asked = request.safeParse(value);
            if (!asked.success) return this.audit.note({ refused: "not in the vocabulary" });
            if (asked.data.ask === "ready") ready(asked.data.port);
            else if (asked.data.ask === "refused") this.audit.note({ ...asked.data, ask: undefined, refused: true });
            else void this.answer(socket, asked.data);
        });
        const timer = setInterval(() => this.tell(socket), 400);
        socket.once("close", () => clearInterval(timer));
        this.tell(socket);
    }

    /** Sends the views where they are others than the last that were sent. */
    private tell(socket: Socket): void {
        const views = viewsOf(this.sources),
            // The clock goes on by itself.
            key = JSON.stringify(views, (name, value: unknown) => (name === "left" ? Number(value) > 0 : value));
        if (key === this.shown) return;
        this.shown = key;
        this.pictures = picturesOf(this.sources.teams);
        send(socket, { say: "views", views, pictures: this.pictures });
    }

    private async answer(
        socket: Socket,
        { id, action, team, by, from }: Extract<Request, { ask: "do" }>,
    ): Promise<void> {
        let ok = false,
            text: string;
        try {
            // The other part has looked at both, too; it is the one that may be broken into.
            if (!this.sources.teams.includes(team)) throw new Error("there is no such team");
            if (by !== "teacher" && by !== `team:${team}`) throw new Error("that is another team's");
            this.audit.note({ by, from, action, team });
            text = await this.perform(action, team);
            ok = true;
        } catch (e) {
            text = messageOf(e).split("\n")[0]!.slice(0, 300);
        }
        this.audit.note({ by, from, action, team, ok, text: action === "hint" && ok ? "a hint" : text });
        send(socket, { say: "done", id, ok, text });
        this.tell(socket);
    }

    private async perform(action: Action, team: string): Promise<string> {
        switch (action) {
            case "hint":
                return this.exercises.hint(team).text;
            case "check":
                return (await this.exercises.check(team)).said;
            case "reset":
                await this.exercises.reset(team);
                return "the cloud is as it was at the beginning";
            case "diagnose": {
                const { code } = await this.run(["diagnose", team, "--json"]);
                return `diagnose ended with ${code}`;
            }
        }
    }
}
