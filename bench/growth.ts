import "../system/begin";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import type { Connection } from "../clients/connection";
import { openStack } from "../engine/automation";
import { type Engine, obtainEngine } from "../engine/obtain";
import { stackStore, stateFile } from "../engine/stack-store";
import { File } from "../providers/guest/file";
import { OptionsFile } from "../providers/guest/options-file";
import { Endpoint } from "../providers/keystone/endpoint";
import { Grant } from "../providers/keystone/grant";
import { Role } from "../providers/keystone/role";
import { Service } from "../providers/keystone/service";
import { Tenant } from "../providers/keystone/tenant";
import { User } from "../providers/keystone/user";
import { projectDir } from "../system/paths";
import { PlainProgress } from "../system/progress";
import { busyWords } from "./busy";
import { memoryOf } from "./memory";
import { plot } from "./plot";
import { StandIn } from "./stand-in";
import { StandInMachine } from "./stand-in-machine";

/**
 * How time and memory grow with a cloud: `node bin/bench/growth.js`. The engine, the program's ssh and its handlers are the real
 * ones; a shell of this machine stands in for the nodes and a small service for keystone. Needs nothing but the engine; changes
 * nothing outside of a temporary folder. Writes bench/growth.json, growth.md and growth.svg.
 */

/** How many times as many resources as the smallest cloud has. */
const TIMES = [1, 2, 4, 8] as const;
/** In the smallest: entities of each of six kinds, whole files, and files of options with so many options each. */
const ENTITIES = 15,
    FILES = 20,
    OPTIONS_FILES = 10,
    OPTIONS = 20;

const operations = ["up from nothing", "up, nothing to do", "refresh", "diagnose", "destroy"] as const;
type OperationName = (typeof operations)[number];

interface Figure {
    seconds: number;
    /** Of processors, all processes together, the stand-ins' included. */
    cpuSeconds: number;
    peakMiB: number;
}
interface Row {
    times: number;
    resources: number;
    stateBytes: number;
    figures: Record<OperationName, Figure>;
}

interface World {
    dir: string;
    node: Connection;
    cloud: StandIn;
    via: Connection;
}

/** A program with so many times the resources. */
function programOf(times: number, { dir, node, cloud, via }: World): () => Promise<void> {
    const owner = os.userInfo().username,
        group = fs.statSync(dir).gid === 0 ? "root" : owner,
        identity = { ...cloud.identity, via };
    const entities = (n: number): void => {
        const tenant = new Tenant(`tenant-${n}`, { identity, tenant: `tenant${n}` }),
            user = new User(`user-${n}`, { identity, user: `user${n}`, password: `password${n}` }),
            role = new Role(`role-${n}`, { identity, role: `role${n}` }),
            service = new Service(`service-${n}`, { identity, service: `service${n}`, type: "compute" });
        new Grant(`grant-${n}`, { identity, tenantId: tenant.id, userId: user.id, roleId: role.id });
        const url = `http://node:80/${n}`,
            urls = { publicUrl: url, adminUrl: url, internalUrl: url };
        new Endpoint(`endpoint-${n}`, { identity, region: "RegionOne", serviceId: service.id, ...urls });
    };
    const options = Object.fromEntries(Array.from({ length: OPTIONS }, (_, i) => [`option_${i}`, `value ${i}`]));
    const each = (count: number, make: (n: number) => void) =>
        Array.from({ length: count * times }, (_, n) => n).forEach(make);
    const access = { connection: node, owner, group };
    return async () => {
        each(ENTITIES, entities);
        each(FILES, n => {
            new File(`file-${n}`, {
                ...access,
                path: `${dir}/file-${n}`,
                content: `line ${n}\n`.repeat(40),
                mode: "0644",
            });
        });
        each(OPTIONS_FILES, n => {
            new OptionsFile(`options-${n}`, {
                ...access,
                path: `${dir}/service-${n}.conf`,
                options: { DEFAULT: options },
            });
        });
    };
}

/** Processor seconds of this process and of all its children that have ended. */
function cpuSeconds(): number {
    const stat = fs.readFileSync("/proc/self/stat", "utf8"),
        ticks = stat
            .slice(stat.lastIndexOf(")") + 2)
            .split(" ")
            .slice(11, 15);
    return ticks.reduce((sum, n) => sum + Number(n), 0) / 100;
}

async function taken(work: () => Promise<unknown>): Promise<Figure> {
    const begin = performance.now(),
        used = cpuSeconds(),
        own = new Set([process.pid]);
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, memoryOf(own))), 500);
    try {
        await work();
    } finally {
        clearInterval(timer);
    }
    const round = (value: number) => Math.round(value * 10) / 10;
    return {
        seconds: round((performance.now() - begin) / 1000),
        cpuSeconds: round(cpuSeconds() - used),
        peakMiB: Math.round(peak / 1024),
    };
}

const works = (stack: Stack): Readonly<Record<OperationName, () => Promise<unknown>>> => {
    const options = { onEvent: () => undefined };
    return {
        "up from nothing": () => stack.up(options),
        "up, nothing to do": () => stack.up(options),
        refresh: () => stack.refresh(options),
        diagnose: () => stack.preview({ ...options, refresh: true }),
        destroy: () => stack.destroy(options),
    };
};

/** All operations on a cloud of one size, in a state of its own. */
async function measured(times: number, engine: Engine, top: string): Promise<Row> {
    const dir = path.join(top, "node"),
        cloud = new StandIn();
    fs.mkdirSync(dir, { recursive: true });
    process.env.CLASSROOM_STATE = path.join(top, "state");
    const machine = new StandInMachine(top, await cloud.listen());
    try {
        const at = await machine.listen(),
            world = { dir, cloud, node: at("node"), via: at("host") },
            stack = await openStack("lab", programOf(times, world), engine, line => console.error(line)),
            work = works(stack),
            figures = {} as Row["figures"];
        let resources = 0,
            stateBytes = 0;
        for (const operation of operations) {
            figures[operation] = await taken(work[operation]);
            resources = Math.max(resources, stackStore.resources("lab").filter(r => r.custom).length);
            stateBytes = Math.max(stateBytes, fs.statSync(stateFile("lab")).size);
            console.error(JSON.stringify({ times, operation, ...figures[operation] }));
        }
        return { times, resources, stateBytes, figures };
    } finally {
        machine.close();
        await cloud.close();
    }
}

/** How much longer the largest takes than a straight line through the two smallest says. */
function beyondLine(rows: readonly Row[], value: (row: Row) => number): number {
    const [first, second, last] = [rows[0]!, rows[1]!, rows[rows.length - 1]!],
        slope = (value(second) - value(first)) / (second.times - first.times);
    return value(last) / (value(first) + slope * (last.times - first.times));
}

function page(rows: readonly Row[], about: string): string {
    const row = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`,
        head = ["", ...rows.map(({ resources }) => `${resources} resources`), "beside a straight line"];
    const lineOf = (name: string, unit: string, value: (row: Row) => number) =>
        row([name, ...rows.map(r => `${value(r)} ${unit}`), beyondLine(rows, value).toFixed(2)]);
    const of = (operation: OperationName, key: keyof Figure) => (r: Row) => r.figures[operation][key];
    return [
        "# Growth",
        "",
        about,
        "",
        row(head),
        row(head.map(() => "---")),
        ...operations.map(o => lineOf(`${o}, processor time`, "s", of(o, "cpuSeconds"))),
        ...operations.map(o => lineOf(`${o}, wall time`, "s", of(o, "seconds"))),
        lineOf("memory at most, refresh", "MiB", of("refresh", "peakMiB")),
        lineOf("state", "KiB", r => Math.round(r.stateBytes / 1024)),
        "",
        "The last column: the largest cloud beside a straight line through the two smallest ones; 1.00 is linear, less is better.",
        "",
        "![Processor time by number of resources](growth.svg)",
        "",
    ].join("\n");
}

/** All sizes; the engine's own home is below the bench's folder, too. */
async function measuredAll(): Promise<Row[]> {
    const top = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-growth-")),
        rows: Row[] = [];
    try {
        process.env.CLASSROOM_STATE = path.join(top, "home");
        const engine = await obtainEngine(new PlainProgress());
        for (const times of TIMES) rows.push(await measured(times, engine, path.join(top, String(times))));
        return rows;
    } finally {
        fs.rmSync(top, { recursive: true, force: true });
    }
}

async function main(): Promise<void> {
    const shared = await busyWords(),
        rows = await measuredAll();
    const taken = new Date().toISOString().slice(0, 10),
        about = `Taken ${taken} on ${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Node ${process.version}, by \`npm run bench -- growth\`: the real engine, ssh and handlers, with a shell in place of the nodes and a small service in place of keystone.${shared}`;
    const file = (name: string) => path.join(projectDir(), "bench", name);
    fs.writeFileSync(file("growth.json"), JSON.stringify({ taken, about, rows }, undefined, 2) + "\n");
    fs.writeFileSync(file("growth.md"), page(rows, about));
    const lines = operations.map(name => ({ name, values: rows.map(r => r.figures[name].cpuSeconds) })),
        at = rows.map(({ resources }) => resources);
    fs.writeFileSync(file("growth.svg"), plot("Processor seconds by number of resources", "resources", at, lines));
    console.log(page(rows, about));
    process.exit();
}

main().catch((e: Error) => {
    console.error(e.message);
    process.exit(1);
});
