/** Every exercise, done twice on a cloud of its own: some ten hours. CLASSROOM_EXERCISES=E1,S4-mysql does these alone. */
module.exports = {
    ...require("./jest.config.js"),
    rootDir: "../..",
    roots: ["<rootDir>/tests/e2e"],
    testPathIgnorePatterns: ["/node_modules/"],
    testMatch: ["**/e2e/exercises.test.ts"],
};
