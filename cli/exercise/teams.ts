import * as os from "os";
import { classStacks } from "../../engine/class-file";
import { configuredStacks } from "../../engine/stack-file";
import { messageOf, UserError } from "../../system/errors";
import { complain } from "../../system/output";

/**
 * The teams that words of a command line stand for, each once, and what is left of the words.
 * @param all whether `--class` stands there
 * @throws UserError where there is no team
 */
export function teamsIn(words: readonly string[], all: boolean): { teams: string[]; rest: string[] } {
    const stacks = configuredStacks(),
        named = words.filter(word => stacks.includes(word)),
        rest = words.filter(word => !stacks.includes(word));
    if (all && named.length > 0) throw new UserError(`give either --class or teams, not both: ${named.join(", ")}`);
    const teams = all ? classStacks() : [...new Set(named)];
    if (teams.length === 0)
        throw new UserError(
            rest.length === 0
                ? "which teams? Give their stacks, or --class for all"
                : `there is no stack "${rest[0]}"; there are ${stacks.join(", ")}`,
        );
    return { teams, rest };
}

/**
 * Does something for each team, for several beside each other; one that fails stops no other.
 * @returns the worst exit code
 */
export async function forEachTeam(
    teams: readonly string[],
    work: (team: string) => unknown,
    jobs = os.availableParallelism(),
): Promise<number> {
    const left = [...teams];
    let worst = 0;
    const next = async (): Promise<void> => {
        for (let team = left.shift(); team !== undefined; team = left.shift())
            try {
                await work(team);
            } catch (e) {
                complain(`classroom: ${messageOf(e)}`);
                worst = Math.max(worst, e instanceof UserError ? e.exitCode : 1);
            }
    };
    await Promise.all(Array.from({ length: Math.min(jobs, teams.length) }, next));
    return worst;
}
