import { type Command, InvalidArgumentError } from "commander";
import { classOf } from "../../engine/class-file";
import { configFile } from "../../engine/stack-file";
import { messageOf, UserError } from "../../system/errors";
import { onInterrupt } from "../../system/interrupt";
import { complain, say, sayLines } from "../../system/output";
import { choose, type Chosen, checkAllowed, filtered, nameOf, seedOf } from "../sabotage/choose";
import { drawnFrom } from "../sabotage/drawn";
import { loadExercises } from "../sabotage/exercises";
import { addHelp, setWork } from "../shell/command";
import { Commands, worst } from "../shell/side-by-side";
import { severalStacks } from "../shell/stacks";
import { settingsWithoutSecrets } from "../stack/reach";
import { Journal } from "./journal";
import { Exercises, minutesFor, rulesFor, toldOf } from "./operations";
import { csv, table } from "./scores";

interface StartOptions {
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
    addCheck(group);
    addReset(group);
    for (const [name, description, work] of inJournal) addHelp(forTeams(group, name, description, work), usual(name));
    addExtend(group);
    addScores(group);
    addHelp(group, ["exercise start --class S5 --minutes 20", "exercise check team01", "exercise scores"]);
}

const usual = (name: string): string[] => [`exercise ${name} team01`, `exercise ${name} --class`];

const whole = (given: string): number => {
    if (/^[1-9]\d{0,2}$/.test(given) && Number(given) <= 240) return Number(given);
    throw new InvalidArgumentError("Wanted: a whole number from 1 to 240.");
};

const ofTeam = (group: Command, name: string, description: string): Command =>
    group.command(name).argument("<stack>", "the stack of a team").description(description);

type InJournal = (exercises: Exercises, team: string) => unknown;
const inJournal: readonly [string, string, InJournal][] = [
    ["hint", "give the next of three hints, which costs points", (e, team) => say(`${team}: ${e.hint(team).text}`)],
    [
        "reveal",
        "end the exercise without points, and tell its cause",
        (e, team) => sayLines([`${team}:`, ...e.reveal(team)]),
    ],
    ["stop", "end the exercise without points; the cloud stays as it is", (e, team) => e.stop(team)],
    ["freeze", "stop the clock: no hints and no checks", (e, team) => e.freeze(team)],
    ["resume", "let the clock go on", (e, team) => e.resume(team)],
];

/** A command that asks no cloud: it is done for all teams at the same moment, by this process. */
function forTeams(group: Command, name: string, description: string, work: InJournal): Command {
    const command = ofTeam(group, name, description);
    severalStacks(command, {
        shows: "output",
        json: false,
        here: stacks =>
            withExercises(exercises => worst(stacks.map(team => codeOf(() => work(exercises, team), team)))),
    });
    setWork(command, async (stack: string) => {
        configFile(stack);
        await withExercises(exercises => work(exercises, stack));
    });
    return command;
}

/** One team's error stops no other. */
function codeOf(work: () => unknown, team: string): number {
    try {
        configFile(team);
        work();
        return 0;
    } catch (e) {
        complain(`classroom: ${messageOf(e)}`);
        return e instanceof UserError ? e.exitCode : 1;
    }
}

/** Exercises with the class's journal; an interruption reaches the commands that they run. */
async function withExercises<T>(work: (exercises: Exercises) => T | Promise<T>): Promise<T> {
    const journal = new Journal(),
        commands = new Commands();
    const release = onInterrupt(() => commands.interrupt());
    try {
        return await work(new Exercises(journal, commands.run, (_team, line) => complain(line)));
    } finally {
        release();
        journal.close();
    }
}

function addCheck(group: Command): void {
    const command = ofTeam(
        group,
        "check",
        "judge a cloud that its team calls mended, by diagnose and check; a wrong one costs points",
    );
    severalStacks(command, { shows: "output", json: false });
    setWork(command, async (stack: string) => {
        configFile(stack);
        const { verdict, said } = await withExercises(exercises => exercises.check(stack));
        say(`${stack}: ${said}`);
        return verdict === "sound" ? 0 : verdict === "broken" ? 3 : 2;
    });
    addHelp(command, usual("check"), {
        0: "solved",
        1: "error",
        2: "a cloud could not be judged, which costs nothing",
        3: "a cloud is not mended",
    });
}

function addReset(group: Command): void {
    const command = ofTeam(group, "reset", "put the cloud back to the exercise's beginning; the clock goes on");
    severalStacks(command, { shows: "output", json: false });
    setWork(command, async (stack: string) => {
        configFile(stack);
        await withExercises(exercises => exercises.reset(stack));
    });
    addHelp(command, usual("reset"));
}

function addStart(group: Command): void {
    const command = ofTeam(group, "start", "break the clouds, and start the clock")
        .argument("[exercise]", "S1 … S10 or a teacher's, or one way to do it: S4-mysql")
        .option("--random", "any exercise that fits all teams' stacks")
        .option("--each", "with --random, or an exercise of several ways: each team has its own draw")
        .option("--seed <number>", "the same choice again")
        .option("--minutes <number>", "how long it may take (default: class.yaml's, else the exercise's own)", whole)
        .option("--no-restore-point", "without a restore point before it: there is no reset then");
    severalStacks(command, {
        shows: "output",
        json: false,
        each: (stacks, [wanted]) => wordsForEach(stacks, wanted, command.opts()),
    });
    setWork(command, start);
    addHelp(command, [
        "exercise start team01 team02 S5",
        "exercise start --class S5 --minutes 20",
        "exercise start --class --random --each --seed 7",
    ]);
}

async function start(stack: string, wanted: string | undefined, options: StartOptions): Promise<void> {
    const plan = classOf(),
        one = choices([stack], wanted, options).get(stack)!,
        { id } = one.exercise,
        minutes = minutesFor(plan, one.exercise, options.minutes);
    await withExercises(exercises => exercises.start(stack, one, minutes, rulesFor(plan, id), options.restorePoint));
    const { symptom } = toldOf([one.exercise], nameOf(one), 0)!;
    say(`${stack}: ${id} is under way, ${minutes} min: ${symptom}`);
}

/** The draw is one for all teams: each team's process is told its own. */
function wordsForEach(
    teams: readonly string[],
    wanted: string | undefined,
    options: StartOptions,
): (stack: string) => string[] {
    const chosen = choices(teams, wanted, options);
    return stack => [
        "exercise",
        "start",
        stack,
        nameOf(chosen.get(stack)!),
        ...(options.minutes === undefined ? [] : ["--minutes", String(options.minutes)]),
        ...(options.restorePoint ? [] : ["--no-restore-point"]),
    ];
}

/** Which way of which exercise each team gets; nothing is broken where one of them cannot have it. */
function choices(teams: readonly string[], wanted: string | undefined, options: StartOptions): Map<string, Chosen> {
    const seed = seedOf(options.seed),
        all = loadExercises([wanted]),
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
    if ([...chosen.values()].some(one => wanted !== nameOf(one))) complain(`to choose the same again: --seed ${seed}`);
    return chosen;
}

function addExtend(group: Command): void {
    const command: Command = forTeams(group, "extend", "give more time", (exercises, team) =>
        exercises.extend(team, command.opts<{ minutes: number }>().minutes),
    );
    command.requiredOption("--minutes <number>", "how much", whole);
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
