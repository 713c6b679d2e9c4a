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
    /**
     * Seconds since its last report, by the clock of the answer. Absent if that clock is not known, or without any
     * report.
     */
    age?: number;
}

/** A service whose last report is older is down: nova's and cinder's service_down_time. */
const DOWN_SECONDS = 60;

/** Time of a service's last report in milliseconds, by the clock that wrote it. It is UTC, with or without a zone. */
export const reportedAt = ({ updated_at }: ServiceState): number =>
    updated_at === null ? 0 : Date.parse(/[Zz]$|[+-]\d\d:\d\d$/.test(updated_at) ? updated_at : `${updated_at}Z`);

/**
 * The services in an answer of os-services. A service is up only with a recent report: cinder of Grizzly calls up every
 * service that ever reported itself.
 */
export function servicesIn(answer: HttpResponse): ServiceState[] {
    const now = Date.parse(answer.headers.date ?? "");
    return answer.list<ServiceState>("services").map(service => {
        const age = service.updated_at === null ? NaN : (now - reportedAt(service)) / 1000;
        if (Number.isNaN(age)) return service;
        return { ...service, age, state: Math.abs(age) > DOWN_SECONDS ? "down" : service.state };
    });
}
