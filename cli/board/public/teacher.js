"use strict";
let chosen;
const rows = new Map();
const words = {
    none: "–",
    preparing: "is being prepared",
    open: "",
    solved: "solved",
    late: "mended late",
    over: "over",
};

function rowOf(team) {
    if (rows.has(team)) return rows.get(team);
    const row = made("tr"),
        head = made("th", team);
    head.scope = "row";
    const cells = Object.fromEntries(
        ["points", "exercise", "clock", "hints", "wrong", "nodes", "last", "ask"].map(name => [name, made("td")]),
    );
    for (const name of ["points", "clock", "hints", "wrong"]) cells[name].className = "number";
    cells.last.className = "last";
    cells.list = made("ul", "", "nodes");
    cells.nodes.append(cells.list);
    const buttons = made("div", "", "row");
    for (const [action, label] of [
        ["diagnose", "Diagnose"],
        ["check", "Check"],
        ["picture", "Picture"],
    ]) {
        const button = made("button", label);
        button.type = "button";
        button.setAttribute("aria-label", `${label} ${team}`);
        button.addEventListener("click", () => (action === "picture" ? choose(team) : void act(action, team, button)));
        if (action === "check") cells.check = button;
        buttons.append(button);
    }
    cells.ask.append(buttons);
    row.append(
        head,
        cells.points,
        cells.exercise,
        cells.clock,
        cells.hints,
        cells.wrong,
        cells.nodes,
        cells.last,
        cells.ask,
    );
    rows.set(team, { row, cells, seen: "" });
    return rows.get(team);
}

function draw({ class: name, teams }, since) {
    put(byId("class"), name);
    for (const view of teams) drawRow(view, since);
    const order = [...teams].sort((a, b) => b.points - a.points).map(view => rows.get(view.team).row),
        body = byId("teams");
    if (order.some((row, i) => body.children[i] !== row)) body.replaceChildren(...order);
    drawPicture(teams);
}

function drawRow(view, since) {
    const { cells } = rowOf(view.team),
        open = view.state === "open",
        left = Math.max(0, view.left - (view.frozen ? 0 : since));
    put(cells.points, String(view.points));
    const state = view.busy ?? (view.frozen ? "frozen" : open && left === 0 ? "time is up" : words[view.state]);
    put(
        cells.exercise,
        [view.exercise && `${view.exercise.id} ${view.exercise.title}`, state].filter(Boolean).join(": "),
    );
    cells.exercise.className = `badge ${view.state}`;
    put(cells.clock, open ? clockWords(left) : "–");
    cells.clock.classList.toggle("low", open && left < 120);
    put(cells.hints, String(view.hints));
    put(cells.wrong, String(view.wrong));
    put(cells.last, view.last ?? "–");
    cells.check.disabled = !open || view.frozen || Boolean(view.busy);
    const own = rowOf(view.team),
        key = JSON.stringify(view.condition ?? null);
    if (own.seen === key) return;
    own.seen = key;
    const items = nodeItems(view.condition, true);
    cells.list.replaceChildren(...(items.length > 0 ? items : [made("li", "not diagnosed yet", "off")]));
}

function choose(team) {
    chosen = team;
    byId("cloud").hidden = false;
    put(byId("cloud-title"), `The cloud of ${team}`);
    byId("picture").removeAttribute("src");
}

function drawPicture(teams) {
    const view = teams.find(one => one.team === chosen),
        image = byId("picture"),
        address = view && `/picture/${encodeURIComponent(view.team)}/${view.picture}`;
    if (address && image.getAttribute("src") !== address) image.src = address;
}
follow(draw);
