import { idsPerContainer } from "../../config/id-ranges";

/** A network card of a container. */
export interface ContainerInterface {
    network: string;
    device: string;
    mac: string;
}

/** A container's definition for libvirt. */
export interface ContainerDomain {
    name: string;
    memoryMiB: number;
    cpus: number;
    interfaces: ContainerInterface[];
    /** Character devices of the host that the container may use, e.g. /dev/net/tun. */
    devices: string[];
    /**
     * The first of 65536 user and group ids of the host that stand for those in the container. Without it they are the
     * host's own, and root in the container is root of its host.
     */
    idmap?: number;
}

/** Where a container's root and the parts it is made of lie on its host. */
export const rootsDir = "/var/lib/libvirt/roots";

const rangesOf = (first: number): string =>
    ["uid", "gid"].map(kind => `<${kind} start='0' target='${first}' count='${idsPerContainer}'/>`).join("");

const escape = (text: string): string => text.replace(/[&<>'"]/g, c => `&#${c.charCodeAt(0)};`);

/** The container as libvirt's LXC driver wants it. */
export function domainXml({ name, memoryMiB, cpus, interfaces, devices, idmap }: ContainerDomain): string {
    const cards = interfaces.map(
        i =>
            `    <interface type='network'><mac address='${escape(i.mac)}'/><source network='${escape(i.network)}'/><guest dev='${escape(i.device)}'/></interface>`,
    );
    const nodes = devices.map(
        d => `    <hostdev mode='capabilities' type='misc'><source><char>${escape(d)}</char></source></hostdev>`,
    );
    return `<domain type='lxc'>
  <name>${escape(name)}</name>
  <memory unit='MiB'>${memoryMiB}</memory>
  <vcpu>${cpus}</vcpu>${idmap ? `\n  <idmap>${rangesOf(idmap)}</idmap>` : ""}
  <os><type arch='x86_64'>exe</type><init>/sbin/lab-init</init></os>
  <features><privnet/><capabilities policy='allow'/></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/lib/libvirt/libvirt_lxc</emulator>
    <filesystem type='mount' accessmode='passthrough'><source dir='${rootsDir}/${escape(name)}/root'/><target dir='/'/></filesystem>
${[...cards, ...nodes].join("\n")}
    <console type='pty'/>
  </devices>
</domain>
`;
}

/** A container's definition in `virsh dumpxml --inactive`. Interfaces and devices come in the order of the XML. */
export function parseDomainXml(xml: string): { uuid: string } & Omit<ContainerDomain, "name"> {
    const one = (pattern: RegExp): string => pattern.exec(xml)?.[1] ?? "";
    const interfaces = [...xml.matchAll(/<interface type='network'>([\s\S]*?)<\/interface>/g)].map(
        ([, body = ""]): ContainerInterface => {
            const get = (pattern: RegExp): string => pattern.exec(body)?.[1] ?? "";
            return {
                network: get(/<source network='([^']*)'/),
                device: get(/<guest dev='([^']*)'/),
                mac: get(/<mac address='([^']*)'/),
            };
        },
    );
    const [, unit, amount] = /<memory(?: unit='(\w+)')?>(\d+)<\/memory>/.exec(xml) ?? [];
    const perMiB = unit === "MiB" ? 1 : unit === "GiB" ? 1 / 1024 : 1024;
    return {
        uuid: one(/<uuid>([0-9a-f-]+)<\/uuid>/),
        memoryMiB: Math.round(Number(amount ?? 0) / perMiB),
        cpus: Number(one(/<vcpu[^>]*>(\d+)<\/vcpu>/)),
        interfaces,
        idmap: idmapIn(xml),
        devices: [...xml.matchAll(/<hostdev mode='capabilities' type='misc'>[\s\S]*?<char>([^<]*)<\/char>/g)].map(
            m => m[1]!,
        ),
    };
}

/** The first id of the one range that both users and groups have; undefined where there is none, or others are. */
function idmapIn(xml: string): number | undefined {
    const lines = (/<idmap>([^]*?)<\/idmap>/.exec(xml)?.[1] ?? "").match(/<[^<>]*>/g) ?? [];
    const first = Number(/target='(\d+)'/.exec(lines[0] ?? "")?.[1]);
    return first > 0 && lines.join("") === rangesOf(first) ? first : undefined;
}
