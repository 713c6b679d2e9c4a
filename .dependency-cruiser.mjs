/** The floors of docs/architecture.md: imports point downwards only, and no file imports itself by a detour. */
const floors = [
    ["cli"],
    ["lab"],
    ["components"],
    ["providers"],
    ["releases"],
    ["clients", "engine"],
    ["config"],
    ["system"],
];

const upwards = floors.slice(1).map((folders, i) => ({
    name: `${folders.join("-and-")}-import-downwards`,
    severity: "error",
    from: { path: `^(${folders.join("|")})/` },
    to: {
        path: `^(index\\.ts$|(bench|tests|${floors
            .slice(0, i + 1)
            .flat()
            .join("|")})/)`,
    },
}));

export default {
    forbidden: [{ name: "no-circle", severity: "error", from: {}, to: { circular: true } }, ...upwards],
    options: {
        doNotFollow: { path: "node_modules" },
        exclude: { path: "^(bin|sdks|node_modules)/" },
        tsPreCompilationDeps: true,
        tsConfig: { fileName: "tsconfig.json" },
    },
};
