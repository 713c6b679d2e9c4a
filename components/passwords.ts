import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type Settings } from "../config/settings";
import { credentialNames, type Credentials } from "../config/credentials";

export type PasswordName = keyof Credentials;

/** Letters and digits alone, because the files quote in a dozen ways. 24 of them are 142 bits. */
const shape = { length: 24, special: false } as const;

/** Stands for a password in a text, so that it can be seen whether it is in it; nothing that quotes changes it. */
const mark = (name: PasswordName): string => `_${name}_`;
/** A mark for each password. It stands for the password in a run that must only find the password's uses. */
export const marks = Object.fromEntries(credentialNames.map(name => [name, mark(name)])) as unknown as Credentials;

/** Told of each password that is generated, as soon as it is known. */
export type OnGenerated = (name: PasswordName, password: string) => void;

export interface PasswordsArgs extends Pick<Settings, "credentials" | "rotations"> {
    onGenerated?: OnGenerated;
}

/**
 * The cloud's passwords: those of the configuration, and a random one for each other account, made at its first use. The resources'
 * dependencies bring a new password into the cloud in this order:
 *
 * 1. The account of the database or the queue. Open connections stay.
 * 2. The files with the password, and the restart of the services that read them.
 * 3. The user of keystone, who has one password only. The service that logs in is starting anyway.
 */
export class Passwords {
    private readonly generated = new Map<PasswordName, pulumi.Output<string>>();
    private readonly accounts = new Map<PasswordName, pulumi.Resource[]>();
    private readonly files = new Map<PasswordName, pulumi.Resource[]>();
    private tellComplete!: () => void;
    private readonly complete = new Promise<void>(resolve => {
        this.tellComplete = resolve;
    });

    constructor(
        private readonly name: string,
        private readonly args: PasswordsArgs,
        private readonly opts?: pulumi.CustomResourceOptions,
    ) {}

    /** One password; secret. */
    of(name: PasswordName): pulumi.Input<string> {
        return this.args.credentials[name] ?? this.generatedOf(name);
    }

    /** A value made of passwords. It depends on its own passwords alone, and is known when they are. */
    in<T>(make: (credentials: Credentials) => T): pulumi.Input<T> {
        const { credentials: own } = this.args;
        const later = this.namesIn(make).filter(name => own[name] === undefined);
        if (later.length === 0) return make({ ...marks, ...own });
        return pulumi
            .all(later.map(name => this.generatedOf(name)))
            .apply(values =>
                make({ ...marks, ...own, ...Object.fromEntries(later.map((name, i) => [name, values[i]!])) }),
            );
    }

    /** Names of the passwords in a value. */
    namesIn(make: (credentials: Credentials) => unknown): PasswordName[] {
        const text = JSON.stringify(make(marks)) ?? "";
        return credentialNames.filter(name => text.includes(mark(name)));
    }

    /** Records a resource as an account that accepts a password. */
    letInBy(name: PasswordName, account: pulumi.Resource): void {
        this.accounts.set(name, [...(this.accounts.get(name) ?? []), account]);
    }

    /** Says that a resource is a file with some passwords in it. */
    heldBy(names: readonly PasswordName[], file: pulumi.Resource): void {
        for (const name of names) this.files.set(name, [...(this.files.get(name) ?? []), file]);
    }

    /** The accounts that accept some passwords. The passwords' files are written after them. */
    accountsOf(names: readonly PasswordName[]): pulumi.Resource[] {
        return [...new Set(names.flatMap(name => this.accounts.get(name) ?? []))];
    }

    /** The files that hold a password, those of nodes that are yet to be made too: known after {@link allMade}. */
    async filesOf(name: PasswordName): Promise<pulumi.Resource[]> {
        await this.complete;
        return this.files.get(name) ?? [];
    }

    /** Everything that holds a password is made. */
    allMade(): void {
        this.tellComplete();
    }

    private generatedOf(name: PasswordName): pulumi.Output<string> {
        const known = this.generated.get(name);
        if (known) return known;
        const rotation = this.args.rotations[name];
        const { result } = new random.RandomPassword(
            `${this.name}-${name}`,
            { ...shape, ...(rotation && { keepers: { rotation: String(rotation) } }) },
            this.opts,
        );
        // Before anybody else has it.
        const told = result.apply(password => {
            this.args.onGenerated?.(name, password);
            return password;
        });
        this.generated.set(name, told);
        return told;
    }
}
