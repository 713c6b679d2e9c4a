"use strict";
const said = document.getElementById("said");

/** A token in the link's fragment never reaches a server's log; it leaves the address at once. */
const given = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", "/");

async function logIn(token) {
    said.textContent = "";
    const answer = await fetch("/login", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Board": "1" },
        body: JSON.stringify({ token }),
    }).catch(() => undefined);
    if (answer?.ok) return location.reload();
    if (!answer) said.textContent = "The board does not answer.";
    else if (answer.status === 429) said.textContent = (await answer.json()).text;
    else said.textContent = "That is no token of this class.";
}

document.getElementById("login").addEventListener("submit", event => {
    event.preventDefault();
    void logIn(document.getElementById("token").value.trim());
});
if (given) void logIn(given);
