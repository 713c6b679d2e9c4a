/** Restore points on a cloud of their own: half an hour. */
module.exports = {
    ...require("./jest.config.js"),
    rootDir: "../..",
    roots: ["<rootDir>/tests/e2e"],
    testPathIgnorePatterns: ["/node_modules/"],
    testMatch: ["**/restore.test.ts"],
};
