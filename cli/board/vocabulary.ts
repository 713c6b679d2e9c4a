import type { Socket } from "net";
import * as z from "zod";
import type { Condition } from "../stack/condition";
import type { Keyring } from "./sessions";

/** All that the unprivileged part may ask of the privileged one. */
export const request = z.discriminatedUnion("ask", [
    z.strictObject({
        ask: z.literal("do"),
        id: z.int().min(0),
        action: z.enum(["check", "hint", "reset", "diagnose"]),
        team: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/),
        by: z.string().max(120),
        from: z.string().max(60),
    }),
    z.strictObject({ ask: z.literal("ready"), port: z.int() }),
    /** Somebody has logged out. */
    z.strictObject({ ask: z.literal("ended"), cookie: z.string().regex(/^[A-Za-z0-9_-]{1,300}$/) }),
    z.strictObject({
        ask: z.literal("refused"),
        what: z.string().max(60),
        by: z.string().max(120),
        from: z.string().max(60),
        count: z.int(),
    }),
]);
export type Request = z.infer<typeof request>;
export type Action = Extract<Request, { ask: "do" }>["action"];

/** A team as its own page shows it. */
export interface TeamView {
    team: string;
    /** Whether it has a cloud. */
    made: boolean;
    exercise?: { id: string; title: string; story: string; symptom: string; hints: readonly string[] };
    state: "none" | "preparing" | "open" | "solved" | "late" | "over";
    frozen: boolean;
    /** Seconds that were left when this was sent. */
    left: number;
    points: number;
    solved: number;
    wrong: number;
    /** Prices in points. */
    prices?: { hint: number; wrongDone: number };
    busy?: string;
    /** The answer to the last question. */
    said?: string;
    /** How its nodes were at the last diagnosis. */
    condition?: Condition;
    /** Raised with each change of the picture. */
    picture: string;
}

/** A team as the teacher's page shows it. */
export interface TeacherRow extends TeamView {
    hints: number;
    /** The last operation on its cloud, or that there is no cloud. */
    last: string;
}

export interface Views {
    class: string;
    teacher: TeacherRow[];
    teams: Record<string, TeamView>;
}

/** Messages of the privileged part. */
export type Message =
    | {
          say: "hello";
          keyring: Keyring;
          /** Cookies that were ended before. */
          ended: string[];
          listen: { host: string; port: number };
          tls?: { key: string; cert: string };
          files: Record<string, string>;
      }
    | { say: "views"; views: Views; pictures: Record<string, string> }
    | { say: "done"; id: number; ok: boolean; text: string };

/** A longer line is nobody's who may speak here. */
const LONGEST = 8 << 20;

/** Sends JSON, a line each. */
export const send = (socket: Socket, value: Message | Request): boolean => socket.write(`${JSON.stringify(value)}\n`);

/** Hears JSON, a line each; what is none, or too long, ends the connection. */
export function hear(socket: Socket, each: (value: unknown) => void): void {
    let rest = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        try {
            if (rest.length > LONGEST) throw new Error("too long");
            for (const line of lines) each(JSON.parse(line));
        } catch {
            socket.destroy();
        }
    });
}
