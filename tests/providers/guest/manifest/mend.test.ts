import { mendingOf, readersOf } from "../../../../providers/guest/manifest/mend";

test("a file belongs to the services of its path's words", () => {
    const services = ["nova-api", "nova-scheduler", "mysql", "rabbitmq-server"];
    expect(readersOf("/etc/nova/api-paste.ini", services)).toEqual(["nova-api", "nova-scheduler"]);
    expect(readersOf("/etc/systemd/system/rabbitmq-server.service.d/x.conf", services)).toEqual(["rabbitmq-server"]);
    expect(readersOf("/etc/innovation.conf", services)).toEqual([]);
});

test("a card gets its MTU back before it is up again; for a full disk nothing can be done", () => {
    expect(
        mendingOf({
            kind: "links",
            name: "eth1",
            how: "changed",
            now: "down with MTU 900",
            before: "up with MTU 1500",
            words: "",
        }),
    ).toBe("ip link set 'eth1' mtu '1500'; ip link set 'eth1' up");
    expect(mendingOf({ kind: "full", line: "/ disk", how: "added", words: "" })).toBeUndefined();
});
