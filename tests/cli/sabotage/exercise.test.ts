import * as fs from "fs";
import * as path from "path";
import { jsonSchema } from "../../../cli/sabotage/exercise";

test("the schema for editors is the one that exercises are checked by", () => {
    const file = path.join(__dirname, "../../../exercises/schema.json");
    expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
});
