/** A resource's name, the last part of its urn. */
export const nameOf = (urn: string): string => urn.split("::").pop()!;

/** `pulumi-nodejs:dynamic/keystone:Tenant` → `keystone:Tenant`. */
export const shortType = (type: string): string => {
    const parts = type.split(":");
    return `${parts[1]!.split("/").pop()}:${parts[2]}`.replace(/^(?:index|Stack):/, `${parts[0]}:`);
};
