import * as fs from "fs";
import * as path from "path";
import {
    accountsTable,
    addressesTable,
    optionsTable,
    packagesTable,
    sayingsTable,
    servicesTable,
    symptomsTable,
} from "./tables";

const page = (name: string): string => fs.readFileSync(path.join(__dirname, "../../../docs", name), "utf8");

test.each([
    ["exercises-reference.md", "services", servicesTable],
    ["exercises-reference.md", "packages", packagesTable],
    ["exercises-reference.md", "options", optionsTable],
    ["exercises-reference.md", "words of diagnose", sayingsTable],
    ["exercises-reference.md", "addresses", addressesTable],
    ["exercises-reference.md", "accounts", accountsTable],
    ["exercises-solved.md", "faults and symptoms", symptomsTable],
])("docs/%s has the table of %s, as the code and the exercises have it", (name, _what, table) => {
    expect(page(name).split("\n")).toEqual(expect.arrayContaining(table().split("\n")));
    expect(page(name)).toContain(table());
});
