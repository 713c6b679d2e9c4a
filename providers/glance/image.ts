import { createHash } from "crypto";
import * as fs from "fs";
import { pipeline } from "stream/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { asked, unlessGone } from "../../clients/http";
import { type Image as Found, type Images, images } from "../../clients/image";
import type { CloudAccess } from "../../clients/identity";
import { exec, type RunScript } from "../../clients/ssh";
import { inHome } from "../../system/paths";
import { type Handler, LiveResource, madeAgain, type Problem } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, foundAgain, refuseDifferent } from "../keystone/adopt";
import { foundWrong, MOST_BYTES, putBack, whole } from "./stored-data";

interface Inputs {
    cloud: CloudAccess;
    name: string;
    file: string;
    sha256: string;
    diskFormat: string;
    containerFormat: string;
    isPublic: boolean;
    status: string;
    store?: Connection;
    /** What is wrong with the bytes in the store; always `whole` in the program. */
    data?: string;
}
interface Outputs {
    checksum: string;
    size: number;
}
type Api = Pick<Images, "list" | "data" | "upload" | "update" | "delete" | "forget">;
type Connect = (access: CloudAccess) => Api;

const DISK_FORMATS = ["raw", "vhd", "vmdk", "vdi", "iso", "qcow2", "aki", "ari", "ami"];
const CONTAINER_FORMATS = ["bare", "ovf", "aki", "ari", "ami"];

/** Marks in files of these formats, with their places; the other formats have none. */
const SIGNATURES: Record<string, { at: number; bytes: Buffer }> = {
    qcow2: { at: 0, bytes: Buffer.from("QFI\xfb", "latin1") },
    vmdk: { at: 0, bytes: Buffer.from("KDMV") },
    vdi: { at: 64, bytes: Buffer.from("7f10dabe", "hex") },
};

function formatProblem(head: Buffer, stated: string): string | undefined {
    const found = Object.keys(SIGNATURES).find(format => {
        const { at, bytes } = SIGNATURES[format]!;
        return head.subarray(at, at + bytes.length).equals(bytes);
    });
    return found === stated || (found === undefined && !(stated in SIGNATURES))
        ? undefined
        : `is not of the format ${stated}${found === undefined ? "" : `, but of ${found}`}`;
}

/**
 * Size and checksums of a file of the operator's; refused when it is not the one that was asked for, or not of the
 * format that is stated.
 */
export async function measure(file: string, sha256: string, diskFormat: string): Promise<Outputs> {
    const [md5, sha] = [createHash("md5"), createHash("sha256")];
    let size = 0,
        head = Buffer.alloc(0);
    try {
        await pipeline(fs.createReadStream(inHome(file)), async chunks => {
            for await (const chunk of chunks as AsyncIterable<Buffer>) {
                if (size < 128) head = Buffer.concat([head, chunk.subarray(0, 128)]);
                size += chunk.length;
                md5.update(chunk);
                sha.update(chunk);
            }
        });
    } catch (e) {
        throw new Error(`the image file cannot be read: ${(e as Error).message}`);
    }
    const found = sha.digest("hex");
    if (found !== sha256.toLowerCase())
        throw new Error(
            `${file} has the SHA-256 ${found}, wanted: ${sha256}; it is not used. Get the file again, or correct sha256`,
        );
    const problem = formatProblem(head, diskFormat);
    if (problem !== undefined) throw new Error(`${file} ${problem}; it is not used`);
    return { checksum: md5.digest("hex"), size };
}

const oneOf = (property: string, value: string | undefined, allowed: readonly string[]): Problem[] =>
    value === undefined || allowed.includes(value)
        ? []
        : [{ property, reason: `"${value}" is none of ${allowed.join(", ")}` }];

const isEqual = <T extends object>(wanted: T, found: { [K in keyof T]?: unknown }): boolean =>
    (Object.keys(wanted) as (keyof T)[]).every(k => wanted[k] === found[k]);

/** Whether an image can be started from: neither its state nor its checksum says that the store has lost its data. */
async function dataOf(
    glance: Api,
    { id, status, checksum }: Found,
    recorded: Outputs,
): Promise<{ status: string; other?: string }> {
    const other = checksum === undefined || checksum === recorded.checksum ? undefined : `md5 ${checksum}`;
    if (status !== "active" || other !== undefined) return { status, other };
    const data = await asked(glance.data(id));
    if (!data) return { status: "without data" };
    const { size = recorded.size } = data;
    return { status, ...(size !== recorded.size && { other: `${size} bytes` }) };
}

function check({ name, sha256, diskFormat, containerFormat }: Partial<Inputs>): Problem[] {
    return [
        ...nameProblems("name", "an image", name),
        ...(sha256 === undefined || /^[0-9a-f]{64}$/i.test(sha256)
            ? []
            : [{ property: "sha256", reason: `"${sha256}" is not a SHA-256: 64 hexadecimal digits` }]),
        ...oneOf("diskFormat", diskFormat, DISK_FORMATS),
        ...oneOf("containerFormat", containerFormat, CONTAINER_FORMATS),
    ];
}

async function create(api: Connect, inputs: Inputs): Promise<{ id: string; outputs: Outputs }> {
    const { cloud, name, file, sha256, diskFormat, containerFormat, isPublic } = inputs;
    const glance = api(cloud),
        data = await measure(file, sha256, diskFormat);
    glance.forget();
    const wanted = { checksum: data.checksum, diskFormat, containerFormat, isPublic },
        found = (await glance.list()).filter(i => i.name === name),
        others: Found[] = [];
    // Without data: the rest of a broken upload, or data that the store lost. It can get none any more.
    const hollow = found.filter(i => i.status !== "active");
    for (const whole of found.filter(i => i.status === "active")) {
        if (!isEqual(wanted, whole)) others.push(whole);
        else if (await glance.data(whole.id)) return { id: whole.id, outputs: data };
        else hollow.push(whole);
    }
    for (const other of others) refuseDifferent(`image ${name} (${other.id})`, wanted, other);
    for (const { id } of hollow) await unlessGone(glance.delete(id));
    return {
        id: (await glance.upload({ name, file: inHome(file), diskFormat, containerFormat, isPublic, ...data })).id,
        outputs: data,
    };
}

/** Whether its bytes can be put into the store without glance. */
const canPutBack = ({ store, data, size }: Inputs & Outputs): boolean =>
    store !== undefined && data !== undefined && size <= MOST_BYTES;

/** What is wrong with its bytes; nothing is known of those of a large one, and of one that was made before this. */
const inStore = async (run: RunScript, id: string, recorded: Inputs & Outputs): Promise<string | undefined> =>
    canPutBack(recorded) ? await foundWrong(run, recorded.store!, id, recorded) : undefined;

/** Glance's word on an image, and what is wrong with its bytes. */
async function stateOf(
    run: RunScript,
    glance: Api,
    live: Found,
    recorded: Inputs & Outputs,
): Promise<{ status: string; other?: string; data: string }> {
    const data = (await inStore(run, live.id, recorded)) ?? whole;
    if (data !== whole) return { status: live.status, data };
    const said = await dataOf(glance, live, recorded);
    // Bytes that are gone come back under the same id; what glance itself takes in gets another.
    return said.status === "without data" && canPutBack(recorded)
        ? { status: live.status, data: "are gone" }
        : { ...said, data };
}

async function read(
    run: RunScript,
    api: Connect,
    id: string,
    recorded: Inputs & Outputs,
): Promise<(Inputs & Outputs) | undefined> {
    const glance = api(recorded.cloud);
    // One that is seen by others than this one may be a tenant's own: such a one is left alone.
    const isSame = (i: Found) => i.name === recorded.name && i.isPublic === recorded.isPublic,
        live = foundAgain(await asked(glance.list()), id, isSame, "an image's id");
    if (!live) return undefined;
    const { status, other, data } = await stateOf(run, glance, live, recorded);
    const { name, isPublic, diskFormat = "", containerFormat = "" } = live;
    return madeAgain(
        {
            ...recorded,
            ...(recorded.data !== undefined && { data }),
            ...{ name, status, isPublic, diskFormat, containerFormat },
            sha256: other === undefined ? recorded.sha256 : `(other data, ${other})`,
        },
        live.id,
    );
}

/** An image of the image service, found by its name, its data compared by glance's checksum. */
export function imageHandler(api: Connect = images, run: RunScript = exec): Handler<Inputs, Outputs> {
    return {
        inputs: ["name", "sha256", "diskFormat", "containerFormat", "isPublic", "status", "data"],
        access: ["cloud", "file", "store"],
        replaceOn: ["sha256", "diskFormat", "containerFormat", "status"],
        check,
        create: inputs => create(api, inputs),
        read: (id, recorded) => read(run, api, id, recorded),
        async update(id, { checksum, size, data }, { cloud, name, isPublic, store, file, sha256, diskFormat }) {
            // What was found may stand no longer: a folder above it was mended first.
            const lost = store !== undefined && data !== undefined && data !== whole;
            if (lost && (await foundWrong(run, store, id, { checksum, size })) !== whole) {
                await measure(file, sha256, diskFormat);
                await putBack(run, store, id, file);
            }
            await api(cloud).update(id, { name, isPublic });
            return { checksum, size };
        },
        async delete(id, { cloud }) {
            await unlessGone(api(cloud).delete(id));
        },
    };
}
export const handler = imageHandler();

export interface ImageArgs {
    /** The cloud's admin; the password in it is a secret. */
    cloud: AccessArgs<CloudAccess>;
    /** The image's name. */
    name: pulumi.Input<string>;
    /** Path of the data on the operator's machine. */
    file: pulumi.Input<string>;
    /** Of the file; anything else is not uploaded. */
    sha256: pulumi.Input<string>;
    /** E.g. qcow2. */
    diskFormat: pulumi.Input<string>;
    /** Default bare. */
    containerFormat?: pulumi.Input<string>;
    /** Whether every tenant sees it. Default false. */
    isPublic?: pulumi.Input<boolean>;
    /** The machine whose folder holds the data: there its bytes are compared, and put back. */
    store?: pulumi.Input<Connection>;
}

/** An image that instances start from (G2). Its `id` is glance's. */
export class Image extends LiveResource {
    /** MD5 of the data as glance has it. */
    declare readonly checksum: pulumi.Output<string>;
    declare readonly size: pulumi.Output<number>;

    constructor(name: string, args: ImageArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "glance/image",
            "Image",
            name,
            {
                containerFormat: "bare",
                isPublic: false,
                ...args,
                cloud: pulumi.secret(args.cloud),
                status: "active",
                data: whole,
                checksum: undefined,
                size: undefined,
            },
            opts,
        );
    }
}
