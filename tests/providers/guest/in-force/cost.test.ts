import { type Grammar, plain } from "../../../../providers/guest/in-force/grammar";
import { myCnf } from "../../../../providers/guest/in-force/my-cnf";
import { oslo } from "../../../../providers/guest/in-force/oslo";
import { paste } from "../../../../providers/guest/in-force/paste";
import { pythonSettings } from "../../../../providers/guest/in-force/python-settings";

const grammars: Record<string, Grammar> = { plain, myCnf, oslo, paste, pythonSettings };
/** Characters of such a file: the square of it takes seconds. */
const LENGTH = 64 << 10;
/** What a line begins with, what it is filled with, and what it ends with. */
const shapes = ["", "a = ", "[", "for a", "with a as ", "!include "].flatMap(begin =>
    [" ", "a ", "=", "/", "\n ", "'"].flatMap(fill => ["x", "\rx"].map(end => ({ begin, fill, end }))),
);

test.each(Object.keys(grammars))("a file of %s is read in a moment, whatever somebody has filled it with", name => {
    const slow = shapes.filter(({ begin, fill, end }) => {
        const text = begin + fill.repeat(LENGTH / fill.length) + end,
            start = process.cpuUsage();
        grammars[name]!.read(text);
        const { user, system } = process.cpuUsage(start);
        return (user + system) / 1e6 > 1;
    });
    expect(slow).toEqual([]);
});
