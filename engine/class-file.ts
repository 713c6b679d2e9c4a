import * as fs from "fs";
import * as path from "path";
import { type ClassPlan, classMistakes, classPlan, type Member } from "../config/class-settings";
import { type Mistake, Mistaken } from "../config/mistakes";
import { UserError } from "../system/errors";
import { projectDir } from "../system/paths";
import { PlainYaml } from "./plain-yaml";
import { configuredStacks } from "./stack-file";

/** The class of this checkout, where there is one. */
export const CLASS_FILE = "class.yaml";

/** What class.yaml has in it, whatever is wrong with it. */
export interface ClassFileRead {
    /** Where nothing is wrong. */
    plan?: ClassPlan;
    mistakes: readonly Mistake[];
    /** A mistake with the line that its key stands in. */
    placed(mistake: Mistake): Mistake;
}

/**
 * Reads the text of a class.yaml, as a stack's file is read: what readers of YAML understand differently is refused.
 * @param stacks that there are
 */
export const readClassFile = (text: string, stacks: readonly string[]): ClassFileRead =>
    new ClassFile(text).read(stacks);

class ClassFile extends PlainYaml {
    read(stacks: readonly string[]): ClassFileRead {
        const { contents, whole } = this.parsed(),
            given = whole ? this.value(contents, []) : undefined;
        const placed = (mistake: Mistake): Mistake => {
            const line = this.lineIn(contents, mistake.path);
            return { ...mistake, ...(line !== undefined && { line }) };
        };
        if (this.mistakes.length > 0) return { mistakes: this.mistakes, placed };
        const mistakes = classMistakes(given, stacks).map(placed);
        return { ...(mistakes.length === 0 && { plan: classPlan(given) }), mistakes, placed };
    }
}

/** The text of the checkout's class.yaml; undefined where there is none. @throws UserError where it is no text */
export function classText(): string | undefined {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(fs.readFileSync(path.join(projectDir(), CLASS_FILE)));
    } catch (e) {
        const { code, message } = e as NodeJS.ErrnoException;
        if (code === "ENOENT") return undefined;
        throw new UserError(
            code === "ERR_ENCODING_INVALID_ENCODED_DATA"
                ? `${CLASS_FILE} is not in UTF-8; save it in that encoding. Nothing was changed`
                : `${CLASS_FILE} cannot be read (${message}); nothing was changed`,
        );
    }
}

/**
 * The class of this checkout; undefined where it has no class.yaml.
 * @throws Mistaken naming every mistake in it
 */
export function classOf(): ClassPlan | undefined {
    const text = classText();
    if (text === undefined) return undefined;
    const { plan, mistakes } = readClassFile(text, configuredStacks());
    if (plan === undefined) throw new Mistaken(CLASS_FILE, mistakes);
    return plan;
}

/**
 * Who gets into a stack's cloud; nobody where there is no class, or the stack is of none of its teams.
 * @throws Mistaken naming every mistake in class.yaml
 */
export const membersOf = (stack: string): readonly Member[] =>
    classOf()?.teams.find(team => team.stack === stack)?.members ?? [];

const numbered = (stack: string): boolean => /^team\d+$/.test(stack);

/**
 * The stacks that `--class` stands for: those of class.yaml's teams, in its order; without one all numbered ones.
 * @throws UserError where there are none
 */
export function classStacks(): string[] {
    const plan = classOf(),
        stacks = plan ? plan.teams.map(({ stack }) => stack) : configuredStacks().filter(numbered);
    if (stacks.length === 0) throw new UserError(`--class: there is no ${CLASS_FILE}, and no stack team01, team02, …`);
    return stacks;
}
