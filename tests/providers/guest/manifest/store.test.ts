import { newKey, seal, unseal } from "../../../../providers/guest/manifest/store";

const key = newKey(),
    plain = Buffer.from("password = secret");

test("what is kept is encrypted, and comes back with its key", () => {
    const sealed = seal(key, "db-node/manifest", plain);
    expect(sealed.includes("secret")).toBe(false);
    expect(unseal(key, "db-node/manifest", sealed)).toEqual(plain);
});

test.each<[string, (sealed: Buffer) => [string, string, Buffer]]>([
    ["another key", sealed => [newKey(), "a", sealed]],
    ["another node's", sealed => [key, "b", sealed]],
    ["a changed byte", sealed => [key, "a", Buffer.from(sealed.map((b, i) => (i === 40 ? b ^ 1 : b)))]],
    ["half of it", sealed => [key, "a", sealed.subarray(0, 30)]],
])("%s opens nothing", (_what, spoiled) => expect(() => unseal(...spoiled(seal(key, "a", plain)))).toThrow());
