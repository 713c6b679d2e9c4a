import { checkTeams, sharedWithTeams } from "../../../cli/hosts/teams";
import { teamHosts } from "../../../config/nodes";

const hosts = (central: string, compute: string, port?: number) => ({
    central: { address: central, ...(port && { port }) },
    compute: { address: compute },
});
const teams = {
    team01: { number: 1, hosts: hosts("gks-125", "gks-126") },
    team02: { number: 2, hosts: hosts("gks-127", "gks-128") },
};

test("the course's ten stacks and the lab's have nothing in common", () => {
    for (const stack of ["lab", ...Object.keys(teamHosts).map(n => `team${n}`)])
        expect(() => checkTeams(stack)).not.toThrow();
});

test("a host that is another team's is named with that team, whatever its role and spelling", () => {
    expect(sharedWithTeams("team03", { number: 3, hosts: hosts("gks-129", "GKS-125") }, teams)).toEqual([
        'hosts.compute.address: "GKS-125" is the central host of team01 too; allowed is a host that no other stack has',
    ]);
    // Reached through another port it is another machine.
    expect(sharedWithTeams("team03", { number: 3, hosts: hosts("gks-125", "gks-130", 2224) }, teams)).toEqual([]);
});

test("a number that is another team's; a stack is not at odds with itself", () => {
    expect(sharedWithTeams("mine", { number: 2, hosts: hosts("a", "b") }, teams)).toEqual([
        "number: 2 is the number of team02 too; allowed is one that no other stack has: MAC addresses are made of it",
    ]);
    expect(sharedWithTeams("team02", teams.team02, teams)).toEqual([]);
    expect(sharedWithTeams("mine", { number: 2, lab: "mine" }, teams)).toEqual([]);
    expect(sharedWithTeams("lab", { lab: "lab" }, teams)).toEqual([]);
});

test("an uplink's id that is another team's, be it for another network; of another kind it is another wire", () => {
    const own = (uplinks: object) =>
        sharedWithTeams(
            "team03",
            { number: 3, hosts: hosts("a", "b"), uplinks },
            { team01: { ...teams.team01, uplinks: { internal: { vxlan: {} } } } },
        );
    expect(own({ internal: { vxlan: {} }, private: { vxlan: {} } })).toEqual([]);
    expect(own({ private: { vxlan: { id: 1002 } } })).toEqual([
        "uplinks.private.vxlan.id: 1002 is the id of the network internal of team01 too; allowed is one that no other stack has",
    ]);
    expect(own({ private: { vlan: { nic: "eth1", id: 1002 } } })).toEqual([]);
});
