import type { Command } from "commander";

/** Adds examples and exit codes to a command's --help. */
export function addHelp(
    command: Command,
    examples: readonly string[],
    exitCodes: Readonly<Record<number, string>> = { 0: "done", 1: "error" },
): void {
    command.addHelpText(
        "after",
        [
            "",
            "Examples:",
            ...examples.map(line => `  ./classroom ${line}`),
            "",
            "Exit codes:",
            ...Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padEnd(4)}${meaning}`),
        ].join("\n"),
    );
}
