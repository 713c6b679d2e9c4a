/**
 * A DOUBLE of the library @pulumi/pulumi, of which the handlers need none and their resources this much. Loading the real one
 * takes longer than most test files, and a mutation run loads it thousands of times (stryker.conf.json).
 */
class CustomResource {
    constructor(type, name, props, opts) {
        Object.assign(this, { registered: { type, name, props, opts } });
    }
}
module.exports = {
    CustomResource,
    secret: value => ({ secret: value }),
    output: value => ({ apply: change => change(value) }),
    mergeOptions: (...opts) => Object.assign({}, ...opts),
};
