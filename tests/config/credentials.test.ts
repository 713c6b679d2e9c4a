import { databasePassword, pastePasswords, serviceNames, servicePassword } from "../../config/credentials";

test("a service with a database is one that has a password for it", () => {
    expect(serviceNames).toEqual(["keystone", "glance", "cinder", "nova"]);
});

test("the passwords of a service are named after it", () => {
    expect([databasePassword("glance"), servicePassword("placement")]).toEqual(["glanceDatabase", "placementUser"]);
});

test("placement has no paste file", () => {
    expect(pastePasswords).toEqual(["glanceUser", "cinderUser", "novaUser"]);
});
