import * as z from "zod";

/** The passwords that a stack may set itself. */
export const credentialsSchema = z.strictObject({
    mysqlRoot: z.string().min(1),
    adminToken: z.string().min(1),
    adminPassword: z.string().min(1),
    rabbitPassword: z.string().min(1),
    keystoneDatabase: z.string().min(1),
    glanceDatabase: z.string().min(1),
    cinderDatabase: z.string().min(1),
    novaDatabase: z.string().min(1),
    glanceUser: z.string().min(1),
    cinderUser: z.string().min(1),
    novaUser: z.string().min(1),
    placementUser: z.string().min(1),
});
/** The cloud's passwords; every one is a secret of the stack. */
export type Credentials = z.infer<typeof credentialsSchema>;

/** Names of the passwords that a stack may set. */
export const credentialNames = Object.keys(credentialsSchema.shape) as (keyof Credentials)[];

/** The passwords that the tutorial prints, and one for the account that only newer releases have. */
export const tutorialCredentials: Credentials = {
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
