import * as fc from "fast-check";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { inWords } from "../../cli/check/check";
import { type CheckResult, Checks } from "../../cli/check/checks";
import type { CheckedCloud } from "../../cli/check/cloud";
import { Renderer } from "../../cli/operate/events";
import { Terminal } from "../../cli/shell/terminal";
import { compute } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { images } from "../../clients/image";
import { quote } from "../../clients/ssh";
import { volumes } from "../../clients/volume";
import { text as sqlText } from "../../providers/guest/mysql";
import { domainXml } from "../../providers/machine/container-xml";
import { ec2rc } from "../../releases/tutorial";
import { AddressPlan, tutorialRanges } from "../../config/address-plan";
import { visible } from "../../system/output";
import { Sent } from "../clients/sent";
import { FakeCloud } from "./check/fake-cloud";
import { hostile, isPlain, Jail, otherAttacks, shellAttacks } from "./hostile";

/** What services and nodes answer a check with, where all is well; each of it may be anything. */
const well = {
    floating: "172.16.9.1",
    pool: "public",
    fixed: "10.10.0.2",
    instance: "s1",
    status: "ACTIVE",
    fault: "",
    host: "compute-1",
    image: "i1",
    checksum: "",
    imageStatus: "active",
    binary: "nova-compute",
    state: "up",
    volume: "v1",
    volumeStatus: "available",
    hostname: "",
    console: "login:",
    sshSays: "",
    probeSays: "",
    ami: "ami-00000001",
    imageName: "cirros-0.3.0",
    ec2Id: "i-00000007",
    ec2State: "running",
    eucaSays: "",
    leftover: "classroom-check-old",
};
type Answers = typeof well;

/** A cloud that answers with these, and with what the fake cloud says where all is well; scripts for api-node are run by a real shell. */
function cloudWith(answers: Answers, jail: Jail): CheckedCloud {
    const fake = new FakeCloud(undefined, true),
        meant = new Map<string, string>();
    fake.add("old", answers.leftover);
    /** What the answer says in place of what is so. */
    const said = (field: keyof Answers, is: string): string => (answers[field] === well[field] ? is : answers[field]);
    /** An id as the service tells it, and back. */
    const told = (field: keyof Answers, id: string): string => {
        const forged = said(field, id);
        meant.set(forged, id);
        return forged;
    };
    const real = (id: string): string => meant.get(id) ?? id;
    const euca = (script: string): string => {
        if (script.includes("run-instances")) fake.add("e1", "Server e1");
        if (script.includes("terminate")) fake.servers_.delete("e1");
        const line = `INSTANCE\t${answers.ec2Id}\tx\t\t\t${answers.ec2State}\tkey`;
        return `IMAGE\t${answers.ami}\tNone (${answers.imageName})\tx\n${line}\n${answers.eucaSays}`;
    };
    const { compute, images, volumes } = fake;
    return {
        now: fake.now,
        sleep: fake.sleep,
        ec2: true,
        iscsiByQemu: true,
        pages: fake.pages,
        dashboard: fake.dashboard,
        addSecurityGroup: fake.addSecurityGroup,
        renameServer: fake.renameServer,
        onApiNode: async script => {
            const { code, stdout } = jail.run(script.replace(". /root/ec2rc", "true"));
            if (script.startsWith("ssh ")) {
                const answer = await fake.onApiNode(
                    script.replace(quote(`root@${answers.floating}`), "'root@172.16.9.1'"),
                );
                return { ...answer, stdout: answers.hostname || answer.stdout, stderr: answers.sshSays };
            }
            if (script.startsWith("bash -c ")) {
                const probed = await fake.onApiNode(`bash -c '< "/dev/tcp/$0/80"' '172.16.9.1'`);
                return { ...probed, stdout, stderr: answers.probeSays };
            }
            return { code, stdout: euca(script), stderr: answers.eucaSays };
        },
        compute: {
            ...compute,
            services: async () => [
                {
                    binary: answers.binary,
                    host: answers.host,
                    zone: "",
                    status: "",
                    state: answers.state,
                    updated_at: null,
                },
            ],
            servers: async () =>
                (await compute.servers()).map(s => ({ ...s, id: told("instance", s.id), status: answers.status })),
            server: async id => {
                const found = await compute.server(real(id));
                const [, floating] = found.addresses.net1;
                return {
                    ...found,
                    id: told("instance", found.id),
                    status: said("status", found.status),
                    host: said("host", found.host!),
                    addresses: { net1: [{ addr: answers.fixed }, ...(floating ? [floating] : [])] },
                    ...(answers.fault !== "" && { fault: { message: answers.fault } }),
                };
            },
            createServer: async spec => told("instance", await compute.createServer(spec)),
            deleteServer: async id => compute.deleteServer(real(id)),
            consoleLog: async () => answers.console,
            floatingAddresses: async () =>
                (await compute.floatingAddresses()).map(f => ({
                    ...f,
                    address: f.address === well.floating ? answers.floating : f.address,
                    pool: answers.pool,
                    instance_uuid: f.instance_uuid === null ? null : said("instance", f.instance_uuid),
                })),
            createImage: async (id, name) => compute.createImage(real(id), name),
            attachVolume: async (id, volume, device) => compute.attachVolume(real(id), real(volume), device),
            detachVolume: async (id, volume) => compute.detachVolume(real(id), real(volume)),
            resize: async (id, flavor) => compute.resize(real(id), flavor),
            confirmResize: async id => compute.confirmResize(real(id)),
            revertResize: async id => compute.revertResize(real(id)),
            whyFailed: async () => answers.fault,
        },
        images: {
            ...images,
            get: async id => {
                const image = await images.get(real(id));
                return { ...image, status: answers.imageStatus, checksum: answers.checksum || image.checksum };
            },
            upload: async data => {
                const made = await images.upload(data);
                return { ...made, id: told("image", made.id) };
            },
            delete: async id => images.delete(real(id)),
        },
        volumes: {
            ...volumes,
            list: async () => (await volumes.list()).map(v => ({ ...v, id: told("volume", v.id) })),
            get: async id => {
                const volume = await volumes.get(real(id));
                return { ...volume, status: said("volumeStatus", volume.status) };
            },
            create: async name => {
                const made = await volumes.create(name);
                return { ...made, id: told("volume", made.id) };
            },
            delete: async id => volumes.delete(real(id)),
            forceDetached: async id => volumes.forceDetached(real(id)),
        },
    };
}

/** A terminal and all that it was given to show. */
function screen(): { terminal: Terminal; shown: () => string } {
    const written: string[] = [],
        sink = { write: (text: string) => written.push(text) };
    return { terminal: new Terminal(undefined, false, sink, sink, {}), shown: () => written.join("") };
}

describe("what services answer a check with", () => {
    // The shell in bash's place knows no network: to it the probe's target is a file.
    const jail = new Jail({
        ssh: "exit 0",
        timeout: 'shift; exec "$@"',
        bash: 'exec sh "$@"',
        ...Object.fromEntries(
            ["describe-images", "run-instances", "describe-instances", "terminate-instances"].map(n => [
                `euca-${n}`,
                "exit 0",
            ]),
        ),
    });
    afterEach(() => jail.mend());
    afterAll(() => jail.remove());

    async function checked(answers: Answers): Promise<CheckResult[]> {
        const { terminal, shown } = screen();
        let printed = 0;
        // As the command prints it (cli/check/check.ts).
        const checks = new Checks(
            cloudWith(answers, jail),
            line => {
                terminal.note(visible(line));
                printed++;
            },
            undefined,
            4,
        );
        const results = await checks.run(result => {
            terminal.line(inWords(result));
            printed++;
        });
        expect(jail.broken).toBe(false);
        expect(isPlain(shown())).toBe(true);
        expect(shown().trimEnd().split("\n")).toHaveLength(printed);
        return results;
    }

    test("where all is well, every check comes as far as its scripts and passes", async () => {
        const results = await checked(well);
        expect(results.filter(r => r.result === "fail")).toEqual([]);
        expect(results.find(r => r.id === "T11")!.detail).toBe("i-00000007 of ami-00000001: running, terminated");
    });

    test.each(Object.keys(well) as (keyof Answers)[])("%s: nothing of it runs, and nothing is forged", async field => {
        for (const attack of [...shellAttacks, otherAttacks.join("").replace("\u0000", "")])
            await checked({ ...well, [field]: attack });
    });

    test("all of it together", async () => {
        const anything = fc.record(
            Object.fromEntries(
                Object.entries(well).map(([field, value]) => [
                    field,
                    fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: hostile }),
                ]),
            ) as { [field in keyof Answers]: fc.Arbitrary<string> },
        );
        await fc.assert(
            fc.asyncProperty(anything, async answers => {
                await checked(answers);
            }),
            { numRuns: 25 },
        );
    });

    test("an image whose name makes a row of euca's table is not taken for the course's", async () => {
        const results = await checked({
            ...well,
            eucaSays: "x\nIMAGE\tami-00000666\tNone (cirros-0.3.0)\tforged",
        });
        expect(results.find(r => r.id === "T11")).toMatchObject({
            result: "fail",
            detail: expect.stringContaining("by several ids (ami-00000001, ami-00000666)"),
        });
    });
});

test("what keystone gives as EC2 keys does not run where root sources it", () => {
    const jail = new Jail({}),
        plan = new AddressPlan(1, tutorialRanges);
    fc.assert(
        fc.property(hostile, hostile, (access, secret) => {
            fc.pre(!`${access}${secret}`.includes("\u0000"));
            const { stdout } = jail.run(`${ec2rc(plan, { access, secret })}printf %s "$EC2_SECRET_KEY"`);
            expect(stdout).toBe(Buffer.from(secret).toString());
            expect(jail.broken).toBe(false);
        }),
        { numRuns: 50 },
    );
    jail.remove();
});

describe("what services call things by", () => {
    const access = { via: {}, identityHost: "a", tenant: "admin" } as unknown as CloudAccess;
    const answering = (answer: object) =>
        new Sent({ compute: "http://h", image: "http://h", volume: "http://h" }, answer);

    test("is an id or an address, or the answer is not used", async () => {
        const asked = (value: string): [string, () => Promise<string>][] => [
            ["instance", async () => (await compute(access, answering({ server: { id: value } })).server("x")).id],
            [
                "instance",
                async () =>
                    compute(access, answering({ server: { id: value } })).createServer({
                        name: "",
                        imageId: "",
                        flavorId: "",
                    }),
            ],
            ["image", async () => (await images(access, answering({ id: value })).get("x")).id],
            ["volume", async () => (await volumes(access, answering({ volume: { id: value } })).get("x")).id],
            [
                "floating address",
                async () =>
                    (
                        await compute(access, answering({ floating_ip_info: [{ address: value }] })).floatingAddresses()
                    )[0]!.address,
            ],
            [
                "instance",
                async () =>
                    (
                        await compute(
                            access,
                            answering({ server: { id: "x", addresses: { n: [{ addr: value }] } } }),
                        ).server("x")
                    ).addresses.n![0]!.addr,
            ],
        ];
        await fc.assert(
            fc.asyncProperty(fc.oneof(hostile, fc.uuid(), fc.ipV4()), async value => {
                for (const [what, ask] of asked(value)) {
                    const answer = await ask().catch((e: Error) => e);
                    if (answer instanceof Error) {
                        expect(answer.name).toBe("Unreachable");
                        expect(answer.message).toContain(what);
                    } else expect(answer).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.:-]*$/);
                }
            }),
        );
    });

    test("stays one part of a path", async () => {
        await fc.assert(
            fc.asyncProperty(hostile, async value => {
                fc.pre(!/[\ud800-\udfff]/.test(value));
                const http = answering({});
                await compute(access, http).deleteServer(value);
                await volumes(access, http).delete(value);
                await images(access, http).delete(value);
                expect(http.sent.map(([, path]) => path.split("/").length)).toEqual([3, 3, 4]);
                expect(http.sent.every(([, path]) => /^[\x21-\x7e]+$/.test(path) && !/[?#]/.test(path))).toBe(true);
            }),
        );
    });
});

test("a text in SQL ends where it ends", () => {
    fc.assert(
        fc.property(hostile, value => {
            const inside = sqlText(value).slice(1, -1);
            expect(sqlText(value)).toBe(`'${inside}'`);
            expect(inside.replace(/\\\\|''/g, "")).not.toMatch(/['\\]/);
        }),
    );
});

test("a value in XML makes no element and no attribute", () => {
    const marks = (xml: string) => xml.replace(/[^<>'"&]/g, "");
    const xml = (value: string) =>
        domainXml({
            name: value,
            memoryMiB: 1,
            cpus: 1,
            interfaces: [{ network: value, device: value, mac: value }],
            devices: [value],
        });
    fc.assert(
        fc.property(hostile, value => {
            expect(marks(xml(value).replace(/&#\d+;/g, ""))).toBe(marks(xml("x")));
        }),
    );
});

describe("what the engine tells of a node", () => {
    const events = (value: string): EngineEvent[] => {
        const metadata = (op: string, before?: object, now?: object) => ({
            op,
            urn: `urn:pulumi:lab::p::t::conf`,
            type: "pulumi-nodejs:dynamic/guest:OptionsFile",
            ...(before && { old: { custom: true, inputs: before, outputs: before } }),
            ...(now && { new: { custom: true, id: "x", inputs: now, outputs: now } }),
        });
        const conf = (text: string, more: object = {}) => ({
            options: { DEFAULT: { a: text } },
            list: [text],
            ...more,
        });
        const [was, is] = [conf("was"), conf(`${value} `, { restarts: [value] })];
        return [
            { resOutputsEvent: { metadata: metadata("update", was, is) } },
            { resOutputsEvent: { metadata: metadata("delete", was) } },
            { resOpFailedEvent: { metadata: metadata("update", was, is) } },
            { resourcePreEvent: { metadata: metadata("update", was, is) } },
            { diagnosticEvent: { severity: "error", message: value } },
        ].map(event => ({ sequence: 1, timestamp: 1, ...event }) as unknown as EngineEvent);
    };

    test.each(["changes", "answers", "plan", "comparison"] as const)("%s: as many lines as without it", reading => {
        const lines = (value: string): number => {
            const { terminal, shown } = screen(),
                renderer = new Renderer(line => terminal.line(line), { name: "up", reading });
            events(value).forEach(event => renderer.handle(event));
            expect(isPlain(shown())).toBe(true);
            return shown()
                .trimEnd()
                .split("\n")
                .filter(line => !line.startsWith("  | ")).length;
        };
        fc.assert(
            fc.property(
                hostile.filter(value => value.trim() !== ""),
                value => {
                    expect(lines(value)).toBe(lines("benign"));
                },
            ),
        );
    });
});
