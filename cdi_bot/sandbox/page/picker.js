// A list to choose from, beside what opened it: menus, selects, and selects that search while one types.

import { fill, h } from "./dom.js";
import { lettersOf, textObject } from "./mrkdwn.js";

const SEARCH_PAUSE_MS = 180;
const SEARCH_FROM = 8; // shorter lists are seen at a glance
let ids = 0;

/**
 * Opens a list at `anchor`.
 * items(query): options or option groups, or a promise of them. `search` asks again for each query; without it a
 * long list is narrowed here. pick(option) is called once; `chosen(option)` marks what is chosen already.
 */
export function openPicker({
  anchor,
  items,
  pick,
  chosen = () => false,
  search = false,
  leastLetters = 0,
  role = "listbox",
}) {
  const list = h("div", { class: "picker-list", role, id: `picker-${(ids += 1)}`, tabindex: -1 });
  const box = h("div", { class: "picker", popover: "auto", data: { testid: "picker" } });
  const field = h("input", {
    class: "picker-search",
    type: "text",
    role: "combobox",
    placeholder: "Type to search",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": "Search the options",
    "aria-expanded": "true",
    "aria-controls": list.id,
    "aria-autocomplete": "list",
  });
  let options = [];
  let active = -1;
  let asked = 0;
  let timer = 0;

  const itemRole = role === "menu" ? "menuitem" : "option";
  const close = () => box.hidePopover();
  const choose = (option) => {
    close();
    anchor.focus();
    pick(option);
  };

  function row(option) {
    const index = options.push(option) - 1;
    const shown = h(
      "div",
      {
        class: "picker-item",
        role: itemRole,
        id: `${list.id}-${index}`,
        "aria-selected": role === "menu" ? null : String(chosen(option)),
        data: { value: option.value },
      },
      h("span", { class: "picker-words" }, textObject(option.text)),
      option.description && h("span", { class: "picker-description" }, textObject(option.description)),
    );
    shown.addEventListener("click", () => choose(option));
    shown.addEventListener("pointermove", () => mark(index, false));
    return shown;
  }

  function mark(index, scroll = true) {
    active = index;
    [...list.querySelectorAll(".picker-item")].forEach((item, position) => {
      item.classList.toggle("is-active", position === index);
      if (position === index && scroll) item.scrollIntoView({ block: "nearest" });
    });
    const holder = field.isConnected ? field : list;
    holder.setAttribute("aria-activedescendant", index < 0 ? "" : `${list.id}-${index}`);
  }

  async function refresh(query) {
    const turn = (asked += 1);
    if (query.length < leastLetters) return fill(list, h("p", { class: "picker-note", text: "Type to search" }));
    const waiting = setTimeout(
      () => fill(list, h("p", { class: "picker-note", role: "status", text: "Searching…" })),
      SEARCH_PAUSE_MS,
    );
    const found = await items(query);
    clearTimeout(waiting);
    if (turn !== asked) return undefined; // a newer query is on its way
    options = [];
    const wanted = (option) =>
      search ||
      lettersOf(option.text?.text ?? "")
        .toLowerCase()
        .includes(query.toLowerCase());
    fill(
      list,
      found.map((entry) =>
        entry.options
          ? [
              h("div", { class: "picker-group", role: "presentation" }, textObject(entry.label)),
              entry.options.filter(wanted).map(row),
            ]
          : wanted(entry) && row(entry),
      ),
    );
    if (options.length === 0) fill(list, h("p", { class: "picker-note", role: "status", text: "Nothing found" }));
    mark(Math.min(Math.max(options.findIndex(chosen), 0), options.length - 1));
    if (!field.isConnected && !search && options.length >= SEARCH_FROM && role === "listbox") {
      box.prepend(field);
      field.focus();
    }
    place(box, anchor);
    return undefined;
  }

  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options.length) mark((active + step + options.length) % options.length);
    else if (event.key === "Home" && options.length) mark(0);
    else if (event.key === "End" && options.length) mark(options.length - 1);
    else if (event.key === "Enter" && options[active]) choose(options[active]);
    else if (event.key === "Tab") return close();
    else return undefined;
    event.stopPropagation();
    return event.preventDefault();
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => refresh(field.value.trim()), search ? SEARCH_PAUSE_MS : 0);
  });
  box.addEventListener("toggle", (event) => {
    anchor.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed") box.remove();
  });

  if (search) box.append(field);
  box.append(list);
  // Inside an open dialog everything outside it is inert, the list would be dead there.
  (anchor.closest("dialog") ?? document.body).append(box);
  box.showPopover();
  place(box, anchor);
  (search ? field : list).focus();
  refresh("");
}

function place(box, anchor) {
  const at = anchor.getBoundingClientRect();
  box.style.minWidth = `${Math.max(at.width, 180)}px`;
  const { offsetHeight: height, offsetWidth: width } = box;
  const below = at.bottom + 4;
  box.style.top = `${below + height > innerHeight - 8 && at.top > height ? at.top - height - 4 : below}px`;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
}
