import * as path from "path";
import * as z from "zod";
import { nodeNames } from "../../config/nodes";
import { releaseNames } from "../../config/releases";
import { replaceFile } from "../../system/files";
import { projectDir } from "../../system/paths";
import { noticedSchema } from "./noticed";
import { stepSchema } from "./steps";

/** Where the symptom shows, from the outside in: never a hint at the cause. */
export const exerciseKinds = [
    "identity",
    "images",
    "instances",
    "network",
    "volumes",
    "database",
    "messages",
    "machine",
] as const;
/** From a single stopped service to several faults that hide each other. */
export const difficulties = ["beginner", "intermediate", "advanced", "mean"] as const;

const line = z.string().regex(/^[^\u0000-\u001f]{3,300}$/, "a text of 3 to 300 characters in one line");
const paragraph = z
    .string()
    .regex(/^[^\u0000-\u0009\u000b-\u001f]{3,4000}$/, "a text of 3 to 4000 characters without tabs");
const release = z.enum(releaseNames);

const way = z.strictObject({
    /** `mysql` of S4 is S4-mysql. */
    name: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, "small letters, digits and -"),
    /** Where its steps are done, unless they say otherwise. */
    node: z.enum(nodeNames),
    steps: z.array(stepSchema).min(1).max(10),
    /** How the symptom is looked for. Left out where no command shows it. */
    noticed: noticedSchema.optional(),
    /** How each cause begins that `diagnose` names; * stands for anything. Empty where it finds nothing. */
    causes: z.array(line).max(10),
    /** The commands that a person mends it with, as a session: `root@api-node:~# service nova-api start`. */
    solution: paragraph,
});

/** A sabotage of the tutorial's troubleshooting session (S1–S10), or of a teacher's: one file of the folder `exercises`. */
export const exerciseSchema = z.strictObject({
    id: z.string().regex(/^[A-Z]{1,8}[0-9]{1,3}$/, "capital letters and a number, as E7"),
    title: line,
    kind: z.enum(exerciseKinds),
    difficulty: z.enum(difficulties),
    /** How long a team may look for it. */
    minutes: z.int().min(1).max(240),
    /** What somebody tells the team. */
    story: paragraph,
    /** What the team will notice; it does not say why. */
    symptom: line,
    /** Each says more than the one before. */
    hints: z.tuple([line, line, line]),
    releases: z.array(release).min(1),
    /** The kinds of machine that its nodes may be. */
    machines: z.array(z.enum(["container", "vm"])).min(1),
    /** The releases on which it was done on a lab, found by `diagnose` and mended. */
    tried: z.array(release),
    /** One of them is done, by chance or by its name. */
    ways: z.array(way).min(1).max(20),
});
export type Exercise = z.infer<typeof exerciseSchema>;

/** One way to do an exercise: what is broken, and where. */
export type Variant = Exercise["ways"][number];

export const EXERCISE_SCHEMA_FILE = "exercises/schema.json";

/** The schema for editors, as its file has it. */
export const exerciseSchemaText = (): string =>
    `${JSON.stringify(z.toJSONSchema(exerciseSchema, { io: "input" }), undefined, 2)}\n`;

if (require.main === module) replaceFile(path.join(projectDir(), EXERCISE_SCHEMA_FILE), exerciseSchemaText(), 0o644);
