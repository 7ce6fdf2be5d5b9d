// Modals: the views that the app opens, pushes and updates, with their fields, errors and submission.

import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { fill, h, icon } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { announce, on, state } from "./state.js";
import { viewSurface } from "./surface.js";

const stack = []; // {view, surface}, the one on top last
let dialog = null;

/** Opens modals as the stream tells of them. */
export function startModals() {
  on("view", ({ view, user }) => (!user || user === state.person) && take(view));
  on("view_closed", (event) => (!event.user || event.user === state.person) && closed(event));
  on("person", () => leave());
}

function take(view) {
  const same = stack.findIndex((one) => one.view.id === view.id);
  const below = stack.findIndex((one) => one.view.id === view.previous_view_id);
  // What was typed survives an update: Slack keeps the fields whose ids stay.
  const values = same >= 0 ? stack[same].surface.values : (view.state?.values ?? {});
  const entry = { view, surface: viewSurface(view, structuredClone(values)) };
  if (same >= 0) stack[same] = entry;
  else stack.splice(below + 1, stack.length, entry);
  draw();
}

function closed(event) {
  const place = stack.findIndex((one) => one.view.id === event.view_id);
  if (place < 0) return; // closed here already
  stack.splice(place, 1);
  draw();
}

function draw() {
  if (stack.length === 0) return leave();
  if (!dialog) {
    dialog = h("dialog", { class: "dialog modal", "aria-labelledby": "modal-title", data: { testid: "modal" } });
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      dismiss();
    });
    document.body.append(dialog);
    fillDialog();
    dialog.showModal();
  } else fillDialog();
  return undefined;
}

function fillDialog() {
  const { view, surface } = stack.at(-1);
  const scrolled = dialog.querySelector(".modal-body")?.scrollTop ?? 0;
  const focused = dialog.contains(document.activeElement) ? document.activeElement.dataset.actionId : null;
  dialog.dataset.viewId = view.id;
  dialog.dataset.callbackId = view.callback_id ?? "";
  const submit =
    view.submit || hasInputs(view)
      ? h(
          "button",
          {
            class: "btn btn-primary",
            type: "submit",
            disabled: view.submit_disabled === true,
            data: { testid: "modal-submit" },
          },
          textObject(view.submit ?? "Submit"),
        )
      : null;
  const form = h(
    "form",
    { class: "modal-form", novalidate: true },
    h(
      "header",
      { class: "dialog-head" },
      stack.length > 1 &&
        h(
          "button",
          { class: "icon-button", type: "button", "aria-label": "Back", on: { click: dismiss } },
          icon("back"),
        ),
      h("h2", { class: "dialog-title", id: "modal-title" }, textObject(view.title)),
      h(
        "button",
        {
          class: "icon-button",
          type: "button",
          "aria-label": "Close the form",
          data: { testid: "modal-x" },
          on: { click: dismiss },
        },
        icon("close"),
      ),
    ),
    h("div", { class: "modal-body" }, renderBlocks(view.blocks, surface)),
    h(
      "footer",
      { class: "dialog-foot" },
      h(
        "button",
        { class: "btn", type: "button", data: { testid: "modal-close" }, on: { click: dismiss } },
        textObject(view.close ?? (submit ? "Cancel" : "Close")),
      ),
      submit,
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(submit);
  });
  fill(dialog, form);
  dialog.querySelector(".modal-body").scrollTop = scrolled;
  const again = focused && dialog.querySelector(`[data-action-id="${CSS.escape(focused)}"]`);
  (
    again ||
    dialog.querySelector("[autofocus]") ||
    dialog.querySelector(".modal-body input, .modal-body textarea, .modal-body button")
  )?.focus();
}

const hasInputs = (view) => (view.blocks ?? []).some((block) => block.type === "input");

// Empty required fields are refused here, in Slack's own words; the rest is the app's to judge.
function missing({ view, surface }) {
  const errors = {};
  for (const block of view.blocks ?? []) {
    if (block.type !== "input" || block.optional) continue;
    const entry = surface.held(block.block_id, block.element?.action_id) ?? {};
    const value = Object.entries(entry).find(([key]) => key !== "type")?.[1];
    if (value === null || value === undefined || value === "" || value.length === 0)
      errors[block.block_id] = "Please complete this required field.";
  }
  return errors;
}

async function send(button) {
  const top = stack.at(-1);
  const refused = missing(top);
  if (Object.keys(refused).length > 0) return refuse(top, refused);
  button?.setAttribute("aria-busy", "true");
  const answer = await post("slack/view_submit", {
    user: state.person,
    view_id: top.view.id,
    state: { values: top.surface.values },
  });
  button?.removeAttribute("aria-busy");
  if (answer.failed) return undefined;
  if (answer.error)
    return announce("notice", { text: `We had some trouble connecting (${answer.error}). Try again?`, tone: "bad" });
  // What else the app may answer (close, update, push) comes over the stream.
  const told = answer.response ?? {};
  return told.response_action === "errors" && stack.includes(top) ? refuse(top, told.errors ?? {}) : undefined;
}

function refuse(entry, errors) {
  entry.surface.errors = errors;
  draw();
  dialog?.querySelector(".has-error input, .has-error textarea, .has-error button")?.focus();
}

function dismiss() {
  const top = stack.pop();
  if (top) post("slack/view_closed", { user: state.person, view_id: top.view.id });
  draw();
}

function leave() {
  stack.length = 0;
  dialog?.close();
  dialog?.remove();
  dialog = null;
}
