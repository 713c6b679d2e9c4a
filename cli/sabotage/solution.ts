import { type HostRole, hostRoles, type NodeName, nodeNames } from "../../config/nodes";
import { messageOf } from "../../system/errors";

/** What a person types on one machine, before going to the next. */
export interface Session {
    machine: NodeName | HostRole;
    /** Its commands as they stand, a line each; comments too. */
    script: string;
}

const PROMPT = /^root@([a-z0-9-]+):~# (.+)$/;
const machines: readonly string[] = [...nodeNames, ...hostRoles];

/**
 * The sessions of a written solution. A line without a prompt goes on with the command above it.
 * @throws Error for a line that nobody can type anywhere
 */
export function sessionsOf(solution: string): Session[] {
    const sessions: Session[] = [];
    for (const line of solution.split("\n")) {
        const [, machine, command] = PROMPT.exec(line) ?? [],
            last = sessions.at(-1);
        if (machine === undefined && (!last || /^\S+@\S+[#$]/.test(line)))
            throw new Error(`"${line}" begins with no prompt such as root@api-node:~#`);
        if (machine === undefined) last!.script += `\n${line}`;
        else if (!machines.includes(machine))
            throw new Error(`there is no machine "${machine}"; there are ${machines.join(", ")}`);
        else if (last?.machine === machine) last.script += `\n${command!}`;
        else sessions.push({ machine: machine as Session["machine"], script: command! });
    }
    return sessions;
}

/** A word in angle brackets, such as <HOST>, which the reader would have to replace. */
const PLACEHOLDER = /<[A-Z][A-Z0-9 _-]*>/;
const withoutRemark = (line: string): string => line.replace(/(^| )#.*$/, "");

/** Why nobody could type a solution as it stands; undefined where somebody could. */
export function solutionFault(solution: string): string | undefined {
    try {
        sessionsOf(solution);
    } catch (e) {
        return messageOf(e);
    }
    const [word] = solution
        .split("\n")
        .flatMap(line => PLACEHOLDER.exec(withoutRemark(line.replace(PROMPT, "$2"))) ?? []);
    return word === undefined ? undefined : `nobody can type ${word}; write the word that stands for it`;
}
