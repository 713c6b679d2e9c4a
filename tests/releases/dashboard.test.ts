import { grizzlyPages, pikePages } from "../../releases/dashboard";

const instance = { name: "n", imageId: "i", flavorId: "6", keyName: "k" };

/** The fields of LaunchInstance's steps in Horizon 2013.1.5 (dashboards/project/instances/workflows/create_instance.py) that have to be there. */
test("Grizzly's form of an instance has every field that its steps demand", () => {
    const { path, fields } = grizzlyPages.launch(instance);
    expect(path).toBe("project/instances/launch");
    expect(fields).toMatchObject({
        source_type: "image_id",
        image_id: "i",
        name: "n",
        flavor: "6",
        count: "1",
        keypair: "k",
        groups: "default",
    });
});

/** Servers.post in openstack_dashboard/api/rest/nova.py of Horizon 12: these are demanded, null or not. */
test("Pike's request for an instance has every key that its API demands", () => {
    const { json } = pikePages.launch(instance);
    expect(json).toMatchObject({
        name: "n",
        source_id: "i",
        flavor_id: "6",
        key_name: "k",
        user_data: "",
        security_groups: ["default"],
    });
});

/** CreateImageForm of 2013.1.5 wants exactly one of a file and an address. */
test("an image is uploaded as a file, without an address", () => {
    const data = Buffer.from("x");
    expect(grizzlyPages.upload({ name: "n", data })).toMatchObject({
        fields: { name: "n", copy_from: "", disk_format: "raw" },
        file: { field: "image_file", data },
    });
    const pike = pikePages.upload({ name: "n", data });
    expect([pike.file, JSON.parse(pike.fields!["$$originalJSON"]!)]).toEqual([
        { field: "data", data },
        expect.objectContaining({ name: "n", disk_format: "raw", container_format: "bare", visibility: "private" }),
    ]);
});

test.each([
    [grizzlyPages, "project/images_and_snapshots/ID/create"],
    [pikePages, "project/images/ID/create/"],
])("a snapshot is asked for at the instance's own form", (pages, path) => {
    expect(pages.snapshot({ instanceId: "ID", name: "n" })).toEqual({ path, fields: { instance_id: "ID", name: "n" } });
});

test.each([grizzlyPages, pikePages])("a volume has its size as a number of GiB", pages => {
    expect(pages.createVolume({ name: "n", sizeGb: 2 })).toMatchObject({
        path: "project/volumes/create/",
        fields: { name: "n", size: "2" },
    });
});
