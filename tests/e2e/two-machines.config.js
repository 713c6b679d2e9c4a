/** Two emulated machines: seven minutes, at times one boot hangs. */
module.exports = { ...require("./jest.config.js"), rootDir: "../..", roots: ["<rootDir>/tests/e2e"], testPathIgnorePatterns: ["/node_modules/"], testMatch: ["**/two-machines.test.ts"] };
