import tseslint from "typescript-eslint";

/** The most words that a sentence of the documents and comments may have. */
const LIMIT = 25;

/** The sentences of more than 25 words. A sentence ends with . ; : ? or ! before a blank. A code span counts as one word. */
export function longSentences(paragraphs: string[]): string[] {
    return paragraphs
        .flatMap(paragraph => plain(paragraph).split(/(?<=[.;:?!…]["')*_]*)\s+/))
        .filter(sentence => sentence.split(/\s+/).filter(word => /[\p{L}\p{N}]/u.test(word)).length > LIMIT);
}

/** A paragraph without Markdown: a code span is one word, a link is its text. */
const plain = (paragraph: string): string =>
    paragraph
        .replace(/`[^`]+`/g, code => code.replace(/\s+/g, "\u00b7").replace(/[.;:?!…]+/g, "\u00b7"))
        .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
        .replace(/\s+/g, " ")
        .trim();

/** The paragraphs, list items, headings and table cells of a Markdown text; code blocks are left out. */
export function paragraphsOf(markdown: string): string[] {
    const prose = markdown.replace(/^```[\s\S]*?^```/gm, "").replace(/^\|.*$/gm, cellsApart);
    return prose
        .split(/\n(?:\s*\n)+/)
        .flatMap(itemsOf)
        .map(paragraph => paragraph.trim())
        .filter(paragraph => paragraph !== "");
}

/** A row of a table with each cell as a paragraph. */
const cellsApart = (row: string): string => row.split(/(?<!\\)\|/).join("\n\n");

/** A block's list items and headings one by one; an indented block is code unless it goes on with a list item. */
const itemsOf = (block: string): string[] =>
    /^ {4}/.test(block) ? [] : block.split(/\n(?=\s*(?:[-*>]|\d+\.|#+) )|(?<=^#+ .*)\n/m);

/** A line of a comment: its number, its text, and whether a paragraph begins with it. */
interface CommentLine {
    line: number;
    text: string;
    begins: boolean;
}

/** A comment as the linter's parser tells it. */
interface ParsedComment {
    type: "Block" | "Line";
    value: string;
    loc: { start: { line: number; column: number } };
}

/** The paragraphs of a TypeScript file's comments. Line comments below each other are one paragraph, and each tag of JSDoc is one. */
export function commentsOfTypeScript(text: string): string[] {
    const { ast } = tseslint.parser.parseForESLint(text);
    return joined((ast as { comments: ParsedComment[] }).comments.flatMap(linesOf));
}

const linesOf = ({ type, value, loc }: ParsedComment): CommentLine[] =>
    value.split("\n").map((line, at) => ({
        line: loc.start.line + at,
        text: line.replace(/^\s*\*+(?=\s|$)/, ""),
        begins: at === 0 && type === "Block",
    }));

/** The same of a shell script: whatever follows a # at the beginning of a line or behind a blank. */
export function commentsOfShell(text: string): string[] {
    const lines = text.split("\n").flatMap((whole, line): CommentLine[] => {
        const [, before, comment] = /^(|.*?\s)#\s(.*)$/.exec(whole) ?? [];
        return comment === undefined ? [] : [{ line, text: comment, begins: before.trim() !== "" }];
    });
    return joined(lines);
}

/** Lines that follow each other as one paragraph, up to an empty line, a tag or a list item. */
function joined(lines: CommentLine[]): string[] {
    const paragraphs: string[] = [];
    let last = -1;
    for (const { line, text, begins } of lines) {
        if (line !== last + 1 || begins || /^\s*(?:$|@|[-*] )/.test(text)) {
            paragraphs.push("");
        }
        paragraphs.push(`${paragraphs.pop() ?? ""} ${text}`);
        last = line;
    }
    return paragraphs.map(paragraph => paragraph.trim()).filter(paragraph => paragraph !== "");
}
