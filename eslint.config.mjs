// @ts-check
import tseslint from "typescript-eslint";

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
);
