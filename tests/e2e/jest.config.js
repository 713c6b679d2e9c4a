/** End-to-end tests: they make labs, so they need root and run one after another. */
module.exports = {
    ...require("../../jest.config.js"),
    rootDir: "../..",
    roots: ["<rootDir>/tests/e2e"],
    testPathIgnorePatterns: [
        "/node_modules/",
        "/(secrets|sabotage|exercises|rebuild|restore|interruptions|two-machines).test.ts$",
    ],
    maxWorkers: 1,
    // Each test's seconds: a part that takes longer than before shows where.
    verbose: true,
    testTimeout: 600000,
};
