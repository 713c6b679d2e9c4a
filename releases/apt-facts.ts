import type { Settings } from "../config/settings";
import type { Release } from "./release";

/** What apt of a release's machines goes by, beside the archive of OpenStack itself (A1). */
export interface AptFacts {
    /** The whole of /etc/apt/sources.list; left as it is where this is not given. */
    base?: string;
    /** Settings, a line each, as in /etc/apt/apt.conf. */
    settings?: string;
}

/** The system's own archives, and the settings of apt with the stack's proxy among them. */
export function aptFacts(
    { base }: Pick<Release, "base">,
    { baseArchiveUrl = base?.archiveUrl, aptProxy }: Pick<Settings, "baseArchiveUrl" | "aptProxy">,
): AptFacts {
    const settings = [
        ...(base?.settings ?? []),
        ...(aptProxy === undefined ? [] : [`Acquire::http::Proxy "${aptProxy}";`]),
    ];
    const text = (lines: readonly string[]) => lines.map(line => `${line}\n`).join("");
    return {
        ...(base && { base: text(base.suites.map(suite => `deb ${baseArchiveUrl} ${suite} ${base.components}`)) }),
        ...(settings.length > 0 && { settings: text(settings) }),
    };
}
