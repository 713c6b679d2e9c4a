import type { Connection } from "../../clients/connection";
import type { CloudAccess } from "../../clients/identity";
import { type Images, images } from "../../clients/image";
import { imageHandler } from "../../providers/glance/image";
import { Replay } from "../clients/replay";

// The handler with the real client, against what Grizzly answered.
const cloud: CloudAccess = {
    via: { name: "host a" } as Connection,
    identityHost: "auth-node",
    adminPort: 35357,
    publicPort: 5000,
    username: "admin",
    password: "admin_pass",
    tenant: "admin",
};
const id = "781dfaf0-16b8-4881-8978-f0ecdc9237ac";
const recordedImage = {
    cloud,
    name: "v2img",
    file: "/none",
    sha256: "0".repeat(64),
    diskFormat: "raw",
    containerFormat: "bare",
    isPublic: true,
    status: "active",
    checksum: "146e7f8a7d1ac4ba729108d49c5a3400",
    size: 1,
};

async function grizzly(cases: string, use: (api: (access: CloudAccess) => Images) => Promise<void>): Promise<void> {
    const replay = new Replay("glance", ...cases.split(" "));
    try {
        await use(as => images(as, replay.http));
    } finally {
        await replay.finished();
    }
}

test("an image that is not in the list is gone; deleting it again is success", () =>
    grizzly("auth-admin v2-delete v2-filter-tenant v2-list-last v2-delete-again", async api => {
        const handler = imageHandler(api);
        await handler.delete(id, recordedImage);
        expect(await handler.read(id, recordedImage)).toBeUndefined();
        await handler.delete(id, recordedImage);
    }));

test("an image without data is not active: it shows, and means another image", () =>
    grizzly("auth-admin v2-filter-tenant v2-list-last", async api => {
        const queued = "d1e4b554-90ec-4167-b4bf-54695a0f9aef",
            handler = imageHandler(api);
        expect(await handler.read(queued, recordedImage)).toMatchObject({
            name: "",
            status: "queued",
            diskFormat: "",
            containerFormat: "",
            sha256: recordedImage.sha256,
        });
        expect(handler.replaceOn).toContain("status");
    }));

test.each([
    ["its size", "v1-data", {}],
    ["another size", "v1-data-cut", { sha256: "(other data, 0 bytes)" }],
    ["nothing", "v1-data-gone v1-head", { status: "without data" }],
])("an image that is active has its data asked for: %s", (_name, cases, found) =>
    grizzly(`auth-admin v2-list-active ${cases}`, async api => {
        expect(await imageHandler(api).read(id, recordedImage)).toEqual({ ...recordedImage, ...found });
    }),
);

test("a change is a PATCH of the type that Grizzly takes", () =>
    grizzly("auth-admin v2-patch-visibility", async api => {
        const { cloud: _cloud, ...rest } = recordedImage;
        expect(
            await imageHandler(api).update(id, recordedImage, {
                cloud,
                ...rest,
                name: undefined as never,
                isPublic: false,
            }),
        ).toEqual({ checksum: recordedImage.checksum, size: 1 });
    }));

test("a protected image stays, with glance's words, which are plain text", () =>
    grizzly("auth-admin v2-delete-protected auth-admin", async api => {
        await expect(imageHandler(api).delete(id, recordedImage)).rejects.toThrow(
            /403 Image .* is protected and cannot be deleted\.$/,
        );
    }));
