// The App Home tab of the chosen person.

import { renderBlocks } from "./blocks.js";
import { post } from "./api.js";
import { fill, h } from "./dom.js";
import { afterPress } from "./pressing.js";
import { on, state } from "./state.js";
import { viewSurface } from "./surface.js";

/** Keeps `pane` showing the Home that the bot published for the chosen person. */
export function startHome(pane) {
  const draw = () => {
    const view = state.homes.get(state.person);
    if (!view)
      return fill(pane, h("p", { class: "home-empty", text: "The app has not put up a Home for this person yet." }));
    const top = pane.scrollTop;
    fill(
      pane,
      h("div", { class: "home-blocks", data: { viewId: view.id } }, renderBlocks(view.blocks, viewSurface(view))),
    );
    pane.scrollTop = top;
    return undefined;
  };
  on("home", ({ user }) => user === state.person && afterPress(pane, draw));
  on("snapshot", draw);
  on("person", () => {
    if (state.place.home) post("slack/home_opened", { user: state.person });
    draw();
  });
  draw();
}
