import type { AddressPlan } from "../config/address-plan";
import type { NodeName, Part } from "../config/nodes";
import type { Settings } from "../config/settings";
import type { AccountName, Credentials, ServiceName } from "../config/credentials";
import type { HostKeyType } from "../config/host-keys";
import type { ReleaseName } from "../config/releases";
import type { DashboardPages } from "./dashboard";

/** What a release's configuration files are written from. */
export interface CloudFacts {
    plan: AddressPlan;
    credentials: Credentials;
    queueUser: Settings["queueUser"];
    libvirtType: Settings["libvirtType"];
    /** Whether the cloud is there to practise on: what nobody made there on purpose is taken away. */
    training?: boolean;
    /** The stack's own options by node and {@link ConfigFile.key}: beside the release's, or instead of them. */
    ownOptions?: Partial<Record<NodeName, Record<string, Sections>>>;
}

/** What of it anybody may know. */
export type OpenFacts = Omit<CloudFacts, "credentials">;

/** Options by section; the section `""` stands before the first header. */
export type Sections = Record<string, Record<string, string>>;

/** The options of one file that the program sets; what else is in it is the package's. */
export interface ConfigFile {
    /** Names the resource, unique on its node: `nova-conf`. */
    key: string;
    path: string;
    options: Sections;
    /** Those whose values are secret. */
    secretOptions?: Sections;
    /** Whose it is and who may read it. Default root:root 0644; 0640 with secrets in it. */
    owner?: string;
    group?: string;
    mode?: string;
    /** Services that read it: they restart when it changes. */
    readBy: string[];
}

/** A command that makes something once, such as a schema. */
export interface SyncStep {
    step: string;
    command: string;
    timeoutSeconds?: number;
    /** Standard input of the command, for what must not be in a process list; secret. The command runs again with another. */
    input?(cloud: CloudFacts): string;
    /** Services that restart when it has run again with another input: they keep what it wrote. */
    restarts?: string[];
}

/** A service, and the port by which it is known to be ready. */
export interface ServiceFacts {
    service: string;
    port?: number;
    /** The process by which it is known to run, where its init script cannot tell. */
    process?: string;
    /** It keeps a connection to the queue, and to the database, while it runs. */
    queue?: true;
    database?: true;
    /** It keeps a dnsmasq running for each bridge that has a file nova-BRIDGE.conf in this folder. */
    dnsmasqs?: string;
    /** It has no part in what is stored in the cloud, and goes on when that is made anew. */
    worksAlone?: true;
}

/** One part of OpenStack, or of what it stands on, as a release packages it. */
export interface Software {
    packages: readonly string[];
    config(cloud: CloudFacts, node: NodeName): ConfigFile[];
    sync: readonly SyncStep[];
    services: readonly ServiceFacts[];
}

/** A service in the catalogue (K4, K6). */
export interface CatalogueService {
    /** Its account in the tenant `service`; absent for what shares another's. */
    user?: AccountName;
    name: string;
    type: string;
    description: string;
    url: { public: string; admin: string; internal: string };
}

/**
 * How a new virtual machine is told what it is: by a shell script, or by what cloud-init of Ubuntu 12.04 (0.6.3) reads,
 * which makes host keys of its own unless its configuration holds them.
 */
export type SeedFormat = "script" | "cloud-init 0.6";

/** What the OpenSSH of a release's machines knows (H6). */
export interface SshFacts {
    /** Kind of the nodes' host keys. */
    hostKey: HostKeyType;
    /** Kinds of keys that may log in; every one where it is not given. */
    userKeys?: readonly string[];
    /** See {@link Connection.rsaSha1}. */
    rsaSha1?: boolean;
}

/** An image at an address of its own, whose content is known beforehand. */
export interface PublishedImage {
    url: string;
    /** Of the whole file, 64 hexadecimal digits. */
    sha256: string;
}

/** Where a machine's own system comes from (A1). */
interface BaseSystem {
    /** Its archive, where the stack does not name another one as `baseArchiveUrl`. */
    archiveUrl: string;
    suites: readonly string[];
    components: string;
    /** Settings of apt's, a line each. */
    settings: readonly string[];
}

/** What keystone fills in in an endpoint's URL (`$(tenant_id)s`), by what it is to Python's formatting. */
export interface UrlFacts {
    texts: readonly string[];
    numbers: readonly string[];
}

/** What differs between releases of OpenStack, as data; the parts that stand on nodes are among it. */
export interface Release extends Readonly<Record<Part, Software>> {
    name: ReleaseName;
    /** A1 */
    archive(settings: Pick<Settings, "archiveUrl" | "archiveKey">): {
        archive: string;
        line: string;
        key?: string;
        keyringPackage?: string;
    };
    /** Its machines' own system; where there is none, that is the golden root's or the golden image's matter. */
    base?: BaseSystem;
    ssh: SshFacts;
    seed: SeedFormat;
    /** The image that virtual machines are made of; where there is none, the hosts have one ready, as a lab's do. */
    goldenImage?: PublishedImage;
    /** The first image of the cloud (G2), in qcow2; where there is none, the stack's configuration names a file, or there is no image. */
    image?: PublishedImage;
    /** Packages bring along what they recommend: apt's own default. */
    recommends?: true;
    /** On every node (A2). */
    common: Software;
    /** Databases of each service; the first is the tutorial's (D3). */
    databases: Readonly<Record<ServiceName, readonly string[]>>;
    endpointUrls: UrlFacts;
    /** Keystone answers 500 to names of tenants, users and roles with other characters than ASCII's. */
    asciiNames?: true;
    /** What the dashboard's pages send (T1, T3, T7, T8). */
    pages: DashboardPages;
    /** On api-node, when compute nodes have come: what makes them known to the scheduler. */
    computeDiscovery?: SyncStep;
    /** On every node whose services verify signed tokens, when there are new certificates: what makes them fetch those. */
    certificates?: SyncStep;
    /** Services of the catalogue beside identity's own, in the tutorial's order (K6). */
    catalogue(plan: AddressPlan): CatalogueService[];
    /** Nova has the EC2 API (K7, V3). */
    ec2?: true;
    /** Flavors that the release does not bring itself (V4). */
    missingFlavors: readonly FlavorFacts[];
}

export interface FlavorFacts {
    flavorId: string;
    name: string;
    ram: number;
    disk: number;
    vcpus: number;
}
