import fs from "node:fs";

/** The floors of docs/architecture.md, the uppermost first; a folder without a line of its own belongs to the one above it. */
const picture = /^```floors\n([^`]*)^```/m.exec(
    fs.readFileSync(new URL("docs/architecture.md", import.meta.url), "utf8"),
)[1];
const floors = picture
    .trim()
    .split("\n")
    .map(line => line.trim().split(/\s+/));
const all = floors.flat();

/** Files of a folder that are in none of the other folders of the picture. */
const filesOf = folder => {
    const others = all.filter(other => other.startsWith(`${folder}/`)).map(other => other.slice(folder.length + 1));
    return `^${folder}/${others.length > 0 ? `(?!(${others.join("|")})/)` : ""}`;
};

/** What a folder must not import: what is above it, and its neighbours. */
const rules = floors.flatMap((floor, i) =>
    floor.map(folder => ({
        name: `${folder} imports downwards`,
        severity: "error",
        from: { path: filesOf(folder) },
        to: {
            path: [
                "^(index\\.ts$|bench/|tests/)",
                ...floors.slice(0, i).flat().map(filesOf),
                ...floor.filter(other => other !== folder).map(filesOf),
            ],
        },
    })),
);

export default {
    forbidden: [{ name: "no circle", severity: "error", from: {}, to: { circular: true } }, ...rules],
    options: {
        doNotFollow: { path: "node_modules" },
        exclude: { path: "^(bin|sdks|node_modules)/" },
        tsPreCompilationDeps: true,
        tsConfig: { fileName: "tsconfig.json" },
    },
};
