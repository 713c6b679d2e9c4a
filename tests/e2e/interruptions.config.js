/** Fifty interruptions of `up` and twenty of `destroy`, on a cloud of their own: an hour. */
module.exports = {
    ...require("./jest.config.js"),
    rootDir: "../..",
    roots: ["<rootDir>/tests/e2e"],
    testPathIgnorePatterns: ["/node_modules/"],
    testMatch: ["**/interruptions.test.ts"],
};
