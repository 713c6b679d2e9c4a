/** A line of a plot: a value for each of the plot's steps. */
export interface Line {
    name: string;
    values: readonly number[];
}

const WIDTH = 560,
    HEIGHT = 320,
    LEFT = 56,
    RIGHT = 150,
    TOP = 34,
    BOTTOM = 44,
    COLOURS = ["#2f6fdd", "#1f9d63", "#c2571a", "#8a3fb5", "#5a6270"],
    TICKS = 4;

/** The next number that reads well: 1, 2 or 5 times a power of ten. */
function round(value: number): number {
    const power = 10 ** Math.floor(Math.log10(value || 1)),
        times = [1, 2, 5, 10].find(n => n * power >= value) ?? 10;
    return times * power;
}

/**
 * A plot as SVG, both axes from 0: what grows linearly is a straight line.
 * @param at the steps' places on the horizontal axis
 */
export function plot(title: string, across: string, at: readonly number[], lines: readonly Line[]): string {
    const most = round(Math.max(...lines.flatMap(({ values }) => values)) / TICKS) * TICKS,
        furthest = Math.max(...at);
    const x = (value: number) => Math.round(LEFT + (value / furthest) * (WIDTH - LEFT - RIGHT)),
        y = (value: number) => Math.round(HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM));
    const ticks = Array.from({ length: TICKS + 1 }, (_, n) => (most / TICKS) * n).map(
        value =>
            `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#d8dce3"/><text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
    );
    const below = at.map(
        value => `<text x="${x(value)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${value}</text>`,
    );
    const drawn = lines.map(({ name, values }, n) => {
        const points = values.map((value, i) => `${x(at[i]!)},${y(value)}`),
            colour = COLOURS[n % COLOURS.length];
        const dots = points.map(point => {
            const [cx, cy] = point.split(",");
            return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
        });
        const label = `<text x="${WIDTH - RIGHT + 10}" y="${TOP + 10 + n * 18}" fill="${colour}">${name}</text>`;
        return `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join("")}${label}`;
    });
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${title}">`,
        `<style>text{font:11px system-ui,sans-serif;fill:#1d2430}</style><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
        `<text x="${LEFT}" y="18" font-weight="600">${title}</text>`,
        ...ticks,
        ...below,
        `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${across}</text>`,
        ...drawn,
        "</svg>",
        "",
    ].join("\n");
}
