// The demo page: a Slack workspace on the left, the Braze that feeds it on the right. Puts the parts together.

import { startBraze } from "./braze.js";
import { startChannel } from "./channel.js";
import { ago } from "./dates.js";
import { fill, h } from "./dom.js";
import { startModals } from "./modal.js";
import { go, startSidebar } from "./sidebar.js";
import { isDirect, on, people, state } from "./state.js";
import { connect } from "./stream.js";
import { startThread } from "./thread.js";

const NOTICE_MS = 6000;
const AGO_MS = 30_000;
const part = (id) => document.getElementById(id);

startSidebar(part("nav"));
startChannel(part("main"));
startThread(part("thread"));
startBraze(part("braze-body"));
startModals();

// The first look: a channel the bot is in, and somebody to be. Kept when the stream comes back.
on("snapshot", () => {
  if (!state.users.has(state.person)) state.person = people()[0]?.id ?? null;
  const channels = [...state.channels.values()].filter((channel) => !isDirect(channel.id));
  if (!state.place.home && !state.channels.has(state.place.channel)) {
    go({ channel: (channels.find((channel) => channel.bot_is_member) ?? channels[0])?.id ?? null });
  }
});

on("connection", () => {
  const [words, tone] = !state.live ? ["Sandbox out of reach, trying again…", "bad"] : state.botConnected ? ["Bot connected", "good"] : ["Bot not connected", "warn"];
  const line = part("status");
  fill(line, h("span", { class: "light", "aria-hidden": "true" }), words);
  line.className = `status-line tone-${tone}`;
  line.dataset.connected = String(state.live && state.botConnected);
});

on("notice", ({ text, tone }) => {
  const shown = h("p", { class: `notice tone-${tone ?? "none"}`, text });
  part("notices").append(shown);
  setTimeout(() => shown.remove(), NOTICE_MS);
});

function drawer(button, className) {
  part(button).addEventListener("click", () => {
    const open = document.body.classList.toggle(className);
    part(button).setAttribute("aria-expanded", String(open));
  });
}
drawer("nav-toggle", "nav-open");
drawer("panel-toggle", "panel-flipped");
part("shade").addEventListener("click", () => document.body.classList.remove("nav-open", "panel-flipped"));

setInterval(() => {
  document.querySelectorAll("[data-since]").forEach((node) => (node.textContent = `Last reply ${ago(new Date(node.dataset.since))}`));
}, AGO_MS);

connect();
