import { run } from "../../system/run";

let apt: Promise<unknown> = Promise.resolve();

/** Work with the machine's own apt, one after another: builds that run side by side would find it locked. */
export async function withApt<T>(work: () => Promise<T>): Promise<T> {
    const done = apt.then(work, work);
    apt = done;
    return await done;
}

/** One line of `apt-get indextargets`: an index that the machine's apt reads. */
interface AptTarget {
    origin: string;
    label: string;
    component: string;
    uri: string;
}

/** Parses `apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)'`. */
export function parseTargets(text: string): AptTarget[] {
    return text
        .split("\n")
        .filter(line => line.includes("|"))
        .map(line => {
            const [origin = "", label = "", component = "", uri = ""] = line.trim().split("|");
            return { origin, label, component, uri };
        });
}

/** The Debian archive itself among the targets, not its security or third-party companions. */
export function chooseMirror(targets: readonly AptTarget[]): string | undefined {
    return targets.find(t => t.origin === "Debian" && t.label === "Debian" && t.component === "main")?.uri;
}

/**
 * The Debian mirror this machine is configured to use; undefined on a machine that has none
 * (another distribution), where mmdebstrap's own default applies.
 */
export async function debianMirror(): Promise<string | undefined> {
    const format = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)";
    const ask = async () =>
        chooseMirror(
            parseTargets(
                (
                    await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], {
                        allowFailure: true,
                    })
                ).stdout,
            ),
        );
    return await withApt(async () => {
        const known = await ask();
        if (known !== undefined) return known;
        // The origin is only known after the lists were read once, which a fresh container has not done.
        await run("apt-get", ["update", "-q"], { timeoutSeconds: 300, allowFailure: true });
        return await ask();
    });
}
