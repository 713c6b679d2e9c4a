import * as fs from "fs";
import * as path from "path";
import { projectDir } from "../../system/paths";
import { run } from "../../system/run";
import { commentsOfShell, commentsOfTypeScript, longSentences, paragraphsOf } from "./sentences";

/** The checkout's files of these names, with their text. */
async function files(...patterns: string[]): Promise<[string, string][]> {
    const { stdout } = await run("git", ["ls-files", "--", ...patterns], { cwd: projectDir() });
    const names = stdout.split("\n").filter(name => name !== "");
    return names.map(name => [name, fs.readFileSync(path.join(projectDir(), name), "utf8")]);
}

const longIn = (texts: [string, string][], paragraphs: (text: string) => string[]): string[] =>
    texts.flatMap(([name, text]) => longSentences(paragraphs(text)).map(sentence => `${name}: ${sentence}`));

test("no sentence of the documents has more than 25 words", async () => {
    expect(longIn(await files("README.md", "CHANGELOG.md", "docs/*.md", "bench/README.md"), paragraphsOf)).toEqual([]);
});

test("no sentence of a comment has more than 25 words", async () => {
    const typeScript = longIn(await files("*.ts", ":!sdks"), commentsOfTypeScript);
    const shell = longIn(await files("*.sh", "classroom"), commentsOfShell);
    expect([...typeScript, ...shell]).toEqual([]);
});
