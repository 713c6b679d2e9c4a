/** The passwords that the tutorial prints, and one for the account that only newer releases have. */
const tutorial = {
    mysqlRoot: "mysql",
    adminToken: "ADMIN",
    adminPassword: "keystoneAdmin",
    rabbitPassword: "guest",
    keystoneDatabase: "keystonePass",
    glanceDatabase: "glancePass",
    cinderDatabase: "cinderPass",
    novaDatabase: "novaPass",
    glanceUser: "glanceServ",
    cinderUser: "cinderServ",
    novaUser: "novaServ",
    placementUser: "placementServ",
};
/** The cloud's passwords; every one is a secret of the stack. */
export type Credentials = Record<keyof typeof tutorial, string>;
export const tutorialCredentials: Credentials = tutorial;

/** Names of the passwords that a stack may set. */
export const credentialNames = Object.keys(tutorial) as (keyof Credentials)[];

/** A service with a database: the database's password is SERVICEDatabase. */
export type ServiceName = NameBefore<"Database">;
/** An account in the tenant `service`: its password is ACCOUNTUser. */
export type AccountName = NameBefore<"User">;
type NameBefore<What extends string> = keyof Credentials extends infer Name
    ? Name extends `${infer Before}${What}`
        ? Before
        : never
    : never;

const namesBefore = (what: string): string[] =>
    credentialNames.filter(name => name.endsWith(what)).map(name => name.slice(0, -what.length));
export const serviceNames = namesBefore("Database") as ServiceName[];

/** All of OpenStack's programs and folders are called by these: placement has its database in nova's. */
export const softwareNames: readonly string[] = [...serviceNames, "placement"];

/** Under which name the configuration has a service's password for its database (D3). */
export const databasePassword = <Name extends ServiceName>(service: Name) => `${service}Database` as const;
/** Under which name the configuration has the password that a service logs in at identity with. */
export const servicePassword = <Name extends AccountName>(account: Name) => `${account}User` as const;
/** Those of the services that have them in a paste file; placement has none. */
export const pastePasswords = (namesBefore("User") as AccountName[])
    .filter(account => account !== "placement")
    .map(servicePassword);
