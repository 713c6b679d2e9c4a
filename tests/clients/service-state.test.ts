import { type ServiceState, servicesIn } from "../../clients/service-state";
import { HttpResponse } from "../../clients/http";

const date = "Mon, 23 Nov 2026 22:37:00 GMT";
const judged = (updated_at: string | null, state = "up", headers: Record<string, string> = { date }) => {
    const service: ServiceState = { binary: "b", host: "h", zone: "nova", status: "enabled", state, updated_at };
    const answer = new HttpResponse(200, headers, Buffer.from(JSON.stringify({ services: [service] })));
    const [{ state: found, age }] = servicesIn(answer) as [ServiceState];
    return [found, age];
};

test.each([
    ["lately", "2026-11-23T22:36:54.000000", "up", 6],
    ["lately, and told in UTC", "2026-11-23T22:36:54Z", "up", 6],
    ["a minute ago", "2026-11-23T22:36:00.000000", "up", 60],
    ["more than a minute ago", "2026-11-23T22:35:59.000000", "down", 61],
    ["in two hours, as where a clock was put right", "2026-11-24T00:37:00.000000", "down", -7200],
])("who reported himself %s", (_name, updated_at, state, age) => {
    expect(judged(updated_at)).toEqual([state, age]);
    expect(judged(updated_at, "down")).toEqual(["down", age]);
});

test("where nothing is known of the clock or of a report, what is told counts", () => {
    for (const state of ["up", "down"]) {
        expect(judged(null, state)).toEqual([state, undefined]);
        expect(judged("2026-11-23T22:36:54.000000", state, {})).toEqual([state, undefined]);
    }
});
