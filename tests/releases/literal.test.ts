import { AddressPlan } from "../../config/address-plan";
import { tutorialCredentials } from "../../config/credentials";
import { ocata } from "../../releases/ocata";
import { databaseUrl, keystoneFiles } from "../../releases/tutorial";

test("a dollar sign is doubled where oslo.config reads it, and nowhere else", () => {
    const credentials = Object.fromEntries(
        Object.keys(tutorialCredentials).map(name => [name, "a$b"]),
    ) as unknown as typeof tutorialCredentials;
    const cloud = { plan: new AddressPlan(0), credentials, libvirtType: "qemu", queueUser: "guest" } as const;
    expect(keystoneFiles(cloud)[0]!.secretOptions).toEqual({
        DEFAULT: { admin_token: "a$$b" },
        sql: { connection: databaseUrl(cloud, "keystone") },
    });
    expect(databaseUrl(cloud, "keystone")).toBe("mysql://keystoneUser:a%24b@10.0.0.3/keystone");
    const [paste, conf] = ocata.novaApi.config(cloud, "api-node");
    expect(paste!.secretOptions).toEqual({ "filter:authtoken": { admin_password: "a$b" } });
    expect(conf!.secretOptions).toMatchObject({
        DEFAULT: { rabbit_password: "a$$b" },
        placement: { password: "a$$b" },
    });
});
