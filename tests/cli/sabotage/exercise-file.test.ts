import * as fs from "fs";
import * as path from "path";
import { readExercise } from "../../../cli/sabotage/exercise-file";

const sound = `id: A1
title: A title
kind: network
difficulty: mean
minutes: 20
story: >-
  Somebody said
  something.
symptom: nothing works
hints:
  - the first
  - the second
  - the third
releases: [grizzly, ocata]
machines: [vm]
tried: []
ways:
  - name: one
    node: api-node
    steps:
      - { do: stop, service: nova-api }
    causes: [nova-api on api-node is stopped]
    solution: service nova-api start
`;
const mistakesIn = (from: string, to: string): string[] => {
    expect(sound).toContain(from);
    return readExercise("exercises/A1.yaml", sound.replace(from, to)).mistakes ?? [];
};

test("a sound file is an exercise, its folded text one line", () => {
    const { exercise } = readExercise("A1.yaml", sound) as { exercise: { story: string; ways: object[] } };
    expect(exercise.story).toBe("Somebody said something.");
    expect(exercise.ways).toEqual([
        {
            name: "one",
            node: "api-node",
            steps: [{ do: "stop", service: "nova-api" }],
            causes: ["nova-api on api-node is stopped"],
            solution: "service nova-api start",
        },
    ]);
});

const at = (line: number, rest: string): string[] => [`exercises/A1.yaml: line ${line}: ${rest}`];
test.each<[string, string, string, string[]]>([
    [
        "a kind that there is not",
        "kind: network",
        "kind: net",
        at(3, 'kind: "net" is not one of identity, images, instances, network, volumes, database, messages, machine'),
    ],
    [
        "a key that there is not",
        "minutes: 20",
        "minutes: 20\nhours: 1",
        at(
            6,
            "hours: there is no such key; allowed are id, title, kind, difficulty, minutes, story, symptom, hints, releases, machines, tried, ways",
        ),
    ],
    [
        "a choice that is missing",
        "difficulty: mean\n",
        "",
        at(1, "difficulty: missing; it is one of beginner, intermediate, advanced, mean"),
    ],
    [
        "a step without a word",
        "do: stop, service",
        "service",
        [expect.stringMatching(/line 21: ways\.0\.steps\.0\.do: missing; it is one of stop, signal, /) as string],
    ],
    ["a key that is missing", "title: A title\n", "", at(1, "title: missing; it is a text")],
    [
        "two hints",
        "  - the third\n",
        "",
        at(10, 'hints: ["the first","the second"] is not allowed; allowed is 3 entries or more'),
    ],
    ["too long a time", "minutes: 20", "minutes: 999", at(5, "minutes: 999 is not allowed; allowed is 240 at most")],
    [
        "a time that is no number",
        "minutes: 20",
        "minutes: soon",
        at(5, 'minutes: "soon" is not allowed; allowed is a number'),
    ],
    [
        "a step that there is not",
        "do: stop",
        "do: explode",
        [
            expect.stringMatching(
                /line 21: ways\.0\.steps\.0\.do: "explode" is not one of stop, signal, disable, /,
            ) as string,
        ],
    ],
    [
        "a step without its key",
        "do: stop, service: nova-api",
        "do: stop",
        at(21, "ways.0.steps.0.service: missing; it is a text"),
    ],
    [
        "a key of another step",
        "service: nova-api",
        "service: nova-api, port: 22",
        at(21, "ways.0.steps.0.port: there is no such key; allowed are do, node, service"),
    ],
    [
        "a service of another node",
        "service: nova-api }",
        "service: mysql }",
        ["grizzly", "ocata"].map(
            release =>
                expect.stringMatching(
                    new RegExp(
                        `line 21: ways\\.0\\.steps\\.0\\.service: "mysql" is not of api-node \\(${release}\\); it has ntp, .*nova-api`,
                    ),
                ) as string,
        ),
    ],
    [
        "a name with shell in it",
        "service: nova-api",
        'service: "a; reboot"',
        at(
            21,
            'ways.0.steps.0.service: "a; reboot" is not allowed; allowed is the name of a service: small letters, digits and -',
        ),
    ],
    [
        "the way in",
        "do: stop, service: nova-api",
        "do: firewall, direction: in, protocol: tcp, port: 22",
        at(21, "ways.0.steps.0.port: 22 is not allowed; allowed is any port but 22, which is the way in"),
    ],
    [
        "a file that keeps the machine alive",
        "do: stop, service: nova-api",
        'do: mode, file: /etc/shadow, mode: "0666"',
        [
            expect.stringMatching(
                /line 21: ways\.0\.steps\.0\.file: "\/etc\/shadow" is not allowed; allowed is /,
            ) as string,
        ],
    ],
    [
        "a file by a way back",
        "do: stop, service: nova-api",
        'do: mode, file: /etc/nova/../shadow, mode: "0666"',
        [expect.stringMatching(/ways\.0\.steps\.0\.file: "\/etc\/nova\/\.\.\/shadow" is not allowed/) as string],
    ],
    [
        "traffic with a rate and a delay",
        "do: stop, service: nova-api",
        "do: traffic, network: internal, rate: 64, delay: 5",
        [expect.stringContaining("ways.0.steps.0.do: a rate goes with neither a delay nor a loss") as string],
    ],
    [
        "traffic that is as it was",
        "do: stop, service: nova-api",
        "do: traffic, network: internal",
        [expect.stringContaining("ways.0.steps.0.do: traffic wants a delay (milliseconds), a loss") as string],
    ],
    [
        "an option that the program does not write",
        "do: stop, service: nova-api",
        "do: remove-option, file: /etc/nova/nova.conf, option: color",
        ["grizzly", "ocata"].map(
            release =>
                expect.stringMatching(
                    new RegExp(
                        `option: "color" is not of /etc/nova/nova.conf of api-node \\(${release}\\), as the program`,
                    ),
                ) as string,
        ),
    ],
    [
        "a number where a text belongs",
        "symptom: nothing works",
        "symptom: 5",
        at(9, 'symptom: 5 is not a text as it stands; write "5"'),
    ],
    [
        "a word that readers differ in",
        "title: A title",
        "title: yes",
        at(2, 'title: yes is true to some readers and a word to others; write true, or "yes" where the word is meant'),
    ],
    ["a key twice", "minutes: 20", "minutes: 20\nminutes: 30", at(6, "minutes: set twice; leave one of them out")],
    ["an alias", "tried: []", "tried: *a", [expect.stringContaining("line 16") as string]],
    ["no YAML", "tried: []", "tried: []]", [expect.stringMatching(/line \d+: no YAML: /) as string]],
    [
        "two ways of one name",
        "ways:\n",
        "ways:\n  - { name: one, node: db-node, steps: [{ do: stop, service: mysql }], causes: [], solution: start it }\n",
        at(19, 'ways.1.name: "one" is another way\'s name; each has its own'),
    ],
    [
        "a symptom without checks and command",
        "    causes:",
        "    noticed: {}\n    causes:",
        at(22, "ways.0.noticed: wants checks that fail, or a command that shows it"),
    ],
    [
        "a check that there is not",
        "    causes:",
        "    noticed: { checks: [T13] }\n    causes:",
        at(22, 'ways.0.noticed.checks.0: "T13" is not one of T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12'),
    ],
    [
        "a symptom with a key that there is not",
        "    causes:",
        "    noticed: { checks: [T4], seconds: 5 }\n    causes:",
        at(22, "ways.0.noticed.seconds: there is no such key; allowed are checks, node, command, says, lacks"),
    ],
    [
        "a symptom's command that does more than look",
        "    causes:",
        "    noticed:\n      command: nova delete x\n    causes:",
        [
            expect.stringMatching(
                /line 23: ways\.0\.noticed\.command: "nova delete x" is not allowed; allowed is a command that only looks, one of: nova list; /,
            ) as string,
        ],
    ],
    [
        "a symptom's pattern that is none",
        "    causes:",
        '    noticed: { command: nova list, says: "a(" }\n    causes:',
        at(
            22,
            'ways.0.noticed.says: "a(" is not allowed; allowed is a regular expression, such as nova-network .* down',
        ),
    ],
    [
        "a symptom with checks and a command",
        "    causes:",
        "    noticed: { checks: [T4], command: nova list }\n    causes:",
        at(22, "ways.0.noticed.command: goes without checks; write one of the two"),
    ],
    [
        "a symptom with two patterns",
        "    causes:",
        "    noticed: { command: nova list, says: abc, lacks: def }\n    causes:",
        at(22, "ways.0.noticed.lacks: goes without says; write one of the two"),
    ],
    [
        "a symptom of checks with the keys of a command",
        "    causes:",
        "    noticed: { checks: [T4], node: db-node, says: abc }\n    causes:",
        [...at(22, "ways.0.noticed.node: goes with a command"), ...at(22, "ways.0.noticed.says: goes with a command")],
    ],
    [
        "a client where there is none",
        "    causes:",
        "    noticed:\n      command: glance image-list\n    causes:",
        at(22, "ways.0.noticed.node: glance is asked on image-node; write node: image-node"),
    ],
])("%s is named with file, line, key and what is allowed", (_what, from, to, expected) => {
    expect(mistakesIn(from, to)).toEqual(expected);
});

test.each([
    ["do: clock, seconds: 7200", "the clock"],
    ["do: fill, folder: /var/log", "the disk"],
    ["do: suspend", "a pause"],
])("of a container, { %s } is refused: %s is its host's", (step, what) => {
    const text = sound
        .replace("do: stop, service: nova-api", step)
        .replace("machines: [vm]", "machines: [container, vm]");
    expect(readExercise("exercises/A1.yaml", text).mistakes).toEqual([
        `exercises/A1.yaml: line 21: ways.0.steps.0.do: ${what} of a container is its host's; write machines: [vm]`,
    ]);
    expect(readExercise("exercises/A1.yaml", text.replace("[container, vm]", "[vm]")).mistakes).toBeUndefined();
});

test("an empty file is said to lack everything", () => {
    expect(readExercise("exercises/A1.yaml", "").mistakes).toEqual([
        "exercises/A1.yaml: line 1: missing; it is a map of keys and values",
    ]);
});

test("no file of the checkout has a tab or a control character in it", () => {
    const folder = path.join(__dirname, "../../../exercises");
    for (const file of fs.readdirSync(folder))
        expect({ file, text: fs.readFileSync(path.join(folder, file), "utf8") }).toEqual({
            file,
            text: expect.not.stringMatching(/[\u0000-\u0009\u000b-\u001f]/),
        });
});
