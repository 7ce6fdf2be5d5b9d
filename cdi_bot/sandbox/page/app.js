// The demo page: a Slack workspace on the left, the Braze that feeds it on the right. Puts the parts together.

import { startBraze } from "./braze.js";
import { startChannel } from "./channel.js";
import { ago } from "./dates.js";
import { fill, h } from "./dom.js";
import { startModals } from "./modal.js";
import { go, startSidebar } from "./sidebar.js";
import { isDirect, on, state } from "./state.js";
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

// The first look: a channel the bot is in. The visitor's own choice is kept when the stream comes back.
function settle() {
  if (state.place.home || state.channels.has(state.place.channel)) return;
  const channels = [...state.channels.values()].filter((channel) => !isDirect(channel.id));
  go({ channel: (channels.find((channel) => channel.bot_is_member) ?? channels[0])?.id ?? null });
}
on("snapshot", settle);
on("channels", settle); // the open one may have been deleted
on("snapshot", () => (part("team").textContent = state.team));

on("connection", () => {
  const [words, tone] = !state.live
    ? ["Sandbox out of reach, trying again…", "bad"]
    : state.botConnected
      ? ["Bot connected", "good"]
      : ["Bot not connected", "warn"];
  const line = part("status");
  fill(line, h("span", { class: "light", "aria-hidden": "true" }), words);
  line.className = `status-line tone-${tone}`;
  line.dataset.connected = String(state.live && state.botConnected);
});

on("notice", ({ text, tone }) => {
  const shown = h("p", { class: `notice tone-${tone ?? "none"}`, text });
  const box = part("notices");
  box.append(shown);
  // Shown again, it lies above a form that was opened meanwhile.
  box.hidePopover();
  box.showPopover();
  setTimeout(() => {
    shown.remove();
    if (!box.hasChildNodes()) box.hidePopover();
  }, NOTICE_MS);
});

// Where the window is wide the panel is shown unless flipped, where it is narrow the other way round (layout.css).
const DRAWERS = { "nav-toggle": ["nav-open", "nav-pane"], "panel-toggle": ["panel-flipped", "braze"] };
const isShade = () => getComputedStyle(part("shade")).display !== "none";

function tellDrawers() {
  for (const [button, [, pane]] of Object.entries(DRAWERS)) {
    part(button).setAttribute("aria-expanded", String(getComputedStyle(part(pane)).display !== "none"));
  }
}

function shutDrawers() {
  document.body.classList.remove("nav-open", "panel-flipped");
  tellDrawers();
}

for (const [button, [className]] of Object.entries(DRAWERS)) {
  part(button).addEventListener("click", () => {
    document.body.classList.toggle(className);
    tellDrawers();
  });
}
part("shade").addEventListener("click", shutDrawers);
document.addEventListener("keydown", (event) => event.key === "Escape" && isShade() && shutDrawers());
addEventListener("resize", tellDrawers);
on("thread", tellDrawers);
on("place", tellDrawers);
tellDrawers();

setInterval(() => {
  document
    .querySelectorAll("[data-since]")
    .forEach((node) => (node.textContent = `Last reply ${ago(new Date(node.dataset.since))}`));
}, AGO_MS);

connect();
