import * as path from "path";
import { stateDir, projectDir } from "../../system/paths";
import { checkLabName } from "../../config/lab-settings";

/** The physical hosts a lab has, with the last octet of each in the management network. */
export const labHosts = { central: 1, compute: 2 } as const;
export type LabHostName = keyof typeof labHosts;

/** The network that only lab and operator share: documentation addresses, so that nothing real is hidden. */
const managementNetwork = "192.0.2";

/** Of a physical host in the management network. */
export const hostAddress = (host: LabHostName): string => `${managementNetwork}.${labHosts[host]}`;

/** Port of the hosts' sshd: the course's (H1). */
export const SSH_PORT = 24;

/** Where everything of one lab lies. */
export class LabFiles {
    readonly dir: string;

    constructor(readonly name: string) {
        checkLabName(name);
        this.dir = path.join(stateDir(), "labs", name);
    }

    /** The lab's facts for the operator's side; written when it is up. */
    get facts(): string {
        return path.join(this.dir, "lab.json");
    }
    get operatorKey(): string {
        return path.join(this.dir, "operator.key");
    }
    get knownHosts(): string {
        return path.join(this.dir, "known_hosts");
    }
    /** The signature that makes the package archive this lab's. */
    get signatures(): string {
        return path.join(this.dir, "signatures");
    }
    get log(): string {
        return path.join(this.dir, "log");
    }
    /** Process ids and signs of readiness. */
    run(...below: string[]): string {
        return path.join(this.dir, "run", ...below);
    }
    host(host: LabHostName, ...below: string[]): string {
        return path.join(this.dir, host, ...below);
    }
    operator(...below: string[]): string {
        return path.join(this.dir, "operator", ...below);
    }
    hostName(host: LabHostName): string {
        return `${host}.${this.name}.lab`;
    }
}

/** The scripts and settings beside this module's source. */
export const dataDir = (): string => path.join(projectDir(), "lab/hosts/data");
