import { list, text } from "../../clients/answer";
import { quote } from "../../clients/ssh";
import { Cidr } from "../../config/cidr";
import type { Settings } from "../../config/settings";
import { releaseOf } from "../../releases";
import { aptFacts } from "../../releases/apt-facts";

/** Something that a host, or the nodes behind it, fetches. */
export interface Fetched {
    /** Of the stack's file. */
    key: string;
    /** Its name in a sentence. */
    what: string;
    /** Where it is looked for: one of them is enough. */
    urls: readonly string[];
    /** The proxy for http that it is fetched through. */
    proxy?: string;
}

/** A line of sources.list: address and suite. */
const SOURCE = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/;

/** How long an answer may take. All are asked for at once. */
const SECONDS = 5;

/** The index files of an archive's suite, which apt reads first. @param line of sources.list */
export function releaseFiles(line: string): string[] {
    const [, base = "", suite = ""] = SOURCE.exec(line) ?? [],
        at = base.replace(/\/$/, "");
    // One without suites has its files beside its packages.
    const folder = suite.endsWith("/") ? `${at}/${suite.replace(/^\.?\//, "")}` : `${at}/dists/${suite}/`;
    return ["InRelease", "Release"].map(name => `${folder}${name}`);
}

/**
 * What is fetched for a stack's nodes, but for what only the cloud itself will serve, as a lab's archive.
 * @param image address of the virtual machines' image
 */
export function fetchedFor(settings: Settings, image: string | undefined): Fetched[] {
    const release = releaseOf(settings.release),
        { base } = aptFacts(release, settings),
        proxy = settings.aptProxy !== undefined && { proxy: settings.aptProxy };
    const archives = [
        ...(base ?? "").split("\n").map(line => ({ key: "baseArchiveUrl", line })),
        { key: "archiveUrl", line: release.archive(settings).line },
    ].flatMap(({ key, line }) => {
        const [, , suite] = SOURCE.exec(line) ?? [];
        return suite === undefined
            ? []
            : [{ key, what: `the package archive ${suite}`, urls: releaseFiles(line), ...proxy }];
    });
    return [
        ...archives,
        ...(image !== undefined
            ? [{ key: "goldenImage.url", what: "the image that virtual machines are made of", urls: [image] }]
            : []),
    ].filter(({ urls }) => /^https?:/.test(urls[0]!) && !isOwn(urls[0]!, settings));
}

/** Whether an address is one of the cloud's own networks. */
function isOwn(url: string, { plan: { ranges } }: Settings): boolean {
    const { hostname } = new URL(url);
    return (
        /^[\d.]+$/.test(hostname) &&
        [ranges.nat, ranges.internal, ranges.public].some(range => Cidr.parse(range).contains(hostname))
    );
}

/** A host's answer about a fetched file: its number, and `ok`, the server's answer, or a program's error. */
export const fetchedFields = { fetched: list(text(/\d{1,2} [ -~]{1,200}/)) };

/** Shell that answers with {@link fetchedFields}; where there is neither curl nor wget it says nothing. */
export const fetchedScript = (fetched: readonly Fetched[]): string =>
    `probe() { # number address…
    n=$1; shift; found=
    for u; do
        if has curl; then
            found=$(curl -sSIL -o /dev/null -w ' %{http_code}' --max-time ${SECONDS} "$u" 2>&1) || true
            case $found in *" 2"??) found=ok; break ;; *" 000") found=\${found% 000}; break ;; *) found=\${found##* } ;; esac
        elif has wget; then
            c=0; wget -q --spider -T ${SECONDS} -t 1 "$u" 2> /dev/null || c=$?
            case $c in 0) found=ok; break ;; 4) found="no connection"; break ;; 8) found="an error of the server's" ;; *) found="wget ended with code $c" ;; esac
        else return 0; fi
        # A server that does not answer is not asked for another file.
    done
    found=$(printf %s "$found" | tr -c '[:print:]' ' ' | cut -c 1-200)
    say fetched "$n \${found:-no answer}"
}
${fetched
    .map(
        ({ urls, proxy }, i) =>
            `(${proxy === undefined ? "" : `export http_proxy=${quote(proxy)}; `}probe ${i} ${urls.map(quote).join(" ")}) &`,
    )
    .join("\n")}
wait`;

/** A sentence for each thing that cannot be fetched. */
export const fetchedLacks = (wanted: readonly Fetched[], said: readonly string[]): string[] =>
    wanted.flatMap((asked, i) => {
        const line = said.find(answer => answer.startsWith(`${i} `)),
            found = line?.slice(`${i} `.length).trim() ?? "ok";
        if (found === "ok") return [];
        const why = /^\d{3}$/.test(found) ? `the server answers ${found}` : found;
        return `it cannot fetch ${asked.what} from ${asked.urls.at(-1)} (${why}): let it reach that address, or set ${asked.key}${asked.proxy === undefined ? "" : " or aptProxy"} to one that serves it`;
    });
