/** A DOUBLE of @pulumi/pulumi/runtime for a mutation run (see pulumi.js): what providers/host.ts takes of it. */
module.exports = { unknownValue: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" };
