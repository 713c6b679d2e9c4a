import * as fs from "fs";
import * as path from "path";
import { EXERCISE_SCHEMA_FILE, exerciseSchemaText } from "../../../cli/sabotage/exercise";
import { projectDir } from "../../../system/paths";

test("the schema for editors is the one that exercises are checked by: npm run schema writes it", () => {
    expect(fs.readFileSync(path.join(projectDir(), EXERCISE_SCHEMA_FILE), "utf8")).toBe(exerciseSchemaText());
});
