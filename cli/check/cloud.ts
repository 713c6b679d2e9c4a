import type { Compute } from "../../clients/compute";
import type { Dashboard } from "../../clients/dashboard";
import type { Images } from "../../clients/image";
import type { ExecResult } from "../../clients/ssh";
import type { Volumes } from "../../clients/volume";
import type { DashboardPages } from "../../releases/dashboard";

/** A client without its private parts: a test's stand-in has none. */
type Api<T> = Pick<T, keyof T>;

/** What the checks use of a cloud; a test gives its own. */
export interface CheckedCloud {
    compute: Api<Compute>;
    images: Api<Images>;
    volumes: Api<Volumes>;
    dashboard: Api<Dashboard>;
    /** What its pages send. */
    pages: DashboardPages;
    /** Gives an instance a security group beside its own. */
    addSecurityGroup(serverId: string, group: string): Promise<void>;
    renameServer(serverId: string, name: string): Promise<void>;
    /** Compute nodes are containers: QEMU itself speaks iSCSI, for their kernel does not. */
    iscsiByQemu: boolean;
    /** Nova has the EC2 API, and api-node the admin's keys for it. */
    ec2: boolean;
    /** Runs a script on api-node; its exit code is part of the result, and {@link NOT_ENDED} where it has not ended within its time. */
    onApiNode(script: string, seconds: number): Promise<ExecResult>;
    /** Milliseconds. */
    now(): number;
    sleep(seconds: number): Promise<void>;
}

/** The code of a script that had no end in time, as timeout(1) has it. */
export const NOT_ENDED = 124;

/** Everything that a check makes has a name that begins with this: what an interrupted one left is known by it. */
export const PREFIX = "classroom-check-";

/** Seconds that each wait may take. */
export const deadlines = {
    image: 60,
    instance: 120,
    address: 60,
    ssh: 90,
    port: 30,
    volume: 60,
    snapshot: 120,
    /** Cinder runs some six programs for it, one after another: 20 s on an emulated volume-node that shares its processor. */
    attach: 120,
    resize: 120,
    gone: 60,
    /** Cinder fills a volume with zeros before it is gone: 1 GiB took an emulated volume-node 4 to 14 s, its programs 32 s more. */
    wiped: 180,
    services: 90,
} as const;
