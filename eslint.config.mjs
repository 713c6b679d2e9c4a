// @ts-check
import tseslint from "typescript-eslint";

/** Files with functions that are still too long or too dense. The list only shrinks. */
const notSplitYet = [
    "bench/cloud.ts",
    "bench/identity.ts",
    "bench/stand-in.ts",
    "cli/check/checks.ts",
    "cli/completion.ts",
    "cli/hosts/host-networks.ts",
    "cli/hosts/hosts-check.ts",
    "cli/hosts/libvirt-objects.ts",
    "cli/hosts/preflight.ts",
    "cli/hosts/teams.ts",
    "cli/main.ts",
    "cli/operate/engine-run.ts",
    "cli/operate/events.ts",
    "cli/sabotage/exercise-file.ts",
    "cli/sabotage/sabotage.ts",
    "cli/sabotage/trusted.ts",
    "config/address-plan.ts",
    "config/settings.ts",
    "engine/stack-file.ts",
    "engine/stack-schema.ts",
];

/** Rules that need types, over everything that is compiled. Formatting is Prettier's. */
export default tseslint.config(
    { ignores: ["bin/", "node_modules/", "sdks/", "reports/", ".stryker-tmp/", "tests/data/"] },
    {
        files: ["**/*.ts"],
        extends: [tseslint.configs.base],
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        linterOptions: { reportUnusedDisableDirectives: "error" },
        rules: {
            "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
            "@typescript-eslint/no-floating-promises": "error",
            "@typescript-eslint/no-misused-promises": "error",
            "@typescript-eslint/await-thenable": "error",
            "@typescript-eslint/no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
            ],
            "@typescript-eslint/only-throw-error": "error",
            "@typescript-eslint/switch-exhaustiveness-check": "error",
            "no-duplicate-imports": "error",
            "prefer-const": "error",
            "no-var": "error",
            eqeqeq: "error",
        },
    },
    {
        files: ["*.ts", "{cli,lab,components,providers,releases,engine,clients,config,system,bench}/**/*.ts"],
        rules: {
            "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
            complexity: ["error", 10],
        },
    },
    { files: notSplitYet, rules: { "max-lines-per-function": "off", complexity: "off" } },
);
