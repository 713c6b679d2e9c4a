/** Every node made anew, on a cloud of its own. */
module.exports = {
    ...require("./jest.config.js"),
    rootDir: "../..",
    roots: ["<rootDir>/tests/e2e"],
    testPathIgnorePatterns: ["/node_modules/"],
    testMatch: ["**/rebuild.test.ts"],
};
