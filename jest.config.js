/** Unit, component and contract tests; the end-to-end tests (tests/e2e) are run by `./classroom test` on a lab. */
module.exports = {
    testEnvironment: "node",
    roots: ["<rootDir>/tests"],
    testPathIgnorePatterns: ["/node_modules/", "<rootDir>/tests/e2e/", "<rootDir>/tests/house/"],
    // Jest would leave one of two cores idle; parts with labs set one worker themselves.
    maxWorkers: "100%",
    // A run of the whole program takes a second alone, ten on a machine that is busy.
    testTimeout: 60_000,
    setupFilesAfterEnv: ["<rootDir>/tests/short-stacks.js"],
    modulePathIgnorePatterns: ["<rootDir>/bin/"],
    transform: {
        "^.+\\.ts$": [
            "@swc/jest",
            { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
        ],
    },
};
