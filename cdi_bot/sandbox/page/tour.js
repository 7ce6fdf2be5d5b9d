// Three things to try, over the conversation until somebody closes them.

import { fill, h, icon } from "./dom.js";
import { isActive, play, playAll } from "./scenes.js";
import { on, state } from "./state.js";

const KEPT = "tour-closed"; // in the tab's own storage

/** Builds the card inside `section`; `say(text)` types a command into the open channel and sends it. */
export function startTour(section, say) {
  let shown = null; // the integration it speaks of, the same while the card stands
  const close = () => {
    sessionStorage.setItem(KEPT, "yes");
    section.hidden = true;
  };
  const draw = () => {
    shown = state.integrations.has(shown) ? shown : (calmOne()?.integration_id ?? null);
    section.hidden = shown === null || sessionStorage.getItem(KEPT) !== null;
    if (section.hidden) return;
    fill(
      section,
      h("h2", { class: "tour-title", id: "tour-title", text: "Three things to try" }),
      h(
        "button",
        {
          class: "icon-button tour-close",
          type: "button",
          "aria-label": "Close the three things to try",
          data: { testid: "tour-close" },
          on: { click: close },
        },
        icon("close"),
      ),
      h(
        "ol",
        { class: "tour-steps" },
        step(
          [`Make ${shortName(state.integrations.get(shown))} fail`, () => play(shown, "error")],
          "and watch its card",
        ),
        step([h("code", { text: "/cdi status" }), () => say("/cdi status")], "asks how things are"),
        step(["Fail all", () => playAll("error")], "then", [
          "Let all succeed",
          () => playAll("success"),
        ]),
      ),
      h("p", { class: "muted", text: "Late, slow, wrong rows, a digest: in the panel “Braze”." }),
    );
  };
  on("snapshot", draw);
  draw();
}

const button = ([words, act]) => h("button", { class: "btn btn-small", type: "button", on: { click: act } }, words);

function step(first, words, second) {
  return h("li", {}, button(first), h("span", { text: words }), second && button(second));
}

// Not the first: that one fails by itself as the demo begins.
function calmOne() {
  const all = [...state.integrations.values()].filter((one) => isActive(one) && one.schedule_seconds);
  return all[1] ?? all[0];
}

const shortName = (integration) => integration.integration_name.replace(/ \([^)]*\)$/, "");
