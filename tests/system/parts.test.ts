import { Parts } from "../../system/parts";

/** Parts of a preparation, with a clock that the test moves. */
function preparation(about: Record<string, number>) {
    const said: string[] = [];
    let now = 0;
    const parts = new Parts({ note: line => said.push(line) }, about, () => now * 1000);
    const taking = (seconds: number) => async () => {
        now += seconds;
    };
    return { said, parts, taking };
}

test("at the end of a part it is told what is left and about how long", async () => {
    const { said, parts, taking } = preparation({ engine: 430, root: 60, archive: 50 });
    await parts.part("root", taking(70));
    await parts.part("engine", taking(400));
    expect(said).toEqual(["still to come: engine, archive; about 8 min", "still to come: archive; about 50 s"]);
});

test("of a part that has begun half of the time since counts as done, and never all of it", async () => {
    const { said, parts, taking } = preparation({ engine: 400, root: 60, images: 60 });
    let end = () => undefined as void;
    const engine = parts.part("engine", () => new Promise<void>(resolve => (end = resolve)));
    await parts.part("root", taking(200));
    await parts.part("images", taking(1000));
    expect(said).toEqual(["still to come: engine, images; about 6 min", "still to come: engine; about 40 s"]);
    end();
    await engine;
});

test("nothing is said of what was just there, nor when nothing is left", async () => {
    const { said, parts, taking } = preparation({ engine: 430, root: 60 });
    await parts.part("engine", taking(1));
    await parts.part("root", taking(60));
    expect(said).toEqual([]);
});

test("a part that fails is still to come", async () => {
    const { said, parts, taking } = preparation({ engine: 60, root: 60 });
    await expect(parts.part("engine", () => Promise.reject(new Error("no Go")))).rejects.toThrow("no Go");
    await parts.part("root", taking(60));
    expect(said).toEqual(["still to come: engine; about 30 s"]);
});
