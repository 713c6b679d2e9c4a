/**
 * How to reach one machine by ssh, as root. Plain data: it is an input of resources and lies in the state, so it holds
 * no secret.
 */
export interface Connection {
    /** For messages: the node's or the physical host's name. */
    name: string;
    /** Address as seen from the jump host, or from the operator where there is none. */
    host: string;
    /** Default 22; the course's physical hosts use 24 (H1). */
    port: number;
    /** The machine's public host keys, `ssh-ed25519 AAAA…`, one a line; anything else is refused. */
    hostKey: string;
    /** Path of the operator's private key file (mode 0600). */
    keyFile: string;
    /**
     * RSA keys may sign with SHA-1, the machine's host key and the operator's own: OpenSSH before 7.2 knows nothing
     * else.
     */
    rsaSha1?: boolean;
    /** Default root. */
    user?: string;
    /** The machine to go through: a node is reached through its physical host, that perhaps through a bastion. */
    jump?: Jump;
}

/** A machine on the way to another; `name` is its address and `keyFile` the other's where it has none of its own. */
type Jump = Omit<Connection, "name" | "keyFile"> & Partial<Pick<Connection, "name" | "keyFile">>;

/** A machine's public host keys, one a line. */
export const hostKeysOf = ({ hostKey }: Pick<Connection, "hostKey">): string[] =>
    hostKey
        .split("\n")
        .map(line => line.trim())
        .filter(Boolean);

/** A physical host's name in messages. */
export const hostName = (address: string): string => `host ${address}`;
/** The name in messages of a machine on the way to a physical host. */
export const bastionName = (address: string): string => `bastion ${address}`;

/** The machine to go through, as it is reached itself. */
export const jumpOf = ({ jump, keyFile }: Connection): Connection | undefined =>
    jump && { name: hostName(jump.host), keyFile, ...jump };

/** The machine and those on the way to it, the first to be reached first. */
export function way(to: Connection): Connection[] {
    const jump = jumpOf(to);
    return [...(jump ? way(jump) : []), to];
}

/** The machine could not be asked, for a reason of its own: nothing is known about its content. */
export class Unreachable extends Error {
    override readonly name = "Unreachable";
}
