"use strict";
let shown;

const states = {
    none: "",
    preparing: "The exercise is being prepared.",
    open: "",
    solved: "Solved.",
    late: "Mended, after the time was up.",
    over: "The exercise is over.",
};

function draw({ class: name, view }, since) {
    if (!view) return;
    shown = view;
    put(byId("class"), name);
    put(byId("team"), view.team);
    const { exercise } = view;
    put(
        byId("exercise-title"),
        exercise ? exercise.title : view.state === "preparing" ? "The next exercise is coming" : "No exercise yet",
    );
    put(byId("story"), exercise ? exercise.story : "The teacher starts the next one. It appears here by itself.");
    byId("symptom").hidden = !exercise;
    put(byId("symptom"), exercise ? `What is noticed: ${exercise.symptom}` : "");
    drawHints(exercise?.hints ?? []);
    drawFigures(view, since);
    drawActions(view);
    drawCloud(view);
}

function drawHints(hints) {
    byId("hints-part").hidden = hints.length === 0;
    const list = byId("hints");
    if (list.children.length !== hints.length) list.replaceChildren(...hints.map(hint => made("li", hint)));
}

function drawFigures(view, since) {
    const left = Math.max(0, view.left - (view.frozen ? 0 : since)),
        clock = byId("clock"),
        open = view.state === "open";
    put(clock, open ? clockWords(left) : "–");
    clock.classList.toggle("low", open && left < 120);
    put(byId("points"), String(view.points));
    put(byId("solved"), String(view.solved));
    const words = view.busy
        ? `Your cloud ${view.busy}.`
        : view.frozen
          ? "The teacher has stopped the clock."
          : states[view.state];
    put(byId("state"), open && left === 0 && !view.busy ? "Time is up: you may go on, without points." : words);
}

function drawActions({ state, frozen, busy, prices, exercise }) {
    const may = state === "open" && !frozen && !busy;
    byId("check").disabled = byId("reset").disabled = !may;
    byId("hint").disabled = !may || (exercise?.hints.length ?? 0) >= 3;
    put(
        byId("check-price"),
        prices ? `Your cloud is diagnosed and used. It costs ${prices.wrongDone} points if it is not mended.` : "",
    );
    put(byId("hint-price"), prices ? `It costs ${prices.hint} points.` : "");
}

function drawCloud({ team, made, picture, condition }) {
    const address = `/picture/${encodeURIComponent(team)}/${picture}`,
        image = byId("picture");
    if (image.getAttribute("src") !== address) image.src = address;
    const time = condition && new Date(condition.time).toLocaleTimeString();
    put(
        byId("asked"),
        condition
            ? `As it was at ${time}, when it was last diagnosed: which nodes answer.`
            : made
              ? "It was not diagnosed yet."
              : "There is no cloud yet: this is the plan of it. The teacher makes it.",
    );
    byId("nodes").replaceChildren(...nodeItems(condition, false));
}

const sure = byId("sure");
function askFirst(text, action, button) {
    put(byId("sure-text"), text);
    sure.returnValue = "no";
    sure.showModal();
    sure.addEventListener("close", () => sure.returnValue === "yes" && void act(action, shown.team, button), {
        once: true,
    });
}
byId("check").addEventListener("click", () =>
    askFirst(
        `Is your cloud mended? A wrong "done" costs ${shown.prices?.wrongDone ?? 0} points.`,
        "check",
        byId("check"),
    ),
);
byId("hint").addEventListener("click", () =>
    askFirst(`A hint costs ${shown.prices?.hint ?? 0} points.`, "hint", byId("hint")),
);
byId("reset").addEventListener("click", () =>
    askFirst(
        "All that you have done to your cloud since the beginning of the exercise is lost.",
        "reset",
        byId("reset"),
    ),
);
follow(draw);
