import { type ProgramResource, programOf } from "../../cli/render/program";
import { configured } from "../../cli/stack/reach";
import { refusals, refusedTo } from "../../components/members";
import type { Member } from "../../config/class-settings";
import { membersOf } from "../../engine/class-file";

jest.mock("../../engine/class-file", () => ({
    ...jest.requireActual<object>("../../engine/class-file"),
    membersOf: jest.fn(),
}));
const having = (...members: Member[]) => jest.mocked(membersOf).mockReturnValue(members);
const keysOf = (all: readonly ProgramResource[]) => all.filter(r => r.type === "guest:AuthorizedKeys");
/** A small part of the cloud is enough. */
const team = { ...configured("team01"), upTo: "auth-node" };
const rsa = "ssh-rsa AAAA ada@example.org";

test("a team's member has a resource on each host and node, with the bare key", async () => {
    having({ name: "Ada L", keys: [rsa] });
    const made = keysOf(await programOf("team01", team));
    expect(made.map(r => r.name)).toEqual(
        ["central", "compute", "db-node", "auth-node"].map(machine => `cloud-${machine}-members-Ada-20-L`),
    );
    expect(made[0]!.inputs).toMatchObject({ member: "Ada L", keys: ["ssh-rsa AAAA"] });
});

test("without members there is none", async () => {
    having();
    expect(keysOf(await programOf("team01", team))).toEqual([]);
});

test("a key of a kind that the nodes' sshd does not know is refused", async () => {
    having({ name: "Ada", keys: ["ssh-ed25519 AAAA"] });
    await expect(programOf("team01", team)).rejects.toThrow(
        "class.yaml has a mistake; nothing was changed\n  members of team01, Ada: a key of the kind ssh-ed25519, which the nodes of release grizzly do not know",
    );
});

test("on a lab no host, and no container without ids of its own, has a member's key; a virtual machine has", async () => {
    having({ name: "Ada", keys: ["ssh-ed25519 AAAA"] });
    const given = { ...configured("lab"), upTo: "auth-node", nodes: { "auth-node": { kind: "vm" } } };
    const machines = async (containerIds: unknown) =>
        keysOf(await programOf("lab", { ...given, containerIds })).map(r => r.name.split("-members")[0]!.slice(6));
    expect(await machines("host")).toEqual(["auth-node"]);
    expect(await machines(2013265920)).toEqual(["db-node", "auth-node"]);
});

test("where members get no key is told with the reason; of a team's own hosts and without members nothing is", () => {
    const lab = {
        lab: "lab",
        made: ["db-node", "volume-node"] as const,
        kindOf: (node: string) => (node === "volume-node" ? ("vm" as const) : ("container" as const)),
        containerIds: "host" as const,
        number: 0,
    };
    having({ name: "Ada", keys: [rsa] });
    expect(refusals("lab", lab)).toEqual([
        "members of lab get no key on central, compute: root of a lab's host is root of the machine that it is on",
        "members of lab get no key on db-node: it is a container without ids of its own, so its root is root of the machine",
    ]);
    expect(refusedTo({ ...lab, lab: undefined })).toEqual([]);
    having();
    expect(refusals("lab", lab)).toEqual([]);
});
