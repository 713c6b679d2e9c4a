import { machineCertificates } from "../../system/certificates";
import { run } from "../../system/run";
import { CERTIFICATES_INSIDE } from "./in-root";

/** Parses `pip config list`: lines like `global.index-url='…'` and `:env:.timeout='180'`, later ones first. */
export function parsePipConfig(text: string): Record<string, string> {
    const settings: Record<string, string> = {};
    for (const line of text.split("\n")) {
        const found = /^(?:global|install|wheel|download|:env:)\.([\w-]+)=(['"])(.*)\2$/.exec(line.trim());
        if (found) settings[found[1]!] ??= found[3]!;
    }
    return settings;
}

/**
 * This machine's way to its package index, as environment for a pip in a root folder. Folders of this machine and
 * its own certificates' place mean nothing there.
 */
export async function pipEnvironment(): Promise<Record<string, string>> {
    const listed = await run("python3", ["-m", "pip", "config", "list"], { allowFailure: true }).catch(() => undefined);
    const settings = parsePipConfig(listed?.code === 0 ? listed.stdout : "");
    for (const [name, value] of Object.entries(process.env)) {
        if (/^PIP_\w+$/.test(name) && value) settings[name.slice(4).toLowerCase().replace(/_/g, "-")] = value;
    }
    const env: Record<string, string> = {
        PIP_DISABLE_PIP_VERSION_CHECK: "1",
        PIP_DEFAULT_TIMEOUT: "180",
        PIP_NO_CACHE_DIR: "1",
    };
    for (const [name, value] of Object.entries(settings)) {
        if (
            ![
                "index-url",
                "extra-index-url",
                "trusted-host",
                "proxy",
                "retries",
                "default-timeout",
                "timeout",
            ].includes(name)
        )
            continue;
        env[`PIP_${name.toUpperCase().replace(/-/g, "_")}`] = value;
    }
    if (machineCertificates() !== undefined) env["PIP_CERT"] = CERTIFICATES_INSIDE;
    return env;
}
