/** Every exercise, and pairs of them, on a cloud of their own: two hours. */
module.exports = {
    ...require("./jest.config.js"),
    rootDir: "../..",
    roots: ["<rootDir>/tests/e2e"],
    testPathIgnorePatterns: ["/node_modules/"],
    testMatch: ["**/sabotage.test.ts"],
};
