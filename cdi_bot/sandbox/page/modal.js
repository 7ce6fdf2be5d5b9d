// The modal that the app opens and updates, with its fields, errors and submission.

import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { fill, h, icon } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { afterPress } from "./pressing.js";
import { announce, on, state } from "./state.js";
import { viewSurface } from "./surface.js";

let open = null; // {view, surface}
let dialog = null;
let later = null; // the newest update that came while somebody chose from a list

/** Shows modals as the stream brings them. */
export function startModals() {
  on("view", ({ view, user }) => (!user || user === state.person) && take(view));
  on("view_closed", (event) => (!event.user || event.user === state.person) && closed(event));
  on("person", () => leave());
}

function take(view) {
  const before = open?.view.id;
  // A form that the press closed stays closed.
  afterPress(dialog, () => (open || before !== view.id) && show(view));
}

function show(view) {
  const picker = open?.view.id === view.id ? dialog?.querySelector(".picker") : null;
  if (picker) return showAfter(picker, view);
  // What was typed, and what was said of it, survives an update: Slack keeps the fields whose ids stay.
  const same = open?.view.id === view.id;
  const values = same ? open.surface.values : (view.state?.values ?? {});
  open = { view, surface: viewSurface(view, structuredClone(values), same ? open.surface.errors : {}) };
  draw();
}

// A list that is open stays so, as in Slack; drawing the form anew would take it away.
function showAfter(picker, view) {
  if (!later)
    picker.addEventListener("toggle", ({ newState }) => {
      if (newState !== "closed" || later?.id !== open?.view.id) return;
      const newest = later;
      later = null;
      picker.remove();
      show(newest);
    });
  later = view;
}

function closed(event) {
  if (open?.view.id === event.view_id) leave();
}

function draw() {
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
}

function fillDialog() {
  const { view, surface } = open;
  const scrolled = dialog.querySelector(".modal-body")?.scrollTop ?? 0;
  const before = dialog.contains(document.activeElement) ? document.activeElement : null;
  dialog.dataset.viewId = view.id;
  dialog.dataset.callbackId = view.callback_id ?? "";
  const submit =
    view.submit || hasInputs(view)
      ? h(
          "button",
          {
            class: "btn btn-primary",
            type: "submit",
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
  const focused = before?.dataset.actionId;
  const again = focused && dialog.querySelector(`[data-action-id="${CSS.escape(focused)}"]`);
  (
    again ||
    dialog.querySelector("[autofocus]") ||
    dialog.querySelector(".modal-body input, .modal-body button")
  )?.focus();
  // Who types goes on where they were.
  if (again && Number.isInteger(before.selectionStart)) again.setSelectionRange(before.selectionStart, before.selectionEnd);
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
  const sent = open;
  const refused = missing(sent);
  if (Object.keys(refused).length > 0) return refuse(refused);
  button?.setAttribute("aria-busy", "true");
  const answer = await post("slack/view_submit", {
    user: state.person,
    view_id: sent.view.id,
    state: { values: sent.surface.values },
  });
  button?.removeAttribute("aria-busy");
  if (answer.failed) return undefined;
  if (answer.error)
    return announce("notice", { text: `We had some trouble connecting (${answer.error}). Try again?`, tone: "bad" });
  // What else the app may answer (close, update) comes over the stream. An update may have come in the meantime.
  const told = answer.response ?? {};
  const stillOpen = open?.view.id === sent.view.id;
  return told.response_action === "errors" && stillOpen ? refuse(told.errors ?? {}) : undefined;
}

function refuse(errors) {
  open.surface.errors = errors;
  draw();
  dialog?.querySelector(".has-error input, .has-error button")?.focus();
}

function dismiss() {
  post("slack/view_closed", { user: state.person, view_id: open.view.id });
  leave();
}

function leave() {
  open = later = null;
  dialog?.close();
  dialog?.remove();
  dialog = null;
}
