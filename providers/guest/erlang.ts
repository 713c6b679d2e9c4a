/** Words that a server written in Erlang gives by `rabbitmqctl eval`, whatever is in them. */

/**
 * Goes before an expression: `L(Format, Arguments)` makes a line of an answer. A line is several quoted atoms where it is long: an atom holds
 * 255 characters. What goes on begins with a plus sign (43). Each start of rabbitmqctl costs an emulated node ten seconds: one answer has many lines.
 */
export const LINE =
    "L = fun(F, A) -> S = lists:sublist(lists:flatten(io_lib:format(F, A)), 2000), [list_to_atom([43 || N > 1] ++ lists:sublist(S, N, 240)) || N <- lists:seq(1, length(S), 240)] end";

/** The lines of such an answer, a list of {@link LINE}'s: no line has a newline in it. A newer server may warn of something before it. */
export const linesIn = (printed: string): string[] =>
    [...printed.slice(Math.max(0, printed.search(/^\[/m))).matchAll(/'((?:[^'\\]|\\.)*)'/g)]
        .map(([, said]) => said!.replace(/\\(.)/gs, (_, c: string) => (c === "t" ? "\t" : c === "n" ? " " : c)))
        .reduce<string[]>((lines, word) => {
            if (word.startsWith("+") && lines.length > 0) lines[lines.length - 1] += word.slice(1);
            else lines.push(word);
            return lines;
        }, []);
