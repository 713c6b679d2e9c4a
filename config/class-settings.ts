import * as z from "zod";
import { hostKeyKinds, isHostKey } from "./host-keys";
import { issueMistakes, patternMessage } from "./issues";
import { type Mistake, mistakeAt } from "./mistakes";
import { unprintable } from "./words";

const words = "1 to 60 letters, digits, spaces and ._'-, beginning and ending with a letter or a digit";
const name = z.string(words).regex(/^[\p{L}\p{N}]([\p{L}\p{N} ._'-]{0,58}[\p{L}\p{N}])?$/u, words);

/** The form of a public key's line; whether it is one is asked by {@link keyProblem}. */
const KEY = /^[a-z0-9@.-]+ +[A-Za-z0-9+/]+={0,2}( +[^\r\n]*)?$/;
const keyWords = `a line of a public key's file (ssh-ed25519 AAAA… comment), of the kinds ${hostKeyKinds.join(", ")}`;

const whole = (least: number, most: number) => {
    const said = `a whole number from ${least} to ${most}`;
    return z.int(said).min(least, said).max(most, said);
};
const momentWords = 'a date and time with its offset, in quotation marks: "2026-11-30T09:00:00+01:00"';
const moment = z.iso.datetime({ offset: true, error: momentWords });

const member = z.strictObject({
    /** Unique in the team. It stands behind the member's keys on the nodes. */
    name,
    /** Public keys; one is of one member of one team. */
    keys: z.array(z.string(keyWords).regex(KEY, keyWords)).min(1, "one key or more"),
});

const team = z.strictObject({
    /** The stack of the team's cloud: Pulumi.<stack>.yaml. */
    stack: z.string().regex(/^[A-Za-z0-9_.-]+$/, "the name of a stack: letters, digits and _.-"),
    /** Who gets in. */
    members: z.array(member).default([]),
});

const exercise = z.strictObject({
    /** Of a file of exercises/: S4, E12. */
    id: z.string().regex(/^[A-Z]{1,8}[0-9]{1,3}$/, "capital letters and a number, as S4"),
    /** How long a team has; the exercise's own minutes where it is not given. */
    minutes: whole(1, 240).optional(),
    /** For a cloud that is mended in time, in place of `points.solved`. */
    points: whole(0, 10_000).optional(),
});

const points = z.strictObject({
    /** For a cloud that is mended in time. */
    solved: whole(0, 10_000).default(100),
    /** For each whole minute that is left then. */
    minute: whole(0, 1000).default(1),
    /** What each hint costs. */
    hint: whole(0, 1000).default(10),
    /** What a "done" costs that diagnose and check do not confirm. */
    wrongDone: whole(0, 1000).default(20),
});

const times = z.strictObject({
    begin: moment.optional(),
    /** From then on the board shows no new scores. */
    freeze: moment.optional(),
    end: moment.optional(),
});

const schema = z.strictObject({
    /** What hand-outs and the board call it. */
    name,
    teams: z.array(team).min(1, "one team or more"),
    /** In the order in which they are done. */
    exercises: z.array(exercise).default([]),
    points: points.prefault({}),
    times: times.default({}),
});

/** A class: its teams, their members, its exercises and rules, with all defaults. */
export type ClassPlan = z.infer<typeof schema>;
/** Who belongs to a team. */
export type Member = z.infer<typeof member>;

/** Keys at the left edge of class.yaml. */
const classKeys = Object.keys(schema.shape);

const allowedKeys: Readonly<Record<string, readonly string[]>> = {
    "": classKeys,
    points: Object.keys(points.shape),
    times: Object.keys(times.shape),
};

/** The JSON schema (draft 7) of class.yaml: of its keys and their values. */
export const classJsonSchema = (): Record<string, unknown> =>
    z.toJSONSchema(schema, {
        io: "input",
        target: "draft-7",
        override: ({ zodSchema, jsonSchema }) => {
            const message = jsonSchema.pattern === undefined ? undefined : patternMessage(zodSchema);
            if (message !== undefined) jsonSchema.patternErrorMessage = message;
        },
    });

/**
 * Every mistake in what class.yaml says, beside those of the stacks' own files.
 * @param given as it stands in the file
 * @param stacks that there are
 */
export function classMistakes(given: unknown, stacks: readonly string[]): Mistake[] {
    const unseen = unprintable(given),
        parsed = schema.safeParse(given);
    if (unseen.length > 0) return unseen;
    if (!parsed.success) return parsed.error.issues.flatMap(issue => issueMistakes(issue, given, allowedKeys));
    return [
        ...parsed.data.teams.flatMap((one, i) => stackMistakes(one.stack, i, parsed.data, stacks)),
        ...keyMistakes(parsed.data),
        ...memberMistakes(parsed.data),
        ...exerciseMistakes(parsed.data),
        ...timeMistakes(parsed.data),
    ];
}

/** The class that class.yaml describes, where {@link classMistakes} finds nothing. */
export const classPlan = (given: unknown): ClassPlan => schema.parse(given);

function stackMistakes(stack: string, i: number, { teams }: ClassPlan, stacks: readonly string[]): Mistake[] {
    const key = `teams.${i}.stack`;
    if (!stacks.includes(stack))
        return [
            mistakeAt(key, `there is no stack "${stack}": no Pulumi.${stack}.yaml; there are ${stacks.join(", ")}`),
        ];
    const first = teams.findIndex(other => other.stack === stack);
    return first < i ? [mistakeAt(key, `"${stack}" is the stack of teams.${first} too; each team has its own`)] : [];
}

/** A key without what stands behind it: the same key is the same text. */
export const bareKey = (line: string): string => line.split(/ +/).slice(0, 2).join(" ");

function keyProblem(line: string): string | undefined {
    const [kind = "", blob = ""] = line.split(/ +/);
    return isHostKey(kind, blob) ? undefined : `it is no public key; allowed is ${keyWords}`;
}

function keyMistakes({ teams }: ClassPlan): Mistake[] {
    const owners = new Map<string, string>();
    return teams.flatMap(({ stack, members }, t) =>
        members.flatMap((one, m) =>
            one.keys.flatMap((line, k) => {
                const at = `teams.${t}.members.${m}.keys.${k}`,
                    problem = keyProblem(line),
                    owner = owners.get(bareKey(line));
                owners.set(bareKey(line), owner ?? `${one.name} of ${stack}`);
                if (problem !== undefined) return [mistakeAt(at, problem)];
                return owner === undefined
                    ? []
                    : [mistakeAt(at, `it is a key of ${owner} too; each key is of one member of one team`)];
            }),
        ),
    );
}

const doubles = (names: readonly string[]): number[] =>
    names.flatMap((name, i) => (names.indexOf(name) < i ? [i] : []));

const memberMistakes = ({ teams }: ClassPlan): Mistake[] =>
    teams.flatMap(({ members }, t) =>
        doubles(members.map(m => m.name)).map(m =>
            mistakeAt(`teams.${t}.members.${m}.name`, `"${members[m]!.name}" is there more than once in this team`),
        ),
    );

const exerciseMistakes = ({ exercises }: ClassPlan): Mistake[] =>
    doubles(exercises.map(e => e.id)).map(i =>
        mistakeAt(`exercises.${i}.id`, `"${exercises[i]!.id}" is there more than once`),
    );

/** Times that do not follow each other. */
function timeMistakes({ times: given }: ClassPlan): Mistake[] {
    const set = (["begin", "freeze", "end"] as const).flatMap(key =>
        given[key] === undefined ? [] : [{ key, at: Date.parse(given[key]) }],
    );
    return set.flatMap(({ key, at }, i) => {
        const before = set[i - 1];
        return before !== undefined && before.at > at
            ? [mistakeAt(`times.${key}`, `${given[key]} is before ${before.key} (${given[before.key]})`)]
            : [];
    });
}
