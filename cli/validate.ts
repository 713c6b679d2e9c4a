import * as path from "path";
import type { Command } from "commander";
import type { ClassPlan } from "../config/class-settings";
import { withLab } from "../config/lab-settings";
import { type Mistake, mistakeAt, mistakeIn, mistakeInWords } from "../config/mistakes";
import { mistakesIn } from "../config/settings";
import { givenBy } from "../config/stack-settings";
import { CLASS_FILE, classStacks, classText, readClassFile } from "../engine/class-file";
import { configFile, configuredStacks, readStackFile, textOf } from "../engine/stack-file";
import { messageOf, UserError } from "../system/errors";
import { sayJson, sayLines } from "../system/output";
import { sharedWithOthers } from "./hosts/teams";
import { loadExercises, mistakesOf } from "./sabotage/exercises";
import { addHelp, setWork } from "./shell/command";
import { encryptedKeys, noMachine, placeholderCredentials } from "./stack/placeholders";
import { plainOf } from "./stack/reach";

/** The answer about a stack's file, or about class.yaml. */
export interface Validation {
    /** Absent of class.yaml. */
    stack?: string;
    /** Its name, in the checkout. */
    file: string;
    valid: boolean;
    findings: Omit<Mistake, "path">[];
    /** Keys below which something is encrypted, which the engine alone can read: nothing was said of them. */
    unchecked: string[];
}

/** `validate`: a stack's file, or class.yaml and those of its teams; neither a host nor the engine is asked. */
export function addValidateCommand(cli: Command): void {
    const command = cli
        .command("validate")
        .argument("[stack]", "lab, team01, …: a Pulumi.<stack>.yaml; or the file of an exercise: exercises/X1.yaml")
        .description(
            "check the file of a stack or of an exercise, all mistakes at once; asks neither the engine nor the hosts",
        )
        .option("--class", `${CLASS_FILE}, and the files of its teams' stacks`)
        .option("--json", "as JSON");
    setWork(command, (stack: string | undefined, options: { class?: boolean; json?: boolean }) => {
        if ((stack === undefined) === (options.class === undefined))
            throw new UserError("validate wants a stack, or --class: ./classroom validate team01");
        const validations: Validation[] =
            stack === undefined ? validateClass() : [isExercise(stack) ? validateExercise(stack) : validate(stack)];
        if (options.json) sayJson(stack === undefined ? validations : validations[0]);
        else sayLines(validations.flatMap(inWords));
        return validations.every(({ valid }) => valid) ? 0 : 1;
    });
    addHelp(
        command,
        [
            "validate team01",
            "validate exercises/X1.yaml",
            "validate team01 --json | jq -r '.findings[].key'",
            "validate --class",
        ],
        {
            0: "nothing is wrong in it",
            1: "something is, or there is no such stack or file",
        },
    );
}

const isExercise = (word: string): boolean => /\.ya?ml$/.test(word) && !/(^|\/)Pulumi\.[^/]*$/.test(word);

/** Everything that is wrong in the file of an exercise. */
function validateExercise(file: string): Validation {
    const findings = mistakesOf(file).map(mistake => {
        const [, line, reason = mistake] = /^[^:]*: (?:line (\d+): )?(.*)$/.exec(mistake) ?? [];
        return { key: "", reason, ...(line !== undefined && { line: Number(line) }) };
    });
    return { file, valid: findings.length === 0, findings, unchecked: [] };
}

/**
 * Everything that is wrong in class.yaml and in its teams' files. Without a class.yaml: in the files of the numbered stacks.
 * @throws UserError where there is neither
 */
export function validateClass(): Validation[] {
    const text = classText();
    if (text === undefined) return classStacks().map(validate);
    const { plan, mistakes, placed } = readClassFile(text, configuredStacks());
    const findings = [...mistakes, ...(plan ? unknownExercises(plan).map(placed) : [])].map(
        ({ path: _path, ...finding }) => finding,
    );
    return [
        { file: CLASS_FILE, valid: findings.length === 0, findings, unchecked: [] },
        ...(plan?.teams ?? []).map(team => validate(team.stack)),
    ];
}

const unknownExercises = ({ exercises }: ClassPlan): Mistake[] => {
    const known = loadExercises().map(({ id }) => id);
    return exercises.flatMap(({ id }, i) =>
        known.includes(id)
            ? []
            : [mistakeAt(`exercises.${i}.id`, `there is no exercise "${id}"; ./classroom sabotage --list shows them`)],
    );
};

/**
 * Everything that is wrong in a stack's file, in the order of its lines.
 * @throws UserError where there is no such stack
 */
export function validate(stack: string): Validation {
    const file = path.basename(configFile(stack)),
        { mistakes, unchecked } = look(stack);
    const findings = mistakes
        .map(({ path: _path, ...finding }) => finding)
        .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    return { stack, file, valid: findings.length === 0, findings, unchecked };
}

function look(stack: string): { mistakes: Mistake[]; unchecked: string[] } {
    let text: string;
    try {
        text = textOf(stack);
    } catch (e) {
        return { mistakes: [{ path: [], key: "", reason: messageOf(e) }], unchecked: [] };
    }
    const { texts, mistakes: written, lineOf } = readStackFile(text);
    // What is no YAML configures nothing: all keys would be missing.
    if (Object.keys(texts).length === 0 && written.length > 0) return { mistakes: [...written], unchecked: [] };
    const given = givenBy(texts),
        { credentials: _own, ...open } = given;
    const unchecked = [...new Set(encryptedKeys(open).map(key => key.split(".")[0]!))],
        unknown = [
            ...written.map(({ path }) => path).filter(({ length }) => length > 0),
            ...unchecked.map(key => [key]),
        ];
    const shared = sharedWithOthers(stack, given)
        .map(mistakeIn)
        .filter(({ path: at }) => !unknown.some(above => above.every((key, i) => key === at[i])));
    const found = [...settingsMistakes(given, unknown), ...shared];
    return {
        mistakes: [
            ...written,
            ...found.map(mistake => {
                const line = lineOf(mistake.path);
                return { ...mistake, ...(line !== undefined && { line }) };
            }),
        ],
        unchecked,
    };
}

/** Of a lab's stack, what the lab adds to its configuration wherever it is up is counted as given. */
function settingsMistakes(given: Record<string, unknown>, unknown: readonly (readonly string[])[]): Mistake[] {
    const { credentials: _encrypted, ...rest } = given,
        own = { ...rest, credentials: { ...placeholderCredentials(given), ...plainOf(given) } };
    try {
        return mistakesIn(withLab(own, noMachine.labFacts), unknown);
    } catch (e) {
        // Without a lab, all that it would have said is missing.
        return [mistakeAt("lab", messageOf(e).replace(/^lab: |; nothing was changed$/g, ""))];
    }
}

function inWords({ file, findings, unchecked }: Validation): string[] {
    return [
        ...findings.map(({ line, ...finding }) => {
            const where = line === undefined ? file : `${file}:${line}`;
            return `${where}: ${mistakeInWords({ path: [], ...finding })}`;
        }),
        ...(findings.length === 0 ? [`${file}: nothing is wrong in it`] : []),
        ...unchecked.map(
            key => `${file}: ${key} was not checked, because something in it is encrypted; preview checks it`,
        ),
    ];
}
