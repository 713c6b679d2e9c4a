import { plot } from "../../bench/plot";

const points = (svg: string): string[] => [...svg.matchAll(/points="([^"]*)"/g)].map(([, all]) => all!);

test("what grows linearly is a straight line from the axes' zero, and what grows faster is none", () => {
    const svg = plot(
        "t",
        "resources",
        [1, 2, 4],
        [
            { name: "linear", values: [10, 20, 40] },
            { name: "square", values: [10, 40, 160] },
        ],
    );
    const slopes = points(svg).map(line => {
        const [a, b, c] = line.split(" ").map(point => point.split(",").map(Number) as [number, number]);
        return [(a![1] - b![1]) / (b![0] - a![0]), (b![1] - c![1]) / (c![0] - b![0])];
    });
    expect(slopes[0]![0]! / slopes[0]![1]!).toBeCloseTo(1, 0);
    expect(slopes[1]![1]! / slopes[1]![0]!).toBeGreaterThan(1.5);
});

test("each line has its name, and the vertical axis goes to a round number above all values", () => {
    const svg = plot("t", "resources", [1, 2], [{ name: "refresh", values: [3, 7] }]);
    expect(svg).toMatch(/>refresh</);
    expect(svg).toMatch(/text-anchor="end">8</);
});
