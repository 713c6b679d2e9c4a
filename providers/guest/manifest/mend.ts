import type { Connection } from "../../../clients/connection";
import { quote, type RunScript } from "../../../clients/ssh";
import { messageOf } from "../../../system/errors";
import { recordNotices } from "../../../system/handed-over";
import { toText } from "../file-text";
import { asideDir, writeFile } from "../machine-files";
import { type Ready, restart } from "../restarts";
import { addressMending } from "./addresses";
import type { Difference, FileAspect } from "./compare";
import type { Kind } from "./kind";
import { type KindName, kinds } from "./kinds";
import type { FileFacts } from "./reading";
import type { Manifest, Store } from "./store";

/** A node's services: those that run restart when files of theirs were put back. */
export interface Services {
    services: readonly string[];
    /** The ports of those that listen. */
    ready: Ready;
}

/** A path that a script can name: not with the character that ends a script's line on its way. */
const isPlain = (path: string): boolean => !path.includes("\x01");

type FileDifference = Extract<Difference, { file: string }>;
const isOfFile = (difference: Difference): difference is FileDifference => "file" in difference;

type Thing = Exclude<Difference, FileDifference>;

/** Shell that mends a thing that is no file; none where nothing can be done. */
export function mendingOf(difference: Thing): string | undefined {
    const mend = (kinds[difference.kind] as Kind).mend;
    return difference.how === "changed"
        ? mend?.changed?.(difference.name, difference.now, difference.before)
        : mend?.[difference.how]?.(difference.line);
}

/** The file that a thing is a line of. */
function fileOf(thing: Thing): string | undefined {
    const { inFile }: Kind = kinds[thing.kind];
    return inFile?.("line" in thing ? thing.line : thing.name);
}

/** Shell for things that are no files, one kind after another: an address comes before the routes that need it. */
function scriptsOf(things: readonly Thing[]): string[] {
    return (Object.keys(kinds) as KindName[]).flatMap(name => {
        const some = things.filter(({ kind }) => kind === name);
        return name === "addresses"
            ? addressMending(some)
            : gatewaysLast(some).flatMap(thing => mendingOf(thing) ?? []);
    });
}

/** A route over a gateway comes after the one to its gateway; all else stays in its order. */
function gatewaysLast(things: readonly Thing[]): Thing[] {
    const isOver = (thing: Thing) => Number(thing.kind === "routes" && "line" in thing && thing.line.includes(" via "));
    return [...things].sort((a, b) => isOver(a) - isOver(b));
}

/** The services that a file belongs to, by its path's words: /etc/nova/api-paste.ini is of nova-api, nova-scheduler … */
export function readersOf(path: string, services: readonly string[]): string[] {
    // A drop-in of all units; and MySQL's unit, where another program is the server.
    if (/\/systemd\/(system|system\.control)\/service\.d(\/|$)/.test(path)) return [...services];
    const parts = path.replace(/\bmariadb(?=\.service)/, "mysql").split(/[^A-Za-z0-9]+/);
    return services.filter(service => parts.includes(service.split(/[^A-Za-z0-9]/)[0]!));
}

/** Puts a node back to what its manifest says, in the given differences. What cannot be done is left; the next reading finds it. */
export class Mending {
    constructor(
        private readonly run: RunScript,
        private readonly on: Connection,
        private readonly store: Store,
        private readonly manifest: Manifest,
    ) {}

    async mend(differences: readonly Difference[], { services, ready }: Services): Promise<void> {
        const all = differences.flatMap(difference => (isOfFile(difference) ? [] : [difference])),
            // Where packages were installed or upgraded, files are theirs: one of before would be half of another version.
            theirs = all.some(({ kind }) => kind === "packages"),
            things = all.filter(({ kind }) => !theirs || kind !== "executables"),
            files = theirs ? [] : differences.filter(isOfFile).filter(({ file }) => isPlain(file));
        const hides = ({ kind }: Thing) => kind === "mounts",
            locked = files.filter(({ aspect }) => aspect === "immutable");
        // First what hides files or locks them: a mount over them, an immutable bit.
        await this.script([
            ...scriptsOf(things.filter(hides)),
            ...locked.flatMap(difference => this.prepared(difference)),
            ...scriptsOf(things.filter(thing => !hides(thing))),
            ...files.filter(file => !locked.includes(file)).flatMap(difference => this.prepared(difference)),
        ]);
        await this.putBack(files);
        if (files.some(({ file }) => /systemd|\/etc\/init/.test(file)))
            await this.script([
                "if [ -d /run/systemd/system ]; then systemctl daemon-reload; else initctl reload-configuration; fi",
            ]);
        const restarted = new Set([
            ...[...files.map(({ file }) => file), ...things.flatMap(thing => fileOf(thing) ?? [])].flatMap(file =>
                readersOf(file, services),
            ),
            // Services ask for the name once: those that were started meanwhile go by the other one.
            ...(things.some(({ kind }) => kind === "hostName") ? services : []),
        ]);
        // A service whose own configuration is broken is mended by a later resource.
        await restart(this.run, this.on, [...restarted], ready).catch((e: unknown) =>
            console.warn(`${this.on.name}: ${recordNotices.unmended}${messageOf(e)}`),
        );
    }

    /** Each line by itself: one that fails holds up no other. Sent as input, for a command's length has a bound. */
    private async script(lines: readonly string[]): Promise<void> {
        if (lines.length === 0) return;
        const each = lines.map(line => `( ${line}\n) > /dev/null || true`);
        await this.run(this.on, 'all=$(cat); eval "$all"', {
            input: `set +e; a=${asideDir}/$(date +%Y%m%d-%H%M%S)\n${each.join("\n")}\n`,
            timeoutSeconds: 300,
        });
    }

    /** What comes before contents: what is in the way goes aside, folders and links come back. */
    private prepared({ file, aspect, within }: FileDifference): string[] {
        const p = quote(file),
            facts = this.manifest.reading.files[file];
        const kept = (command: "mv" | "cp -a") =>
                `umask 077; mkdir -p "$a"${quote(file.slice(0, file.lastIndexOf("/")))}; ${command} ${p} "$a"${p}`,
            aside = kept("mv"),
            steps: Record<FileAspect, string[]> = {
                immutable: [`chattr -i -a ${p}`],
                added: [`chattr -R -i -a ${p} 2> /dev/null; ${aside}`],
                type: [aside, ...this.made(file)],
                gone: [file, ...within].flatMap(path => this.made(path)),
                target: this.made(file),
                content: [kept("cp -a")],
                access: facts ? [...withinOf(file, facts), accessOf(file, facts)] : [],
                // Nobody can tell which of it belongs there.
                many: [],
            };
        return steps[aspect];
    }

    /** A folder or a link, made. */
    private made(path: string): string[] {
        const facts = this.manifest.reading.files[path],
            p = quote(path);
        if (!isPlain(path)) return [];
        if (facts?.type === "d") return [`mkdir -p ${p}; ${accessOf(path, facts)}`];
        return facts?.type === "l"
            ? [`ln -sfn ${quote(facts.target!)} ${p}; chown -h ${quote(`${facts.owner}:${facts.group}`)} ${p}`]
            : [];
    }

    private async putBack(differences: readonly FileDifference[]): Promise<void> {
        const lost = differences
            .filter(({ aspect }) => aspect === "content" || aspect === "gone" || aspect === "type")
            .flatMap(({ file, within }) => [file, ...within])
            .flatMap(path => {
                const facts = this.manifest.reading.files[path];
                return facts?.type === "f" && facts.digest && isPlain(path)
                    ? [{ path, facts, digest: facts.digest }]
                    : [];
            });
        if (lost.length === 0) return;
        const contents = await this.store.contents(
            this.manifest,
            lost.map(({ digest }) => digest),
        );
        // Owners are looked up by name: the names come first.
        const first = ({ path }: { path: string }) => /^\/etc\/(passwd|group|shadow|gshadow)$/.test(path);
        for (const { path, facts, digest } of [...lost.filter(first), ...lost.filter(file => !first(file))]) {
            const content = contents.get(digest);
            if (!content || content.includes(0)) continue;
            const access = { owner: facts.owner, group: facts.group, mode: facts.mode.padStart(4, "0") };
            // One that cannot be written holds up no other: the next reading finds it.
            await writeFile(this.run, this.on, path, toText(content), access).catch(() => undefined);
        }
    }
}

/** Of a folder of state or logs: what is in it was given away with it, as far as it is the same one's now. No link is followed. */
function withinOf(path: string, { type, owner, group }: FileFacts): string[] {
    if (type !== "d" || !/^\/var\/(lib|log)\//.test(path)) return [];
    const p = quote(path);
    return [
        `[ "$(stat -c %U ${p})" = ${quote(owner)} ] || chown -R -h --from="$(stat -c %u ${p})" ${quote(owner)} ${p}`,
        `[ "$(stat -c %G ${p})" = ${quote(group)} ] || chown -R -h --from=":$(stat -c %g ${p})" ${quote(`:${group}`)} ${p}`,
    ];
}

const accessOf = (path: string, { owner, group, mode }: FileFacts): string =>
    `chown ${quote(`${owner}:${group}`)} ${quote(path)}; chmod ${quote(mode.padStart(4, "0"))} ${quote(path)}`;
