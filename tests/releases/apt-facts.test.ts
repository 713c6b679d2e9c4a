import { releaseOf } from "../../releases";
import { aptFacts } from "../../releases/apt-facts";

const [grizzly, ocata] = [releaseOf("grizzly"), releaseOf("ocata")];
const periodic = 'APT::Periodic::Enable "0";\n';
const sources = (url: string) =>
    ["precise", "precise-updates", "precise-security"].map(suite => `deb ${url} ${suite} main universe\n`).join("");

test("Ubuntu 12.04 comes from where Ubuntu keeps what is out of support, security updates included", () => {
    expect(aptFacts(grizzly, {}).base).toBe(sources("http://old-releases.ubuntu.com/ubuntu"));
});

test("another archive of it is the stack's to name", () => {
    expect(aptFacts(grizzly, { baseArchiveUrl: "http://mirror.example.org/precise" }).base).toBe(
        sources("http://mirror.example.org/precise"),
    );
});

test("its own daily apt does nothing", () => {
    expect(aptFacts(grizzly, {}).settings).toBe(periodic);
});

test("a proxy stands beside that", () => {
    expect(aptFacts(grizzly, { aptProxy: "http://cache.example.org:3142" }).settings).toBe(
        `${periodic}Acquire::http::Proxy "http://cache.example.org:3142";\n`,
    );
});

test("machines of another release are left as they are", () => {
    expect(aptFacts(ocata, {})).toEqual({});
});

test("they too go through a proxy", () => {
    expect(aptFacts(ocata, { aptProxy: "http://cache.example.org:3142/" })).toEqual({
        settings: 'Acquire::http::Proxy "http://cache.example.org:3142/";\n',
    });
});
