import type { RunScript } from "../../../clients/ssh";
import { clockHandler } from "../../../providers/machine/clock";
import { FakeClock } from "../../clients/fake-clock";

/** Starts of the machine's kernel and of the operator's. */
export const BOOT = "11111111-2222-3333-4444-555555555555",
    OWN = "99999999-2222-3333-4444-555555555555";

interface FakeMachine {
    ahead: number;
    speed: number;
    /** Seconds that an answer takes. */
    takes: number;
    boot: string;
    sources: Record<string, number>;
    /** A server of time keeps it: it is ahead again as soon as it is set. */
    kept: boolean;
    synchronized: boolean;
}

/** A machine with a clock of its own, beside the operator's. */
export function machineWithClock(own: Partial<FakeMachine> = {}) {
    const clock = new FakeClock();
    const it = { ahead: 0, speed: 1, takes: 0.02, boot: BOOT, sources: {}, kept: false, synchronized: false, ...own };
    const told: string[] = [];
    let since = clock.elapsed(),
        date = clock.now() + it.ahead,
        uptime = 100;
    const go = () => {
        const counted = (clock.elapsed() - since) * it.speed;
        [date, uptime, since] = [date + counted, uptime + counted, clock.elapsed()];
    };
    const answer = (script: string): string => {
        go();
        const [, set] = /^date -u -s @(\d+\.\d{3}) /m.exec(script) ?? [],
            [, source] = /^echo (\w+) > \S+\/current_clocksource$/.exec(script) ?? [];
        if (set !== undefined) {
            told.push("set");
            date = Number(set) + (it.kept ? it.ahead : 0);
        } else if (source !== undefined) {
            told.push(source);
            it.speed = it.sources[source]!;
        } else if (script.includes("available_clocksource")) return `sources ${Object.keys(it.sources).join(" ")}\n`;
        else if (script.includes("list-units")) return "running cinder-api\nrunning mysql\nport 0016\nport 2248\n";
        else if (script.includes("say restarted ")) told.push(/^for s in '(.*)'; do$/m.exec(script)![1]!);
        else if (script.includes("nothing listens")) told.push(script.match(/(?<=^listening )\w+/gm)!.join(" "));
        else if (script.includes("timedatectl ")) return `kept ${it.synchronized ? "yes" : "no"}\n`;
        else return `date ${date.toFixed(9)}\nuptime ${uptime.toFixed(2)}\nboot ${it.boot}\n`;
        return "";
    };
    const run: RunScript = async (_to, script) => {
        clock.pass(it.takes / 2);
        const stdout = answer(script);
        clock.pass(it.takes / 2);
        return { code: 0, stdout, stderr: "" };
    };
    return { it, clock, told, run, handler: clockHandler(run, clock, () => OWN) };
}
