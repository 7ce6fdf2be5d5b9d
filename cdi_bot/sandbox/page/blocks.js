// Block Kit to DOM: one function per block type. What happens on a press is the surface's business (surface.js).

import { chart } from "./chart.js";
import { h } from "./dom.js";
import { element } from "./elements.js";
import { inputElement } from "./inputs.js";
import { plain, textObject } from "./mrkdwn.js";
import { table } from "./table.js";

/** Renders a message's or view's blocks on `surface`. */
export function renderBlocks(blocks, surface) {
  return (blocks ?? []).map((block, index) => renderBlock({ block_id: `block-${index}`, ...block }, surface));
}

function renderBlock(block, surface) {
  const draw = BLOCKS[block.type] ?? unknown;
  return h(
    "div",
    { class: `block block-${block.type}`, data: { blockId: block.block_id, blockType: block.type } },
    draw(block, surface),
  );
}

const BLOCKS = {
  section,
  header: (block) => h("h4", { class: "block-heading" }, textObject(block.text)),
  divider: () => h("hr", { class: "divider" }),
  context,
  actions: (block, surface) =>
    h(
      "div",
      { class: "actions" },
      (block.elements ?? []).map((spec) => interactive(spec, block, surface)),
    ),
  input,
  table: (block) => table(block),
  data_visualization: (block) => chart(block),
  alert: (block) =>
    h("div", { class: `alert alert-${block.level ?? "default"}`, role: "note" }, textObject(block.text)),
};

function section(block, surface) {
  const words = h(
    "div",
    { class: "section-words" },
    block.text && h("div", { class: "text" }, textObject(block.text)),
    block.fields &&
      h(
        "div",
        { class: "fields" },
        block.fields.map((field) => h("div", { class: "field" }, textObject(field))),
      ),
  );
  if (!block.accessory) return words;
  return h(
    "div",
    { class: `section has-accessory accessory-${block.accessory.type}` },
    words,
    h("div", { class: "accessory" }, interactive(block.accessory, block, surface)),
  );
}

function context(block) {
  return h(
    "div",
    { class: "context" },
    (block.elements ?? []).map((part) => h("span", { class: "context-text" }, textObject(part))),
  );
}

function interactive(spec, block, surface) {
  return element(spec, block.block_id, surface) ?? inputElement(spec, block.block_id, surface, true) ?? unknown(spec);
}

let inputs = 0;

function input(block, surface) {
  const id = `input-${(inputs += 1)}`;
  const error = surface.errors?.[block.block_id];
  const control =
    inputElement(block.element ?? {}, block.block_id, surface, block.dispatch_action === true) ??
    unknown(block.element ?? {});
  const focus = describe(control, id, { hint: Boolean(block.hint), error: Boolean(error), required: !block.optional });
  const field = focus.matches("input") ? (focus.id ||= `${id}-value`) : null;
  return h(
    "div",
    { class: `input ${error ? "has-error" : ""}`, data: { input: block.block_id } },
    h(
      field ? "label" : "span",
      { class: "input-label", id: `${id}-label`, for: field },
      textObject(block.label),
      block.optional && h("span", { class: "input-optional" }, " (optional)"),
    ),
    control,
    h("p", { class: "input-error", id: `${id}-error`, role: "alert", hidden: !error, text: error ?? "" }),
    block.hint && h("p", { class: "input-hint", id: `${id}-hint` }, textObject(block.hint)),
  );
}

// Label, hint and error are announced with the control that takes the focus, which is returned.
function describe(control, id, { hint, error, required }) {
  const focus = control.matches("input, button, [role=group]")
    ? control
    : (control.querySelector("input, button") ?? control);
  const shown = focus.matches("button") ? ` ${(focus.id ||= `${id}-value`)}` : "";
  focus.setAttribute("aria-labelledby", `${id}-label${shown}`);
  focus.setAttribute("aria-describedby", [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(" "));
  if (error) focus.setAttribute("aria-invalid", "true");
  if (required && focus.matches("input")) focus.setAttribute("aria-required", "true");
  return focus;
}

function unknown(block) {
  return h("span", { class: "unknown" }, plain(`This page has no picture for “${block.type ?? "nothing"}”.`, false));
}
