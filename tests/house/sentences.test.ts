import { commentsOfShell, commentsOfTypeScript, longSentences, paragraphsOf } from "./sentences";

const words = (count: number): string => Array.from({ length: count }, () => "word").join(" ");

test.each([
    ["25 words", `${words(25)}.`],
    ["two sentences", `${words(20)}. ${words(20)}.`],
    ["a sentence in brackets", `${words(20)}. (${words(20)}.) ${words(20)}`],
    ["two halves with a semicolon", `${words(20)}; ${words(20)}.`],
    ["a command of many words, which counts as one", `${words(24)} \`up lab --refresh; then destroy\`.`],
    ["dashes, which are no words", `${words(25)} – – –.`],
])("a sentence is short enough: %s", (_, text) => {
    expect(longSentences([text])).toEqual([]);
});

test.each([
    ["26 words", `${words(26)}.`],
    ["over several lines", `${words(13)}\n${words(13)}.`],
    ["a full stop inside a name", `${words(13)} docs/lab.md ${words(12)}.`],
    ["a full stop inside a code span", `${words(13)} \`a. b\` ${words(12)}.`],
    ["a link counts by its text", `[${words(13)}](lab.md) ${words(13)}.`],
])("a sentence is too long: %s", (_, text) => {
    expect(longSentences([text])).toHaveLength(1);
});

test.each([
    ["items of a list", "- one\n- two\n  more", ["- one", "- two\n  more"]],
    ["cells of a table below a heading", "# One\n| two | three |", ["# One", "two", "three"]],
    ["a heading and its text", "# One\ntwo", ["# One", "two"]],
    ["no code block", "one\n\n    two\n\n```\nthree\n```\n", ["one"]],
])("paragraphs of Markdown: %s", (_, markdown, paragraphs) => {
    expect(paragraphsOf(markdown)).toEqual(paragraphs);
});

test.each([
    ["line comments below each other", "// one\n// two\n\nconst a = 1; // three", ["one  two", "three"]],
    [
        "a docstring with a tag",
        "/**\n * one\n * two\n * @param a three\n */\nconst a = 1;",
        ["one  two", "@param a three"],
    ],
    ["an empty line", "/**\n * one\n *\n * two\n */\n", ["one", "two"]],
    ["no text that looks like a comment", 'const a = "// one";', []],
])("comments of TypeScript: %s", (_, text, comments) => {
    expect(commentsOfTypeScript(text)).toEqual(comments);
});

test.each([
    ["lines below each other", "#!/bin/sh\n# one\n# two\necho # three", ["one two", "three"]],
    ["no parameter expansion", "echo ${a#b} $#", []],
])("comments of a shell script: %s", (_, text, comments) => {
    expect(commentsOfShell(text)).toEqual(comments);
});
