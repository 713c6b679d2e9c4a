import { quote } from "../../clients/ssh";
import type { Hindrance } from "./hindrance";
import type { Parts } from "./network-parts";

/** The queues that the kernel or an administrator gives any interface. */
const USUAL_QUEUE = /^(noqueue|pfifo_fast|pfifo|bfifo|mq|fq|fq_codel|codel|cake|sfq|noop|ingress|clsact)$/;
/** What libvirt since 10.10 gives a bridge of its own, for its rules. */
const LIBVIRTS_QUEUE = /^htb 1:/;

/** Traffic control: any on what is there for the cloud alone; elsewhere what nobody has but for a trial. */
export function queueHindrances(parts: Parts): Hindrance[] {
    const { queues, filter } = parts.found.said,
        { bridge } = parts.found.definition;
    const roots = queues.split("\n").flatMap(line => {
        const [, kind, handle, device, rest] =
                /^qdisc (\S+) (\S+) dev (\S+) root (?:refcnt \d+ )?(.*)$/.exec(line) ?? [],
            what = device && parts.words(device);
        if (!what || USUAL_QUEUE.test(kind!) || (kind !== "netem" && !parts.isOwn(device))) return [];
        if (device === bridge && LIBVIRTS_QUEUE.test(`${kind} ${handle}`)) return [];
        return [
            {
                words: `${what} has traffic control: ${kind} ${rest}`.trim(),
                mend: `tc qdisc del dev ${quote(device)} root`,
            },
        ];
    });
    const drops = filter.flatMap(line => {
        const device = line.split(" ")[0]!,
            what = parts.words(device);
        if (!what || !/\b(drop|shot|police|netem|mirred)\b/.test(line)) return [];
        return [
            {
                words: `${what} has traffic control: a filter that drops or turns away`,
                mend: `tc qdisc del dev ${quote(device)} ingress 2> /dev/null || tc qdisc del dev ${quote(device)} clsact`,
            },
        ];
    });
    return [...roots, ...drops];
}
