import * as fs from "fs";
import type { Socket } from "net";
import * as path from "path";
import { messageOf } from "../../system/errors";
import { complain, visibleJson } from "../../system/output";
import { stateDir } from "../../system/paths";
import { CloudError, type Exercises } from "../exercise/operations";
import { type OwnCommand, resultOf } from "../shell/side-by-side";
import type { EndedCookies } from "./secrets";
import { type Action, hear, type Message, type Request, request, send } from "./vocabulary";
import { picturesOf, type Sources, viewsOf } from "./views";

/** A longer audit log becomes the former one. */
const AUDIT_BYTES = 8 << 20;

/** Actions and refusals with who asked: a line of JSON each, in the state folder. */
export class Audit {
    private lost = false;

    constructor(readonly file = path.join(stateDir(), "board-audit.jsonl")) {}

    /** A full disk ends no board: the first line that cannot be written is told. */
    note(line: object): void {
        try {
            const { size = 0 } = fs.statSync(this.file, { throwIfNoEntry: false }) ?? {};
            if (size > AUDIT_BYTES) fs.renameSync(this.file, `${this.file}.1`);
            const text = visibleJson(JSON.stringify({ time: new Date().toISOString(), ...line }));
            fs.appendFileSync(this.file, `${text}\n`, { mode: 0o600 });
            this.lost = false;
        } catch (e) {
            if (!this.lost) complain(`board: its log cannot be written: ${messageOf(e)}`);
            this.lost = true;
        }
    }
}

/** All that the privileged part works with. */
interface Means {
    sources: Sources;
    exercises: Exercises;
    run: OwnCommand;
    audit: Audit;
    ended: EndedCookies;
}

/** The part of the board that may touch clouds: does what the vocabulary has, for the teams of the class. */
export class Privileged {
    private shown = "";
    private pictures: Record<string, string> = {};
    private told = "";
    private readonly answering = new Set<Promise<void>>();

    constructor(private readonly means: Means) {}

    /** Settles when nothing is being done any more. */
    async done(): Promise<void> {
        await Promise.all(this.answering);
    }

    /** Speaks with the part that serves pages. @param hello what that one needs @param ready hears the port */
    serve(socket: Socket, hello: Message, ready: (port: number) => void): void {
        send(socket, hello);
        hear(socket, value => this.heard(socket, request.safeParse(value).data, ready));
        const timer = setInterval(() => this.tell(socket), 400);
        socket.once("close", () => clearInterval(timer));
        this.tell(socket);
    }

    private heard(socket: Socket, asked: Request | undefined, ready: (port: number) => void): void {
        const { audit, ended } = this.means;
        if (!asked) return audit.note({ refused: "not in the vocabulary" });
        switch (asked.ask) {
            case "ready":
                return ready(asked.port);
            case "refused":
                return audit.note({ ...asked, ask: undefined, refused: true });
            case "ended":
                return ended.add(asked.cookie);
            case "do": {
                const answer = this.answer(socket, asked).finally(() => this.answering.delete(answer));
                this.answering.add(answer);
            }
        }
    }

    /** Sends the views where they are others than the last that were sent. A stack's file with a mistake ends nothing. */
    private tell(socket: Socket): void {
        try {
            const views = viewsOf(this.means.sources),
                // The clock goes on by itself.
                key = JSON.stringify(views, (name, value: unknown) => (name === "left" ? Number(value) > 0 : value));
            if (key === this.shown) return;
            this.pictures = picturesOf(this.means.sources.teams, this.pictures);
            send(socket, { say: "views", views, pictures: this.pictures });
            this.shown = key;
        } catch (e) {
            if (this.told === messageOf(e)) return;
            this.told = messageOf(e);
            complain(`classroom: the board shows no news: ${this.told}`);
        }
    }

    private async answer(
        socket: Socket,
        { id, action, team, by, from }: Extract<Request, { ask: "do" }>,
    ): Promise<void> {
        const { audit, sources } = this.means;
        let ok = false,
            text: string;
        try {
            // The other part has looked at both, too; it is the one that may be broken into.
            if (!sources.teams.includes(team)) throw new Error("there is no such team");
            if (by !== "teacher" && by !== `team:${team}`) throw new Error("that is another team's");
            if (action === "diagnose" && by !== "teacher") throw new Error("that is the teacher's");
            audit.note({ by, from, action, team });
            text = await this.perform(action, team);
            ok = true;
        } catch (e) {
            text = wordsOf(e, by === "teacher");
            if (e instanceof CloudError) complain(`classroom: ${messageOf(e)}`);
        }
        audit.note({ by, from, action, team, ok, text: action === "hint" && ok ? "a hint" : text });
        send(socket, { say: "done", id, ok, text });
        this.tell(socket);
    }

    private async perform(action: Action, team: string): Promise<string> {
        switch (action) {
            case "hint":
                return this.means.exercises.hint(team).text;
            case "check":
                return (await this.means.exercises.check(team)).said;
            case "reset":
                await this.means.exercises.reset(team);
                return "the cloud is as it was at the beginning";
            case "diagnose": {
                const ended = await this.means.run(team, ["diagnose", team, "--json"]),
                    { error } = (resultOf(ended) ?? {}) as { error?: string };
                return error ?? diagnosed[ended.exitCode] ?? `the cloud could not be diagnosed: ${ended.last}`;
            }
        }
    }
}

/** The end of a diagnosis in words. */
const diagnosed: Readonly<Record<number, string>> = {
    0: "diagnose: all is as it was made",
    2: "diagnose: something could not be asked",
    3: "diagnose: something drifted; ./classroom diagnose names the causes",
    130: "diagnose was interrupted",
};

/** An error for a page; a team's leaves out the words of commands, which may name a cause. */
function wordsOf(error: unknown, toTeacher: boolean): string {
    const text = error instanceof CloudError && !toTeacher ? `${error.short}; tell the teacher` : messageOf(error);
    return text.split("\n")[0]!.slice(0, 300);
}
