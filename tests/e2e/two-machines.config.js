/** Two emulated machines: seven minutes, a part of its own, so that its time is shown by itself. */
module.exports = {
    ...require("./jest.config.js"),
    rootDir: "../..",
    roots: ["<rootDir>/tests/e2e"],
    testPathIgnorePatterns: ["/node_modules/"],
    testMatch: ["**/two-machines.test.ts"],
};
