import { type Command, type Option } from "commander";
import { hostRoles, nodeNames } from "../config/nodes";
import { credentialNames } from "../config/credentials";
import { quote } from "../clients/ssh";
import { UserError } from "../system/errors";
import { sayLines } from "../system/output";
import { projectDir } from "../system/paths";
import { nameOf, waysOf } from "./sabotage/choose";
import { difficulties, exerciseKinds } from "./sabotage/exercise";
import { loadExercises } from "./sabotage/exercises";
import { addHelp, setWork } from "./shell/command";
import { takesSeveral } from "./shell/stacks";
import { testParts } from "./test";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

/** Stands for the stacks' names: the shell looks for them itself. */
const STACKS = "@stacks";

/** The words that can stand for an argument or an option's value, by its name; with its command before it where the name alone does not tell. */
const words: Readonly<Record<string, () => readonly string[]>> = {
    stack: () => [STACKS],
    node: () => nodeNames,
    machine: () => [...nodeNames, ...hostRoles],
    kind: () => exerciseKinds,
    difficulty: () => difficulties,
    exercise: () => {
        // On a line that is being typed nothing else is said.
        const all = loadExercises([], undefined, () => undefined);
        return [...all.map(({ id }) => id), ...waysOf(all).map(nameOf)];
    },
    explain: () => words.exercise!(),
    parts: () => testParts,
    shell: () => shells,
    "config set-secret name": () => credentialNames,
    "config rotate name": () => credentialNames,
};

/** `completion`: what a shell completes the command line with. */
export function addCompletionCommand(cli: Command): void {
    const command = cli
        .command("completion")
        .argument("<shell>", shells.join(", "))
        .description("print a script for a shell that completes commands, options and names");
    setWork(command, (shell: string) => {
        const wanted = shells.find(known => known === shell);
        if (!wanted) throw new UserError(`completion "${shell}": not a shell; allowed are ${shells.join(", ")}`);
        sayLines(completion(wanted, cli).split("\n"));
    });
    command.addHelpText(
        "after",
        [
            "",
            "For every new shell:",
            "  bash  echo '. <(PATH/classroom completion bash)' >> ~/.bashrc",
            "  zsh   echo '. <(PATH/classroom completion zsh)' >> ~/.zshrc, below compinit",
            "  fish  PATH/classroom completion fish > ~/.config/fish/completions/classroom.fish",
        ].join("\n"),
    );
    addHelp(command, ["completion bash"]);
}

/** A shell's script that completes a program's commands, options and names as they are now. */
export function completion(shell: Shell, cli: Command): string {
    const places = placesOf(cli);
    return (shell === "fish" ? fish(places) : posix(places) + ends[shell]).trimEnd();
}

/** What can come at one place of the command line: behind the names of a command. */
interface Place {
    /** `config rotate`; empty at the beginning. */
    at: string;
    commands: readonly Command[];
    options: readonly Option[];
    /** Words for each argument in turn. */
    args: readonly (readonly string[])[];
    /** Whether the last of them can come more than once. */
    again: boolean;
}

function placesOf(command: Command, at = ""): Place[] {
    const help = command.createHelp(),
        commands = help.visibleCommands(command),
        { registeredArguments } = command;
    return [
        {
            at,
            commands,
            options: help.visibleOptions(command),
            args: registeredArguments.map(argument => wordsOf(at, argument.name())),
            again: isRepeated(command),
        },
        ...commands.flatMap(sub => placesOf(sub, `${at} ${sub.name()}`.trim())),
    ];
}

/** Whether the last argument can come more than once. */
const isRepeated = (command: Command): boolean => {
    const { registeredArguments } = command;
    return (
        (registeredArguments.length === 1 && takesSeveral(command)) || (registeredArguments.at(-1)?.variadic ?? false)
    );
};

const wordsOf = (at: string, name: string): readonly string[] => (words[`${at} ${name}`] ?? words[name])?.() ?? [];

const namesOf = ({ short, long }: Option): string[] => [short, long].filter(name => name !== undefined);
/** Options that want a value, with the words for it. */
const valued = ({ at, options }: Place): [string, readonly string[]][] =>
    options
        .filter(option => option.required || option.optional)
        .flatMap(option =>
            namesOf(option).map((name): [string, readonly string[]] => [name, wordsOf(at, option.attributeName())]),
        );

/** The first line of each script. */
const HEADING = "# Completes ./classroom; made by ./classroom completion, to be made again after an update.";

/** The words for whatever a place takes: for an option's value by its name, for an argument by its number. */
const lists = (place: Place): [string, readonly string[]][] => [
    ...valued(place),
    ...place.args.map((words, i): [string, readonly string[]] => [String(i), words]),
];

/** What bash and zsh have in common: `_classroom_candidates COMMAND WORD…` prints what the last word can be, a line each. */
const posix = (places: readonly Place[]): string => `${HEADING}
_classroom_stacks() {
    for dir in "\${1%/*}" ${quote(projectDir())}; do
        for file in "$dir"/Pulumi.*.yaml; do
            name=\${file##*/Pulumi.}; name=\${name%.yaml}
            case $name in *[!A-Za-z0-9_.-]*) ;; *) [ ! -e "$file" ] || { echo "$name"; found=1; } ;; esac
        done
        [ -z "$found" ] || return 0
    done
}
_classroom_place() {
    subs='' opts='' takes='' again='' list='' last=-1
    case $1 in
${places.map(posixPlace).join("\n")}
    esac
}
${posixCandidates}`;

/** A branch of `_classroom_place PLACE LIST`: what the place has, and the words of one of its lists. */
function posixPlace(place: Place): string {
    const { at, commands, options, args, again } = place,
        takes = valued(place).map(([name]) => name);
    return `    ${quote(at)}) subs=${quote(commands.map(c => c.name()).join(" "))} opts=${quote(options.flatMap(namesOf).join(" "))}
        takes=${quote(takes.join(" "))} again=${again ? 1 : ""}
        case $2 in
${lists(place)
    .map(([name, words]) => `        ${name}) list=${quote(words.join(" "))} ;;\n`)
    .join("")}        esac; last=${args.length - 1} ;;`;
}

/** Goes along the line to the place that the last word is at. */
const posixCandidates = `_classroom_candidates() {
    [ -z "\${ZSH_VERSION-}" ] || emulate -L sh
    local at='' n=0 pending='' command=$1 word='' subs opts takes again list last dir file name found=''
    shift
    _classroom_place '' 0
    while [ $# -gt 1 ]; do
        word=$1; shift
        if [ "$word" = = ]; then continue; fi
        if [ -n "$pending" ]; then pending=''; continue; fi
        case $word in
        --) return 0 ;;
        -*) case " $takes " in *" $word "*) pending=$word ;; esac ;;
        *) case " $subs " in
            *" $word "*) at=\${at:+$at }$word; n=0; _classroom_place "$at" 0 ;;
            *) n=$((n + 1)) ;;
            esac ;;
        esac
    done
    if [ -z "$pending" ]; then
        case $1 in -*) list=$opts ;; *)
            if [ -n "$subs" ]; then list=$subs; else
                if [ "$n" -gt "$last" ] && [ -n "$again" ]; then n=$last; fi
                _classroom_place "$at" "$n"
            fi ;;
        esac
    else _classroom_place "$at" "$pending"; fi
    for word in $list; do
        if [ "$word" = ${STACKS} ]; then _classroom_stacks "$command"; else echo "$word"; fi
    done
}
`;

const ends: Readonly<Record<Exclude<Shell, "fish">, string>> = {
    bash: `_classroom() {
    local current=\${COMP_WORDS[COMP_CWORD]} candidates
    if [ "$current" = = ]; then current=''; fi
    candidates=$(_classroom_candidates "\${COMP_WORDS[@]:0:COMP_CWORD}" "$current")
    COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o bashdefault -o default -F _classroom classroom
`,
    zsh: `_classroom() {
    local -a candidates
    candidates=(\${(f)"$(_classroom_candidates "\${(@)words[1,CURRENT]}")"})
    compadd -a candidates || _default
}
compdef _classroom classroom
`,
};

/** A word of fish's. */
const fishQuote = (word: string): string => `'${word.replace(/[\\']/g, "\\$&")}'`;

const fish = (places: readonly Place[]): string => `${HEADING}
function __classroom_stacks
    for dir in (string replace -r '/[^/]*$' '' -- $argv[1]) ${fishQuote(projectDir())}
        set -l files $dir/Pulumi.*.yaml
        set -l names (string match -r -g '/Pulumi\\.([A-Za-z0-9_.-]+)\\.yaml$' -- $files)
        if set -q names[1]
            printf '%s\\n' $names
            return
        end
    end
end
function __classroom_place --no-scope-shadowing
    set subs; set opts; set takes; set again; set words; set last -1
    switch $argv[1]
${places.map(fishPlace).join("\n")}
    end
end
${fishCandidates}`;

/** A branch of `__classroom_place PLACE LIST`, as of {@link posixPlace}; what fish shows has a description behind it. */
function fishPlace(place: Place): string {
    const { at, commands, options, args, again } = place,
        subs = commands.map(c => described(c.name(), c.description())),
        opts = options.flatMap(option => namesOf(option).map(name => described(name, option.description))),
        takes = valued(place).map(([name]) => fishQuote(name));
    return `        case ${fishQuote(at)}
            set subs ${subs.join(" ")}
            set opts ${opts.join(" ")}
            set takes ${takes.join(" ")}
            set again ${again ? 1 : ""}
            set last ${args.length - 1}
            switch $argv[2]
${lists(place)
    .map(([name, words]) => `                case ${fishQuote(name)}; set words ${words.map(fishQuote).join(" ")}`)
    .join("\n")}
            end`;
}

/** A word, and what fish shows beside it. */
const described = (name: string, description: string): string => fishQuote(`${name}\t${description.split("\n")[0]}`);

/** Goes along the line to the place that the last word is at. */
const fishCandidates = `function __classroom_candidates
    set -l line (commandline -opc) (commandline -ct)
    set -l at ''
    set -l n 0
    set -l pending ''
    set -l subs; set -l opts; set -l takes; set -l again; set -l words; set -l last -1
    set -l place
    __classroom_place '' 0
    for word in $line[2..-2]
        if test -n "$pending"
            set pending ''
        else if test "$word" = --
            return
        else if string match -q -- '-*' $word
            contains -- $word $takes; and set pending $word
        else if contains -- $word (string replace -r '\\t.*' '' -- $subs)
            set at (string trim -- "$at $word")
            set n 0
            __classroom_place "$at" 0
        else
            set n (math $n + 1)
        end
    end
    if test -n "$pending"
        __classroom_place "$at" $pending
    else if string match -q -- '-*' $line[-1]
        set words $opts
    else if set -q subs[1]
        set words $subs
    else
        test $n -gt $last; and test -n "$again"; and set n $last
        __classroom_place "$at" $n
    end
    for word in $words
        if test "$word" = ${STACKS}
            __classroom_stacks $line[1]
        else
            echo $word
        end
    end
end
complete -c classroom -f -a '(__classroom_candidates)'
`;
