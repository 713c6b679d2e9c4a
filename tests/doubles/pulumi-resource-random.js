/**
 * A DOUBLE, for tests on machines that cannot have the real plugin of @pulumi/random: a program that the engine starts
 * in its place. It knows RandomPassword alone, of that `length`, `special` and `keepers`, and of these only as much as the
 * program uses; docs/secrets.md says what the real one does beside it. Nobody's passwords are to be made with it.
 */
const { randomInt } = require("crypto");
const { main } = require("@pulumi/pulumi/provider");

const TYPE = "random:index/randomPassword:RandomPassword",
    LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const asText = value => JSON.stringify(value ?? null);

const double = {
    version: require("@pulumi/random/package.json").version,

    async check(urn, _olds, news) {
        const type = urn.split("::")[2].split("$").pop();
        if (type === "pulumi:providers:random") return { inputs: news };
        const wrong =
            type !== TYPE
                ? `the double knows ${TYPE} alone`
                : news.special !== false
                  ? "the double makes letters and digits alone: special has to be false"
                  : undefined;
        return { inputs: news, failures: wrong ? [{ property: "special", reason: wrong }] : [] };
    },

    async diff(_id, _urn, olds, news) {
        const replaces = ["length", "special", "keepers"].filter(key => asText(olds[key]) !== asText(news[key]));
        return { changes: replaces.length > 0, replaces };
    },

    async create(_urn, inputs) {
        return {
            id: "none",
            outs: {
                ...inputs,
                result: Array.from({ length: inputs.length }, () => LETTERS[randomInt(LETTERS.length)]).join(""),
            },
        };
    },

    async read(id, _urn, props) {
        return { id, props };
    },
    async delete() {},
};

main(double, process.argv.slice(2));
