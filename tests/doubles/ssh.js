/**
 * A DOUBLE of clients/ssh.ts for clients/http.ts, which makes its connections by it unless a test says how: in a mutation run
 * (stryker.conf.json) every test does, and loading the library ssh2 takes as long as all of the rest.
 */
module.exports = { forward: () => Promise.reject(new Error("a test makes its connections itself")) };
