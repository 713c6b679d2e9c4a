import { type Command, InvalidArgumentError } from "commander";
import { classOf } from "../../engine/class-file";
import { UserError } from "../../system/errors";
import { complain, say, sayLines } from "../../system/output";
import { choose, type Chosen, checkAllowed, filtered, nameOf, seedOf } from "../sabotage/choose";
import { drawnFrom } from "../sabotage/drawn";
import { loadExercises } from "../sabotage/exercises";
import { addHelp, setWork } from "../shell/command";
import { settingsWithoutSecrets } from "../stack/reach";
import { Journal } from "./journal";
import { Exercises, minutesFor, rulesFor, toldOf } from "./operations";
import { csv, table } from "./scores";
import { forEachTeam, teamsIn } from "./teams";

interface Options {
    class?: boolean;
    jobs?: number;
}
interface StartOptions extends Options {
    random?: boolean;
    each?: boolean;
    seed?: string;
    minutes?: number;
    restorePoint: boolean;
}

/** `exercise`: the tutorial's faults for one team or all, with time and points. */
export function addExerciseCommands(cli: Command): void {
    const group = cli.command("exercise").description("exercises with time and points, for some teams or the class");
    addStart(group);
    for (const [name, description, work] of simple) addForTeams(group, name, description, work);
    addExtend(group);
    addScores(group);
    addHelp(group, ["exercise start --class S5 --minutes 20", "exercise check team01", "exercise scores"]);
}

const whole = (given: string): number => {
    if (/^[1-9]\d{0,2}$/.test(given) && Number(given) <= 240) return Number(given);
    throw new InvalidArgumentError("Wanted: a whole number from 1 to 240.");
};

function forTeams(group: Command, name: string, words: string, description: string): Command {
    return group
        .command(name)
        .argument(words, "stacks of the teams")
        .description(description)
        .option("--class", "all teams: those of class.yaml, else all numbered stacks")
        .option("--jobs <number>", "how many teams at once (default: one a core)", whole);
}

type Work = (exercises: Exercises, team: string) => unknown;
const simple: readonly [string, string, Work][] = [
    ["hint", "give the next of three hints, which costs points", (e, team) => say(`${team}: ${e.hint(team).text}`)],
    [
        "check",
        "judge a cloud that its team calls mended, by diagnose and check; a wrong one costs points",
        async (e, team) => {
            const { verdict, said } = await e.check(team);
            say(`${team}: ${said}`);
            if (verdict !== "sound") throw new UserError(`${team}: not solved`, verdict === "broken" ? 3 : 2);
        },
    ],
    [
        "reveal",
        "end the exercise without points, and tell its cause",
        (e, team) => sayLines([`${team}:`, ...e.reveal(team)]),
    ],
    ["stop", "end the exercise without points; the cloud stays as it is", (e, team) => e.stop(team)],
    ["freeze", "stop the clock: no hints and no checks", (e, team) => e.freeze(team)],
    ["resume", "let the clock go on", (e, team) => e.resume(team)],
    ["reset", "put the cloud back to the exercise's beginning; the clock goes on", (e, team) => e.reset(team)],
];

function addForTeams(group: Command, name: string, description: string, work: Work): void {
    const command = forTeams(group, name, "[teams...]", description);
    setWork(command, async (words: string[], options: Options) => await onTeams(words, options, work));
    const codes: Record<number, string> = { 0: "done", 1: "error, of one team or more" };
    const judging = { 2: "a cloud could not be judged, which costs nothing", 3: "a cloud is not mended" };
    addHelp(
        command,
        [`exercise ${name} team01`, `exercise ${name} --class`],
        name === "check" ? { ...codes, ...judging } : codes,
    );
}

async function onTeams(words: string[], options: Options, work: Work): Promise<number> {
    const { teams, rest } = teamsIn(words, options.class ?? false);
    if (rest.length > 0) throw new UserError(`"${rest[0]}" is no stack`);
    return await withExercises(exercises => forEachTeam(teams, team => work(exercises, team), options.jobs));
}

/** Lines of what is done for a team are told with its name. */
async function withExercises<T>(work: (exercises: Exercises) => Promise<T>): Promise<T> {
    const journal = new Journal();
    try {
        return await work(new Exercises(journal, undefined, (team, line) => complain(`${team}: ${line}`)));
    } finally {
        journal.close();
    }
}

function addStart(group: Command): void {
    const command = forTeams(group, "start", "[teams-and-exercise...]", "break the clouds, and start the clock")
        .option("--random", "any exercise that fits all teams' stacks")
        .option("--each", "with --random, or an exercise of several ways: each team has its own draw")
        .option("--seed <number>", "the same choice again")
        .option("--minutes <number>", "how long it may take (default: class.yaml's, else the exercise's own)", whole)
        .option("--no-restore-point", "without a restore point before it: there is no reset then");
    setWork(command, start);
    addHelp(command, [
        "exercise start team01 team02 S5",
        "exercise start --class S5 --minutes 20",
        "exercise start --class --random --each --seed 7",
    ]);
}

async function start(words: string[], options: StartOptions): Promise<number> {
    const { teams, rest } = teamsIn(words, options.class ?? false);
    if (rest.length > 1) throw new UserError(`one exercise at a time: ${rest.join(", ")}`);
    const plan = classOf(),
        chosen = choices(teams, rest[0], options);
    return await withExercises(exercises =>
        forEachTeam(
            teams,
            async team => {
                const one = chosen.get(team)!,
                    { id } = one.exercise,
                    minutes = minutesFor(plan, one.exercise, options.minutes);
                await exercises.start(team, one, minutes, rulesFor(plan, id), options.restorePoint);
                const { symptom } = toldOf([one.exercise], nameOf(one), 0)!;
                say(`${team}: ${id} is under way, ${minutes} min: ${symptom}`);
            },
            options.jobs,
        ),
    );
}

/** Which way of which exercise each team gets; nothing is broken where one of them cannot have it. */
function choices(teams: readonly string[], wanted: string | undefined, options: StartOptions): Map<string, Chosen> {
    const seed = seedOf(options.seed),
        all = loadExercises(),
        fitting = teams.reduce((left, team) => drawnFrom(team, left), options.random ? filtered(all, {}) : all),
        // What fits not all is refused by its reason, below.
        from = options.random || fitting.some(e => wanted?.toUpperCase() === e.id) ? fitting : all;
    const chosen = new Map(
        teams.map((team, i) => [
            team,
            choose(from, wanted, undefined, options.random ?? false, options.each ? seed + i : seed),
        ]),
    );
    for (const [team, one] of chosen) checkAllowed(team, settingsWithoutSecrets(team), one);
    complain(`to choose the same again: --seed ${seed}`);
    return chosen;
}

function addExtend(group: Command): void {
    const command = forTeams(group, "extend", "[teams...]", "give more time");
    command.requiredOption("--minutes <number>", "how much", whole);
    setWork(command, async (words: string[], options: Options & { minutes: number }) =>
        onTeams(words, options, (exercises, team) => exercises.extend(team, options.minutes)),
    );
    addHelp(command, ["exercise extend team03 --minutes 5"]);
}

function addScores(group: Command): void {
    const command = group
        .command("scores")
        .description("points of every team that had an exercise, from the class's journal")
        .option("--csv", "a line for each exercise of each team");
    setWork(command, ({ csv: asCsv }: { csv?: boolean }) => {
        const journal = new Journal();
        try {
            const entries = journal.store.entries(),
                standings = [...new Set(entries.map(e => e.team))].sort().map(team => journal.standing(team));
            sayLines(asCsv ? csv(standings) : table(standings));
        } finally {
            journal.close();
        }
    });
    addHelp(command, ["exercise scores", "exercise scores --csv > scores.csv"]);
}
