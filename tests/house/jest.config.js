/** The rules of the house: formatting and linting; they run by themselves, for each takes a processor. */
module.exports = {
    ...require("../../jest.config.js"),
    rootDir: "../..",
    roots: ["<rootDir>/tests/house"],
    testPathIgnorePatterns: ["/node_modules/"],
    maxWorkers: 1,
    testTimeout: 600_000,
};
