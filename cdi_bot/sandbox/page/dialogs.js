// Short questions: Slack's confirm object as a dialog.

import { fill, h } from "./dom.js";
import { textObject } from "./mrkdwn.js";

/** Shows a confirm object and returns whether the person confirmed. Closing it any other way means no. */
export function confirmed(spec) {
  return new Promise((resolve) => {
    const dialog = h("dialog", {
      class: "dialog dialog-small",
      "aria-labelledby": "confirm-title",
      data: { testid: "confirm" },
    });
    const answer = (value) => () => dialog.close(value);
    fill(
      dialog,
      h("h2", { class: "dialog-title", id: "confirm-title" }, textObject(spec.title ?? "Are you sure?")),
      h("div", { class: "dialog-body text" }, textObject(spec.text)),
      h(
        "div",
        { class: "dialog-foot" },
        h(
          "button",
          { class: "btn", type: "button", on: { click: answer("no") }, data: { testid: "confirm-deny" } },
          textObject(spec.deny ?? "Cancel"),
        ),
        h(
          "button",
          {
            class: `btn ${spec.style === "danger" ? "btn-danger-full" : "btn-primary"}`,
            type: "button",
            autofocus: true,
            on: { click: answer("yes") },
            data: { testid: "confirm-yes" },
          },
          textObject(spec.confirm ?? "Yes"),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
