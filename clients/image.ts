import * as fs from "fs";
import { Unreachable } from "./connection";
import { type Http, isStatus, shared } from "./http";
import { identifier } from "./identifiers";
import { type CloudAccess, type Session, session } from "./identity";
import { path } from "./path";

export interface Image {
    id: string;
    name: string;
    /** `active` when it can be used; `queued`, `saving`, `killed` otherwise. */
    status: string;
    /** MD5 of its data; absent without data. */
    checksum?: string;
    size?: number;
    diskFormat?: string;
    containerFormat?: string;
    isPublic: boolean;
}

export interface ImageUpload {
    name: string;
    diskFormat: string;
    containerFormat: string;
    isPublic: boolean;
    /** A file on the operator's machine. */
    file: string;
    size: number;
    /** MD5 that glance compares with the received data. */
    checksum: string;
}

const FIRST_PAGE = "/v2/images?limit=100",
    PAGES = 100;
/** @throws Unreachable where it leads elsewhere, in a circle, or nowhere */
function nextPage(next: unknown, asked: ReadonlySet<string>): string | undefined {
    if (next === undefined || next === null) return undefined;
    const shown = JSON.stringify(next).slice(0, 80);
    if (typeof next !== "string" || !/^\/v2\/images\?[!-~]*$/.test(next))
        throw new Unreachable(`the list of images goes on at ${shown}, which is not the image service's`);
    if (asked.has(next)) throw new Unreachable(`the list of images goes on in a circle, at ${shown}`);
    if (asked.size >= PAGES) throw new Unreachable(`the list of images has more than ${PAGES} pages`);
    return next;
}

const UPLOAD_SECONDS = 3600;
const PATCH_TYPE = "application/openstack-images-v2.1-json-patch";

interface WireImage {
    id: string;
    name?: string;
    status: string;
    checksum?: string | null;
    size?: number | null;
    disk_format?: string | null;
    container_format?: string | null;
    visibility?: string;
    is_public?: boolean;
}
const toImage = (i: WireImage): Image => ({
    id: identifier(i.id, "an image's id"),
    name: i.name ?? "",
    status: i.status,
    checksum: i.checksum ?? undefined,
    size: i.size ?? undefined,
    diskFormat: i.disk_format ?? undefined,
    containerFormat: i.container_format ?? undefined,
    isPublic: i.is_public ?? i.visibility === "public",
});

/**
 * Image service: v2 for everything but the data, which goes in one v1 request. There the record and the data are one
 * thing, and glance compares the checksum; a v2 upload that has to be repeated leaves the image in `saving` for good.
 */
export class Images {
    constructor(private readonly session: Session) {}

    /** Those of the tenant and the public ones. */
    list(): Promise<Image[]> {
        return this.session.lists.get("images", async () => {
            const all: Image[] = [],
                asked = new Set<string>();
            for (let path: string | undefined = FIRST_PAGE; path !== undefined;) {
                asked.add(path);
                const answer = await this.session.request("image", { method: "GET", path }, true);
                all.push(...answer.list<WireImage>("images").map(toImage));
                path = nextPage(answer.json<{ next?: unknown }>().next, asked);
            }
            return all;
        });
    }

    /** The next list is asked for: for a look-up before a write. */
    forget(): void {
        this.session.lists.drop(["images"]);
    }

    async get(id: string): Promise<Image> {
        return toImage(
            (await this.session.request("image", { method: "GET", path: path`/v2/images/${id}` }, true)).json(),
        );
    }

    /**
     * The data of an image in the store, which the record does not show. Only the beginning is fetched.
     * @returns undefined where there is the record alone; otherwise the size in bytes, where the store says it
     */
    async data(id: string): Promise<{ size?: number } | undefined> {
        const image = { path: path`/v1/images/${id}` };
        try {
            const { headers } = await this.session.request("image", { ...image, method: "GET", beginning: true }, true);
            const size = headers["content-length"];
            return size === undefined ? {} : { size: Number(size) };
        } catch (e) {
            if (!isStatus(e, 404)) throw e;
            // The same 404 as where there is no such image at all, or no such API.
            await this.session.request("image", { ...image, method: "HEAD" }, true);
            return undefined;
        }
    }

    upload({ name, diskFormat, containerFormat, isPublic, file, size, checksum }: ImageUpload): Promise<Image> {
        return this.session.lists.changing(["images"], async () => {
            const answer = await this.session.request(
                "image",
                {
                    method: "POST",
                    path: "/v1/images",
                    deadlineSeconds: UPLOAD_SECONDS,
                    body: { size, open: () => fs.createReadStream(file) },
                    headers: {
                        "Content-Type": "application/octet-stream",
                        // Glance reads a header as UTF-8, node writes it as Latin-1.
                        "x-image-meta-name": Buffer.from(name).toString("latin1"),
                        "x-image-meta-disk_format": diskFormat,
                        "x-image-meta-container_format": containerFormat,
                        "x-image-meta-is_public": isPublic ? "True" : "False",
                        "x-image-meta-size": String(size),
                        "x-image-meta-checksum": checksum,
                    },
                },
                true,
            );
            return toImage(answer.json<{ image: WireImage }>().image);
        });
    }

    update(id: string, { name, isPublic }: { name?: string; isPublic?: boolean }): Promise<Image> {
        const json = [
            ...(name === undefined ? [] : [{ op: "replace", path: "/name", value: name }]),
            ...(isPublic === undefined
                ? []
                : [{ op: "replace", path: "/visibility", value: isPublic ? "public" : "private" }]),
        ];
        return this.session.lists.changing(["images"], async () =>
            toImage(
                (
                    await this.session.request(
                        "image",
                        {
                            method: "PATCH",
                            path: path`/v2/images/${id}`,
                            json,
                            headers: { "Content-Type": PATCH_TYPE },
                        },
                        true,
                    )
                ).json(),
            ),
        );
    }

    async delete(id: string): Promise<void> {
        await this.session.lists.changing(["images"], () =>
            this.session.request("image", { method: "DELETE", path: path`/v2/images/${id}` }, true),
        );
    }
}

export const images = (access: CloudAccess, http: Http = shared): Images => new Images(session(access, http));
