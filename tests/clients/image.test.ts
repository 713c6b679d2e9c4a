import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Connection } from "../../clients/connection";
import { Http, HttpError, type HttpRequest, HttpResponse, type Target } from "../../clients/http";
import type { CloudAccess } from "../../clients/identity";
import { type Images, images } from "../../clients/image";
import { volumes } from "../../clients/volume";
import { Replay } from "./replay";
import { Sent } from "./sent";

const admin: CloudAccess = {
    via: { name: "host a" } as Connection,
    identityHost: "auth-node",
    adminPort: 35357,
    publicPort: 5000,
    username: "admin",
    password: "admin_pass",
    tenant: "admin",
};
const outcome = (p: Promise<unknown>) =>
    p.then(
        () => "done",
        e => [e.status, e.reason],
    );
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-image-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));
const file = (text: string): string => {
    const name = path.join(dir, text);
    fs.writeFileSync(name, text);
    return name;
};

async function grizzly(service: string, cases: string, use: (replay: Replay) => Promise<void>): Promise<void> {
    const replay = new Replay(service, ...cases.split(" "));
    try {
        await use(replay);
    } finally {
        await replay.finished();
    }
}

test("images: listed to the last page, made private, deleted", () =>
    grizzly(
        "glance",
        "auth-admin v2-filter-tenant v2-list-last v2-get v2-patch-visibility v2-delete v2-delete-again",
        async ({ http }) => {
            const glance = images(admin, http),
                id = "781dfaf0-16b8-4881-8978-f0ecdc9237ac";
            expect(await glance.list()).toEqual([
                { id: "d1e4b554-90ec-4167-b4bf-54695a0f9aef", name: "", status: "queued", isPublic: false },
            ]);
            expect(await glance.get(id)).toMatchObject({
                status: "saving",
                diskFormat: "raw",
                checksum: "146e7f8a7d1ac4ba729108d49c5a3400",
            });
            expect((await glance.update(id, { isPublic: false })).isPublic).toBe(false);
            await glance.delete(id);
            expect(await outcome(glance.delete(id))).toEqual([404, "The resource could not be found."]);
        },
    ));

test("a protected image is not deleted, and glance says so in plain text", () =>
    grizzly("glance", "auth-admin v2-delete-protected auth-admin", async ({ http }) => {
        const id = "781dfaf0-16b8-4881-8978-f0ecdc9237ac";
        expect(await outcome(images(admin, http).delete(id))).toEqual([
            403,
            `Image ${id} is protected and cannot be deleted.`,
        ]);
    }));

test("an upload is one request with size and checksum", () =>
    grizzly("nova", "auth-admin-admin glance-image", async ({ http }) => {
        expect(
            await images(admin, http).upload({
                name: "cirros",
                diskFormat: "qcow2",
                containerFormat: "bare",
                isPublic: true,
                file: file("img"),
                size: 3,
                checksum: "b798abe6e1b1318ee36b0dcb3fb9e4d3",
            }),
        ).toEqual({
            id: "3dffc24d-0374-4e11-a595-7df7d15027f0",
            name: "cirros",
            status: "active",
            checksum: "b798abe6e1b1318ee36b0dcb3fb9e4d3",
            size: 3,
            diskFormat: "qcow2",
            containerFormat: "bare",
            isPublic: true,
        });
    }));

test("data that arrive otherwise than they were sent are refused", () =>
    grizzly("glance", "auth-admin v1-create-wrong-checksum", async ({ http }) => {
        expect(
            await outcome(
                images(admin, http).upload({
                    name: "cks",
                    diskFormat: "raw",
                    containerFormat: "bare",
                    isPublic: false,
                    file: file("x"),
                    size: 1,
                    checksum: "deadbeef",
                }),
            ),
        ).toEqual([400, expect.stringMatching(/^Supplied checksum \(deadbeef\) and checksum generated/)]);
    }));

const sending = (publicURL: string) => {
    const http = new Sent({ image: publicURL }, { id: "i", images: [], image: { id: "i" } });
    return { http, glance: images(admin, http) };
};
const upload = {
    name: "n",
    diskFormat: "raw",
    containerFormat: "bare",
    isPublic: false,
    file: "/none",
    size: 1,
    checksum: "c",
};

test.each<[string, (glance: Images) => unknown]>([
    ["forgotten", glance => glance.forget()],
    ["an upload", glance => glance.upload(upload)],
    ["a change", glance => glance.update("i", {})],
    ["one deleted", glance => glance.delete("i")],
])("the list is asked for anew: %s", async (_name, write) => {
    const { http, glance } = sending("http://h:9292");
    expect(await http.staleAfter(glance, { images: glance => glance.list() }, write)).toEqual(["images"]);
});

test("an image is public by either API's word for it", async () => {
    for (const said of [{ visibility: "public" }, { is_public: true }])
        expect((await images(admin, new Sent({ image: "http://h" }, { id: "i", ...said })).get("i")).isPublic).toBe(
            true,
        );
});

test("the catalogue's URL may have a version in it: each request has its own", async () => {
    const { http, glance } = sending("http://h:9292/v1"),
        change = { op: "replace", path: "/name", value: "n" };
    await glance.list();
    await glance.get("i");
    await glance.upload(upload);
    await glance.update("i", { name: "n" });
    await glance.update("i", { isPublic: true });
    await glance.delete("i");
    expect(http.sent).toEqual([
        ["GET", "/v2/images?limit=100"],
        ["GET", "/v2/images/i"],
        ["POST", "/v1/images"],
        ["PATCH", "/v2/images/i", [change]],
        ["PATCH", "/v2/images/i", [{ op: "replace", path: "/visibility", value: "public" }]],
        ["DELETE", "/v2/images/i"],
    ]);
});

describe("what the store has of an image", () => {
    const id = "781dfaf0-16b8-4881-8978-f0ecdc9237ac";
    test.each([
        ["its size", "v1-data", { size: 1 }],
        ["less than it was", "v1-data-cut", { size: 0 }],
        ["nothing", "v1-data-gone v1-head", undefined],
    ])("is asked for, for the record does not tell: %s", (_name, cases, found) =>
        grizzly("glance", `auth-admin ${cases}`, async ({ http }) => {
            expect(await images(admin, http).data(id)).toEqual(found);
        }),
    );

    /** Glance's v1 API with these answers, by method. */
    const answering = (answers: Record<string, HttpResponse | number>) => {
        class V1 extends Http {
            override async request(target: Target, request: HttpRequest): Promise<HttpResponse> {
                if (request.path === "/v2.0/tokens")
                    return await new Sent({ image: "http://h" }, {}).request(target, request);
                const found = answers[request.method];
                if (typeof found === "number") throw new HttpError(request.method, request.path, found, "", "h");
                return found!;
            }
        }
        return images(admin, new V1());
    };

    test("a store that tells no size", async () => {
        expect(await answering({ GET: new HttpResponse(200, {}, Buffer.from("x")) }).data(id)).toEqual({});
    });

    test("without the record or the API there is no answer", async () => {
        await expect(answering({ GET: 404, HEAD: 404 }).data(id)).rejects.toMatchObject({ status: 404 });
        await expect(answering({ GET: 500 }).data(id)).rejects.toMatchObject({ status: 500 });
    });
});

test("a cinder-volume that is dead is down, whatever Grizzly's cinder calls it", () =>
    grizzly("cinder", "auth-admin services services-dead-volume", async ({ http }) => {
        const cinder = volumes(admin, http);
        const states = async () => (await cinder.services()).map(s => [s.binary, s.state, s.age]);
        expect(await states()).toEqual([
            ["cinder-scheduler", "up", 9],
            ["cinder-volume", "up", 9],
        ]);
        expect(await states()).toEqual([
            ["cinder-scheduler", "up", 5],
            ["cinder-volume", "down", 7209],
        ]);
    }));

test("volumes of every tenant, and one of them", async () => {
    const volume = { id: "v", display_name: null, status: "available", size: 2 },
        http = new Sent({ volume: "http://h:8776/v1/abc" }, { volumes: [volume], volume }),
        cinder = volumes(admin, http);
    expect(await cinder.list(true)).toEqual([{ id: "v", name: "", status: "available", sizeGb: 2 }]);
    expect(await cinder.list()).toEqual([await cinder.get("v")]);
    expect(http.sent).toEqual([
        ["GET", "/v1/abc/volumes/detail?all_tenants=1"],
        ["GET", "/v1/abc/volumes/detail"],
        ["GET", "/v1/abc/volumes/v"],
    ]);
});

test("volumes", () =>
    grizzly(
        "cinder",
        "auth-admin volume-create-no-type volume-all-tenants volume-get-missing volume-delete volume-delete-twice services",
        async ({ http }) => {
            const cinder = volumes(admin, http),
                made = await cinder.create("v1", 1);
            expect(made).toEqual({ id: made.id, name: "v1", status: "creating", sizeGb: 1 });
            expect((await cinder.list()).map(v => v.status)).toContain("available");
            expect(await outcome(cinder.get("nonesuch"))).toEqual([404, "The resource could not be found."]);
            await cinder.delete(made.id);
            expect(await outcome(cinder.delete(made.id))).toEqual([
                400,
                "Invalid volume: Volume status must be available or error",
            ]);
            expect((await cinder.services()).map(s => s.binary)).toEqual(["cinder-scheduler", "cinder-volume"]);
        },
    ));

test("pools of the scheduler; Grizzly does not know the question", async () => {
    const cinder = volumes(
        admin,
        new Sent({ volume: "http://h:8776/v1/abc" }, { pools: [{ name: "volume-node@lvm#lvm", capabilities: {} }] }),
    );
    expect(await cinder.pools()).toEqual(["volume-node@lvm#lvm"]);
    class Older extends Http {
        override async request(target: Target, request: HttpRequest): Promise<HttpResponse> {
            if (request.path === "/v2.0/tokens")
                return await new Sent({ volume: "http://h:8776/v1/abc" }, {}).request(target, request);
            throw new HttpError(request.method, request.path, 404, "", "h");
        }
    }
    expect(await volumes(admin, new Older()).pools()).toBeUndefined();
});
