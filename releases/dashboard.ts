import type { DashboardRequest } from "../clients/dashboard";

/** What the dashboard's pages send where a person presses their buttons. */
export interface DashboardPages {
    launch(instance: { name: string; imageId: string; flavorId: string; keyName: string }): DashboardRequest;
    /** A raw image that only the tenant sees. */
    upload(image: { name: string; data: Buffer }): DashboardRequest;
    snapshot(of: { instanceId: string; name: string }): DashboardRequest;
    createVolume(volume: { name: string; sizeGb: number }): DashboardRequest;
}

/** Horizon of Grizzly (2013.1): forms of Django, of which the launch is one of several steps that are sent at once. */
export const grizzlyPages: DashboardPages = {
    launch: ({ name, imageId, flavorId, keyName }) => ({
        path: "project/instances/launch",
        fields: {
            source_type: "image_id",
            image_id: imageId,
            instance_snapshot_id: "",
            name,
            flavor: flavorId,
            count: "1",
            keypair: keyName,
            groups: "default",
            volume_type: "",
            volume_id: "",
            volume_snapshot_id: "",
            device_name: "vda",
            customization_script: "",
        },
    }),
    upload: ({ name, data }) => ({
        path: "project/images_and_snapshots/create/",
        fields: { name, copy_from: "", disk_format: "raw", minimum_disk: "", minimum_ram: "" },
        file: { field: "image_file", data },
    }),
    snapshot: ({ instanceId, name }) => ({
        path: `project/images_and_snapshots/${instanceId}/create`,
        fields: { instance_id: instanceId, name },
    }),
    createVolume: ({ name, sizeGb }) => ({
        path: "project/volumes/create/",
        fields: { name, description: "", type: "", size: String(sizeGb), encryption: "", snapshot_source: "" },
    }),
};

/** Horizon of Pike (12): instances and images by programs in the browser, snapshots and volumes still by forms. */
export const pikePages: DashboardPages = {
    launch: ({ name, imageId, flavorId, keyName }) => ({
        path: "api/nova/servers/",
        json: {
            config_drive: false,
            user_data: "",
            disk_config: "AUTO",
            instance_count: 1,
            name,
            scheduler_hints: {},
            security_groups: ["default"],
            create_volume_default: true,
            flavor_id: flavorId,
            source_id: imageId,
            key_name: keyName,
            nics: [],
        },
    }),
    upload: ({ name, data }) => {
        const image = {
            source_type: "file-legacy",
            name,
            disk_format: "raw",
            container_format: "bare",
            min_disk: 0,
            min_ram: 0,
            visibility: "private",
            protected: false,
            properties: {},
        };
        return {
            path: "api/glance/images/",
            // The one field that keeps what is a number and what is not, beside the file.
            fields: { $$originalJSON: JSON.stringify(image) },
            file: { field: "data", data },
        };
    },
    snapshot: ({ instanceId, name }) => ({
        path: `project/images/${instanceId}/create/`,
        fields: { instance_id: instanceId, name },
    }),
    createVolume: ({ name, sizeGb }) => ({
        path: "project/volumes/create/",
        fields: {
            name,
            description: "",
            volume_source_type: "no_source_type",
            snapshot_source: "",
            image_source: "",
            volume_source: "",
            type: "",
            size: String(sizeGb),
            availability_zone: "nova",
        },
    }),
};
