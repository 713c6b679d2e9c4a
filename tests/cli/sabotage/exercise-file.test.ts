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
    solution: root@api-node:~# service nova-api start
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
            solution: "root@api-node:~# service nova-api start",
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
        [expect.stringMatching(/line 21: way 1, step 1, do: missing; it is one of stop, signal, /) as string],
    ],
    ["a key that is missing", "title: A title\n", "", at(1, "title: missing; it is a text")],
    ["two hints", "  - the third\n", "", at(10, "hints: there are three hints; it has 2")],
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
                /line 21: way 1, step 1, do: "explode" is not one of stop, signal, disable, /,
            ) as string,
        ],
    ],
    [
        "a step without its key",
        "do: stop, service: nova-api",
        "do: stop",
        at(21, "way 1, step 1, service: missing; it is a text"),
    ],
    [
        "a key of another step",
        "service: nova-api",
        "service: nova-api, port: 22",
        at(21, "way 1, step 1, port: there is no such key; allowed are do, node, service"),
    ],
    [
        "a service of another node",
        "service: nova-api }",
        "service: mysql }",
        ["grizzly", "ocata"].map(
            release =>
                expect.stringMatching(
                    new RegExp(
                        `line 21: way 1, step 1, service: "mysql" is not of api-node \\(${release}\\); it has ntp, .*nova-api`,
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
            'way 1, step 1, service: "a; reboot" is not allowed; allowed is the name of a service: small letters, digits and -',
        ),
    ],
    [
        "the way in",
        "do: stop, service: nova-api",
        "do: firewall, direction: in, protocol: tcp, port: 22",
        at(21, "way 1, step 1, port: 22 is not allowed; allowed is any port but 22, which is the way in"),
    ],
    [
        "a file that keeps the machine alive",
        "do: stop, service: nova-api",
        'do: mode, file: /etc/shadow, mode: "0666"',
        [expect.stringMatching(/line 21: way 1, step 1, file: "\/etc\/shadow" is not allowed; allowed is /) as string],
    ],
    [
        "a file by a way back",
        "do: stop, service: nova-api",
        'do: mode, file: /etc/nova/../shadow, mode: "0666"',
        [expect.stringMatching(/way 1, step 1, file: "\/etc\/nova\/\.\.\/shadow" is not allowed/) as string],
    ],
    [
        "traffic with a rate and a delay",
        "do: stop, service: nova-api",
        "do: traffic, network: internal, rate: 64, delay: 5",
        [expect.stringContaining("way 1, step 1, do: a rate goes with neither a delay nor a loss") as string],
    ],
    [
        "traffic that is as it was",
        "do: stop, service: nova-api",
        "do: traffic, network: internal",
        [expect.stringContaining("way 1, step 1, do: traffic wants a delay (milliseconds), a loss") as string],
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
        "a hint too many",
        "  - the third\n",
        "  - the third\n  - more\n",
        at(10, "hints: there are three hints; it has 4"),
    ],
    ["no release", "releases: [grizzly, ocata]", "releases: []", at(14, "releases: one entry or more; it has 0")],
    [
        "a key with a letter less",
        "minutes: 20",
        "minuts: 20",
        [
            "exercises/A1.yaml: line 1: minutes: missing; it is a number",
            "exercises/A1.yaml: line 5: minuts: there is no such key; is minutes meant?",
        ],
    ],
    [
        "two letters that changed places",
        "title: A title",
        "title: A title\nhinst: []",
        at(3, "hinst: there is no such key; is hints meant?"),
    ],
    [
        "a list without entries",
        "    steps:\n      - { do: stop, service: nova-api }\n",
        "    steps:\n",
        at(20, "way 1, steps: no value; write one"),
    ],
    [
        "a symptom without a value, which may be left out",
        "    causes:",
        "    noticed:\n    causes:",
        at(22, "way 1, noticed: no value; write one, or leave the key out"),
    ],
    [
        "a bracket that is not closed",
        "service: nova-api }",
        "service: nova-api",
        at(22, "a } is missing in a line above, at the end of what begins with {"),
    ],
    ...(
        [
            ["a colon", "symptom: nothing works", "symptom: Last night: nothing works", 9],
            ["a character of YAML's own", "symptom: nothing works", "symptom: [0-9]* works", 9],
            ["a sign at its beginning", "symptom: nothing works", "symptom: @home nothing works", 9],
        ] as const
    ).map(([what, from, to, line]): [string, string, string, string[]] => [
        `a text with ${what} in it`,
        from,
        to,
        [expect.stringContaining(`line ${line}: put quotation marks around the whole text; `) as string],
    ]),
    [
        "a text that YAML cuts off",
        "symptom: nothing works",
        "symptom: Ticket #4 and # the rest",
        at(
            9,
            'symptom: the text ends before " #4 and # the rest"; put quotation marks around the whole text, or the remark in a line of its own',
        ),
    ],
    [
        "a line that is none of YAML's",
        "tried: []",
        "tried: []\nand so on",
        [expect.stringContaining("a line that is neither a key with its value nor an entry of a list") as string],
    ],
    [
        "a solution without a prompt",
        "root@api-node:~# service nova-api start",
        "service nova-api start",
        at(23, 'way 1, solution: "service nova-api start" begins with no prompt such as root@api-node:~#'),
    ],
    [
        "a solution on a machine that there is not",
        "root@api-node:~# service nova-api start",
        "root@apinode:~# service nova-api start",
        [
            expect.stringContaining(
                'line 23: way 1, solution: there is no machine "apinode"; there are db-node, ',
            ) as string,
        ],
    ],
    [
        "a solution with a word to fill in",
        "service nova-api start",
        "service nova-api start && ssh <HOST>",
        at(23, "way 1, solution: nobody can type <HOST>; write the word that stands for it"),
    ],
    [
        "a value that the option has",
        "do: stop, service: nova-api",
        "do: set-option, file: /etc/nova/nova.conf, option: auth_strategy, value: keystone",
        at(21, 'way 1, step 1, value: "keystone" is what the program itself sets there, so nothing would change'),
    ],
    [
        "a firewall rule for its own node",
        "do: stop, service: nova-api",
        "do: firewall, direction: in, protocol: tcp, port: 8774, peer: api-node",
        at(21, "way 1, step 1, peer: api-node is the step's own node; name another"),
    ],
    [
        "a route to its own node",
        "do: stop, service: nova-api",
        "do: route, to: api-node",
        at(21, "way 1, step 1, to: api-node is the step's own node; name another"),
    ],
    [
        "a text that /etc/hosts does not have",
        "do: stop, service: nova-api",
        "do: remove-line, file: /etc/hosts, text: storage-node",
        ["grizzly", "ocata"].map(
            release =>
                expect.stringContaining(
                    `way 1, step 1, text: no line of /etc/hosts on api-node (${release}) has "storage-node"; it has 127.0.0.1 localhost, 127.0.1.1 api-node, 10.0.0.3 db-node, `,
                ) as string,
        ),
    ],
    [
        "a text in its own place",
        "do: stop, service: nova-api",
        "do: replace-text, file: /etc/hosts, text: db-node, with: db-node",
        at(21, 'way 1, step 1, with: "db-node" is the text itself, so nothing would change'),
    ],
    [
        "the mode of a folder",
        "do: stop, service: nova-api",
        'do: mode, file: /etc/nova, mode: "0600"',
        at(21, 'way 1, step 1, file: "/etc/nova" is a folder; name a file in it'),
    ],
    [
        "a script that nothing takes back",
        "do: stop, service: nova-api",
        "do: script, file: break.sh",
        at(21, "way 1, step 1, undo: missing; it is a text"),
    ],
    [
        "two ways of one name",
        "ways:\n",
        "ways:\n  - { name: one, node: db-node, steps: [{ do: stop, service: mysql }], causes: [], solution: 'root@db-node:~# service mysql start' }\n",
        at(19, 'way 2, name: "one" is another way\'s name; each has its own'),
    ],
    [
        "a symptom without checks and command",
        "    causes:",
        "    noticed: {}\n    causes:",
        at(22, "way 1, noticed: wants checks that fail, or a command that shows it"),
    ],
    [
        "a check that there is not",
        "    causes:",
        "    noticed: { checks: [T13] }\n    causes:",
        at(22, 'way 1, noticed, check 1: "T13" is not one of T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12'),
    ],
    [
        "a symptom with a key that there is not",
        "    causes:",
        "    noticed: { checks: [T4], seconds: 5 }\n    causes:",
        at(22, "way 1, noticed, seconds: there is no such key; allowed are checks, node, command, says, lacks"),
    ],
    [
        "a symptom's command that does more than look",
        "    causes:",
        "    noticed:\n      command: nova delete x\n    causes:",
        [
            expect.stringMatching(
                /line 23: way 1, noticed, command: "nova delete x" is not allowed; allowed is a command that only looks, one of: nova list; /,
            ) as string,
        ],
    ],
    [
        "a symptom's pattern that is none",
        "    causes:",
        '    noticed: { command: nova list, says: "a(" }\n    causes:',
        at(
            22,
            'way 1, noticed, says: "a(" is not allowed; allowed is a regular expression, such as nova-network .* down',
        ),
    ],
    [
        "a symptom with checks and a command",
        "    causes:",
        "    noticed: { checks: [T4], command: nova list }\n    causes:",
        at(22, "way 1, noticed, command: goes without checks; write one of the two"),
    ],
    [
        "a symptom with two patterns",
        "    causes:",
        "    noticed: { command: nova list, says: abc, lacks: def }\n    causes:",
        at(22, "way 1, noticed, lacks: goes without says; write one of the two"),
    ],
    [
        "a symptom of checks with the keys of a command",
        "    causes:",
        "    noticed: { checks: [T4], node: db-node, says: abc }\n    causes:",
        [
            ...at(22, "way 1, noticed, node: goes with a command"),
            ...at(22, "way 1, noticed, says: goes with a command"),
        ],
    ],
    [
        "a client where there is none",
        "    causes:",
        "    noticed:\n      command: glance image-list\n    causes:",
        at(22, "way 1, noticed, node: glance is asked on image-node; write node: image-node"),
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
        `exercises/A1.yaml: line 21: way 1, step 1, do: ${what} of a container is its host's; write machines: [vm]`,
    ]);
    expect(readExercise("exercises/A1.yaml", text.replace("[container, vm]", "[vm]")).mistakes).toBeUndefined();
});

test("an option with a dot in its name is one", () => {
    const text = sound
        .replace("node: api-node", "node: image-node")
        .replace("do: stop, service: nova-api", "do: remove-option, file: /etc/glance/glance-api.conf, option: a.b");
    expect(readExercise("exercises/A1.yaml", text).mistakes).toEqual(
        ["grizzly", "ocata"].map(
            release =>
                expect.stringContaining(
                    `option: "a.b" is not of /etc/glance/glance-api.conf of image-node (${release})`,
                ) as string,
        ),
    );
});

test("a remark may stand behind a value that is no text for people", () => {
    expect(mistakesIn("minutes: 20", "minutes: 20 # with a break")).toEqual([]);
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
