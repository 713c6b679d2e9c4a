/** Unit, component and contract tests; the end-to-end tests (tests/e2e) are run by `./classroom test` on a lab. */
const [major, minor] = process.versions.node.split(".").map(Number);
/** `./classroom test` runs them under a Node.js that has node:sqlite; a jest of one's own may not. */
const tooOld = major * 1000 + minor < 22013;
/** Tests of the entry script, which would get another Node.js, and of what is kept in node:sqlite. */
const needRecentNode = ["cli/entry", "cli/exercise/", "cli/board/", "engine/class-store"];
if (tooOld)
    console.warn(`Node.js ${process.version} is older than 22.13: tests of ${needRecentNode.join(", ")} are left out`);

module.exports = {
    testEnvironment: "node",
    roots: ["<rootDir>/tests"],
    testPathIgnorePatterns: [
        "/node_modules/",
        "<rootDir>/tests/e2e/",
        "<rootDir>/tests/house/",
        ...(tooOld ? needRecentNode.map(name => `<rootDir>/tests/${name}`) : []),
    ],
    // Jest would leave one of two cores idle; parts with labs set one worker themselves.
    maxWorkers: "100%",
    // A run of the whole program takes a second alone, ten on a machine that is busy.
    testTimeout: 60_000,
    setupFilesAfterEnv: ["<rootDir>/tests/no-promise-traces.js"],
    modulePathIgnorePatterns: ["<rootDir>/bin/"],
    transform: {
        "^.+\\.ts$": [
            "@swc/jest",
            { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
        ],
    },
};
