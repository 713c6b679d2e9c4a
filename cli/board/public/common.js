"use strict";
const byId = id => document.getElementById(id);

/** Sets a text where it is another one: a screen reader says only what has changed. */
const put = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
};

const made = (name, text = "", className = "") => {
    const element = document.createElement(name);
    element.textContent = text;
    if (className) element.className = className;
    return element;
};

const clockWords = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

const stateWords = { sound: "as it was made", up: "answers", drifted: "drifted", mute: "does not answer", off: "off" };

/** The nodes of a diagnosis in words, with a sign for each state. */
const nodeItems = (condition, terse) =>
    Object.entries(condition?.nodes ?? {}).map(([name, { state, stopped }]) => {
        const sign = { sound: "✓", up: "✓", drifted: "!", mute: "✗", off: "○" }[state];
        const more = stopped.length > 0 ? `; stopped: ${stopped.join(", ")}` : "";
        const item = made(
            "li",
            `${sign} ${name}${terse && state === "sound" ? "" : `: ${stateWords[state]}${more}`}`,
            state,
        );
        return item;
    });

/** Asks the board for something. What it says to that goes to `said`. */
async function act(action, team, button) {
    const said = byId("said");
    if (button) button.disabled = true;
    put(said, "asking …");
    const answer = await fetch(`/do/${action}/${encodeURIComponent(team)}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Board": "1" },
        body: "{}",
    }).catch(() => undefined);
    const told = await answer?.json().catch(() => undefined);
    put(said, told?.text ?? (answer ? "that is not allowed" : "the board does not answer; ask again"));
    if (button) button.disabled = false;
}

/** Calls `draw` with each view, and every second with the seconds since it came. */
function follow(draw) {
    let view, came;
    const line = byId("line");
    const connect = () => {
        const events = new EventSource("/events");
        events.onmessage = event => {
            view = JSON.parse(event.data);
            came = performance.now();
            line.className = "";
            put(line, "live");
            draw(view, 0);
        };
        events.onerror = async () => {
            line.className = "lost";
            put(line, "the board does not answer; what is shown may be old");
            if (events.readyState !== EventSource.CLOSED) return;
            // Refused: logged out, or too many pages.
            const answer = await fetch("/session").catch(() => undefined);
            if (answer?.status === 401) location.reload();
            else setTimeout(connect, 5000);
        };
    };
    connect();
    setInterval(() => view && draw(view, (performance.now() - came) / 1000), 1000);
}

byId("logout").addEventListener("click", async () => {
    await fetch("/logout", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Board": "1" },
        body: "{}",
    });
    location.reload();
});
