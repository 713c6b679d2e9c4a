import type { Connection } from "../../../clients/connection";
import { authorizedKeysHandler, keysIn, withKeys } from "../../../providers/guest/authorized-keys";
import { localHost } from "../machine/local-host";

const host = localHost({});
afterAll(() => host.remove());
const connection = { name: "api-node" } as Connection;
const operators = "ssh-ed25519 AAAAop operator of lab";

test("a member's lines are put behind the others, found again, changed and taken away; no other line is touched", () => {
    const one = withKeys(`${operators}\n`, "Ada", ["ssh-rsa AAAA", "ssh-rsa BBBB"]);
    expect(one).toBe(`${operators}\nssh-rsa AAAA classroom member Ada\nssh-rsa BBBB classroom member Ada\n`);
    const two = withKeys(one, "Ada L", ["ssh-rsa CCCC"]);
    expect([keysIn(two, "Ada"), keysIn(two, "Ada L")]).toEqual([["ssh-rsa AAAA", "ssh-rsa BBBB"], ["ssh-rsa CCCC"]]);
    expect(withKeys(withKeys(two, "Ada", []), "Ada L", ["ssh-rsa DDDD"])).toBe(
        `${operators}\nssh-rsa DDDD classroom member Ada L\n`,
    );
});

test("a line with options before the key is not the member's as it was made, and is written anew", () => {
    const spoilt = 'command="sh" ssh-rsa AAAA classroom member Ada\n';
    expect(keysIn(spoilt, "Ada")).toEqual([]);
    expect(withKeys(spoilt, "Ada", ["ssh-rsa AAAA"])).toBe("ssh-rsa AAAA classroom member Ada\n");
});

test("on a machine: made, found, drifted, mended, gone", async () => {
    const handler = authorizedKeysHandler(host.run),
        inputs = { connection, member: "Ada", keys: ["ssh-rsa AAAA"] },
        file = "root/.ssh/authorized_keys";
    host.put(file, `${operators}\n`);
    expect(await handler.read("", inputs)).toBeUndefined();
    expect(await handler.create(inputs)).toEqual({ id: "api-node:Ada", outputs: {} });
    expect(await handler.read("", inputs)).toEqual(inputs);
    host.put(file, `${operators}\nssh-rsa EEEE classroom member Ada\n`);
    expect(await handler.read("", inputs)).toEqual({ ...inputs, keys: ["ssh-rsa EEEE"] });
    await handler.update("", inputs, inputs);
    expect(host.there(file)).toBe(`${operators}\nssh-rsa AAAA classroom member Ada\n`);
    await handler.delete("", inputs);
    await handler.delete("", inputs);
    expect(host.there(file)).toBe(`${operators}\n`);
});
