import type { HttpResponse } from "./http";

/** An agent of nova or cinder as its service list shows it. */
export interface ServiceState {
    binary: string;
    host: string;
    zone: string;
    status: string;
    /** `up` where it reports itself. */
    state: string;
    updated_at: string | null;
    /** Seconds since it reported itself last, by the clock of whoever tells; absent where that clock is not known, or it never did. */
    age?: number;
}

/** Who has not reported himself for longer is down: nova's and cinder's service_down_time. */
const DOWN_SECONDS = 60;

/** When a service reported itself last, in milliseconds, by whatever clock wrote that; the time is UTC, whether it says so or not. */
export const reportedAt = ({ updated_at }: ServiceState): number =>
    updated_at === null ? 0 : Date.parse(/[Zz]$|[+-]\d\d:\d\d$/.test(updated_at) ? updated_at : `${updated_at}Z`);

/** The services in an answer of os-services. Whether one is up is judged by its age too: cinder of Grizzly calls up whatever it has ever heard of. */
export function servicesIn(answer: HttpResponse): ServiceState[] {
    const now = Date.parse(answer.headers.date ?? "");
    return answer.list<ServiceState>("services").map(service => {
        const age = service.updated_at === null ? NaN : (now - reportedAt(service)) / 1000;
        if (Number.isNaN(age)) return service;
        return { ...service, age, state: Math.abs(age) > DOWN_SECONDS ? "down" : service.state };
    });
}
