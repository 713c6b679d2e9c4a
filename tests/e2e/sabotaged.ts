import type { Variant } from "../../cli/sabotage/exercises";
import { choose, nameOf } from "../../cli/sabotage/sabotage";
import type { TestCloud } from "./test-cloud";

/** What one row of the table took, in seconds, and what was found. */
export interface Row {
    name: string;
    causes: string[];
    diagnose: number;
    mend: number;
    check: number;
    ups: number;
}

const optionOf: Record<string, string> = {
    S2: "rabbit_host",
    S5: "sql_connection",
    S6: "admin_password",
    S7: "iscsi_ip_address",
    S10: "auto_assign_floating_ip",
};

/** What a diagnosis has to say of a sabotage: the resource and the property. */
function causeOf(name: string, { node, file, name: variant }: Variant): RegExp {
    const exercise = name.split("-")[0]!;
    if (file !== undefined) return new RegExp(`^${file} on ${node} .*\\b${optionOf[exercise]}\\b`);
    switch (exercise) {
        case "S1":
            return new RegExp(`^user ${variant} has no longer the role admin in tenant service$`);
        case "S3":
            return new RegExp(`^/var/lib/nova/instances on ${node} holds .*backup\\.img`);
        case "S4":
            return new RegExp(`^${variant === "rabbitmq" ? "rabbitmq-server" : variant} on ${node} is stopped`);
        case "S8":
            return /^the floating addresses 172\.16\.1\.0\/24 are gone/;
        case "S9":
            return /^the floating addresses 172\.16\.1\.0\/24 .*172\.61\.1\.1/;
        default:
            throw new Error(`no cause is known for ${name}`);
    }
}

/** One way to break a cloud. */
export interface Broken {
    name: string;
    variant: Variant;
}

/** @param seed chooses among the ways of `wanted`, or among all there are */
export function brokenBy(wanted: string | undefined, seed = 0): Broken {
    const chosen = choose(wanted, undefined, wanted === undefined, seed);
    return { name: nameOf(chosen), variant: chosen.variant };
}

/** Breaks a cloud. What is done by way of the cloud comes first, while that answers. */
export async function sabotage(cloud: TestCloud, broken: readonly Broken[]): Promise<void> {
    const asks = ({ name }: Broken): boolean => /^S[189]-/.test(name);
    for (const { name } of [...broken.filter(asks), ...broken.filter(b => !asks(b))])
        await cloud.succeeds("sabotage", cloud.stack, name);
}

/**
 * Follows a cloud that was broken until it is sound again: `diagnose` names each sabotage (of several at least
 * one: what another hides is named when that is mended), `up --refresh` mends, `check` passes, `up` has nothing to do.
 */
export async function mended(cloud: TestCloud, broken: readonly Broken[]): Promise<Row> {
    const { stack } = cloud,
        seconds = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
            const start = Date.now(),
                result = await work();
            return [Math.round((Date.now() - start) / 100) / 10, result];
        };
    const row: Row = { name: broken.map(b => b.name).join(" + "), causes: [], diagnose: 0, mend: 0, check: 0, ups: 0 };
    let unnamed = broken;
    do {
        const [diagnose, found] = await seconds(() => cloud.classroom("diagnose", stack, "--json"));
        const told = (JSON.parse(found.stdout) as { causes?: { cause: string; brokenByIt: string[] }[] }).causes ?? [],
            causes = told.map(c => c.cause);
        // A service that is stopped is told beneath a broken file that it reads.
        const still = unnamed.filter(
            ({ name, variant }) =>
                !told.some(
                    ({ cause, brokenByIt }) =>
                        causeOf(name, variant).test(cause) ||
                        (name.startsWith("S4-") && brokenByIt.some(resource => resource.endsWith(`-${variant.name}`))),
                ),
        );
        expect({ causes, code: found.code, named: unnamed.length > still.length }).toEqual({
            causes,
            code: 3,
            named: true,
        });
        const [mend] = await seconds(() => cloud.succeeds("up", stack, "--refresh"));
        Object.assign(row, {
            causes: [...row.causes, ...causes],
            diagnose: row.diagnose + diagnose,
            mend: row.mend + mend,
            ups: row.ups + 1,
        });
        unnamed = still;
    } while (unnamed.length > 0);
    const [check] = await seconds(() => cloud.succeeds("check", stack));
    expect(await cloud.classroom("up", stack)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^\d+ unchanged in /m),
    });
    return { ...row, check };
}
