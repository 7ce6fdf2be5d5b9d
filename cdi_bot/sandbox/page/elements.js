// The elements that are pressed: buttons and menus, with Slack's question before what can't be undone.

import { h, icon, safeUrl } from "./dom.js";
import { confirmed } from "./dialogs.js";
import { textObject } from "./mrkdwn.js";
import { openPicker } from "./picker.js";

/** Renders a pressable element; null for the other kinds. */
export function element(spec, blockId, surface) {
  return { button, overflow }[spec.type]?.(spec, blockId, surface) ?? null;
}

function button(spec, blockId, surface) {
  const attributes = {
    class: `btn ${{ primary: "btn-primary", danger: "btn-danger" }[spec.style] ?? ""}`,
    "aria-label": spec.accessibility_label,
    data: { actionId: spec.action_id ?? "", value: spec.value },
  };
  const words = h("span", { class: "btn-words" }, textObject(spec.text));
  const href = safeUrl(spec.url);
  const shown = href
    ? h("a", { ...attributes, href, target: "_blank", rel: "noopener noreferrer" }, words)
    : h("button", { ...attributes, type: "button" }, words);
  const entry = { type: "button", text: spec.text, ...(spec.value === undefined ? {} : { value: spec.value }) };
  shown.addEventListener("click", () => press(shown, spec, () => surface.act(blockId, spec.action_id, entry)));
  return shown;
}

function overflow(spec, blockId, surface) {
  const shown = h(
    "button",
    {
      class: "btn btn-icon",
      type: "button",
      "aria-haspopup": "menu",
      "aria-label": spec.accessibility_label ?? "More actions",
      data: { actionId: spec.action_id },
    },
    icon("more"),
  );
  shown.addEventListener("click", () =>
    openPicker({
      anchor: shown,
      role: "menu",
      items: () => spec.options ?? [],
      pick: (option) => {
        press(shown, spec, () => surface.act(blockId, spec.action_id, { type: "overflow", selected_option: option }));
      },
    }),
  );
  return shown;
}

/** Asks first where the element wants it, then runs `send` with the element shown as waiting. A second press meanwhile is ignored. */
export async function press(shown, spec, send) {
  if (shown.getAttribute("aria-busy") === "true") return;
  if (spec.confirm && !(await confirmed(spec.confirm))) return;
  shown.setAttribute("aria-busy", "true");
  shown.classList.remove("is-refused");
  const taken = await send();
  shown.removeAttribute("aria-busy");
  shown.classList.toggle("is-refused", !taken);
}
