// The elements that hold a value: text fields, selects, boxes, times. Their values follow Slack's `state.values`.

import { h, icon } from "./dom.js";
import { press } from "./elements.js";
import { textObject } from "./mrkdwn.js";
import { openPicker } from "./picker.js";
import { channelName, isDirect, people, state, userName } from "./state.js";

/** Renders a field; with `dispatch` each change is sent at once, as in a message. Null for an unknown kind. */
export function inputElement(spec, blockId, surface, dispatch) {
  const field = new Field(spec, blockId, surface, dispatch);
  if (spec.type in SELECTS) return select(field);
  return FIELDS[spec.type]?.(field) ?? null;
}

const FIELDS = { plain_text_input: textField, number_input: textField, checkboxes, timepicker };
// How each select names what is chosen, whether it takes several, and where its options come from.
const SELECTS = {
  static_select: { key: "selected_option" },
  external_select: { key: "selected_option", asks: true },
  conversations_select: { key: "selected_conversation", own: channelOptions },
  multi_static_select: { key: "selected_options", several: true },
  multi_users_select: { key: "selected_users", several: true, own: peopleOptions },
};

const option = (label, value) => ({ text: { type: "plain_text", text: label, emoji: false }, value });

function peopleOptions() {
  return people().map((user) => option(userName(user.id), user.id));
}

function channelOptions() {
  return [...state.channels.values()]
    .filter((channel) => !channel.is_archived && !isDirect(channel.id) && maySee(channel))
    .map((channel) => option(`#${channelName(channel.id)}`, channel.id));
}

const maySee = (channel) => !channel.is_private || (channel.members ?? []).includes(state.person);

class Field {
  constructor(spec, blockId, surface, dispatch) {
    Object.assign(this, { spec, blockId, surface, dispatch, id: spec.action_id ?? "" });
  }

  /** What was chosen or typed before, else `initial`; noted either way, since Slack sends untouched fields too. */
  start(key, initial) {
    const held = this.surface.held(this.blockId, this.id);
    const value = held ? held[key] : initial;
    this.note(key, value ?? null);
    return value ?? null;
  }

  note(key, value) {
    this.surface.hold(this.blockId, this.id, { type: this.spec.type, [key]: value });
  }

  change(key, value, shown) {
    this.note(key, value);
    if (this.dispatch)
      press(shown, this.spec, () => this.surface.act(this.blockId, this.id, { type: this.spec.type, [key]: value }));
  }
}

function textField(field) {
  const { spec } = field;
  const shown = h("input", {
    class: "field-text",
    type: "text",
    inputmode: spec.type === "number_input" ? (spec.is_decimal_allowed ? "decimal" : "numeric") : null,
    placeholder: spec.placeholder?.text,
    maxlength: spec.max_length,
    autocomplete: "off",
    autofocus: spec.focus_on_load === true,
    data: { actionId: field.id },
    ".value": field.start("value", spec.initial_value) ?? "",
  });
  const typed = () => (shown.value === "" ? null : shown.value);
  shown.addEventListener("input", () => field.note("value", typed()));
  shown.addEventListener("change", () => field.change("value", typed(), shown));
  return shown;
}

function select(field) {
  const { spec } = field;
  const kind = SELECTS[spec.type];
  const named = kind.own?.() ?? [];
  const toOption = (value) =>
    kind.own ? (named.find((known) => known.value === value) ?? option(String(value), value)) : value;
  const toValue = (chosen) => (kind.own ? chosen.value : chosen);
  const held = field.start(kind.key, initialOf(spec, kind));
  let chosen = (kind.several ? (held ?? []) : held ? [held] : []).map(toOption);

  const words = h("span", { class: "select-words" });
  const shown = h(
    "button",
    {
      class: `select ${kind.several ? "select-several" : ""}`,
      type: "button",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": spec.accessibility_label,
      data: { actionId: field.id },
    },
    words,
    icon("chevron"),
  );
  const draw = () => {
    const parts = chosen.map((one) => h("span", { class: kind.several ? "chip" : "" }, textObject(one.text)));
    words.replaceChildren(
      ...(parts.length
        ? parts
        : [h("span", { class: "placeholder" }, textObject(spec.placeholder ?? "Choose an option"))]),
    );
  };
  const has = (one) => chosen.some((other) => other.value === one.value);
  const pick = (one) => {
    if (!kind.several) chosen = [one];
    else chosen = has(one) ? chosen.filter((other) => other.value !== one.value) : [...chosen, one];
    draw();
    field.change(kind.key, kind.several ? chosen.map(toValue) : toValue(one), shown);
  };
  shown.addEventListener("click", () =>
    openPicker({
      anchor: shown,
      chosen: has,
      pick,
      search: Boolean(kind.asks),
      leastLetters: kind.asks ? (spec.min_query_length ?? 3) : 0,
      items: (query) =>
        kind.asks
          ? field.surface.options(field.blockId, field.id, query)
          : kind.own
            ? named
            : (spec.options ?? []),
    }),
  );
  draw();
  return shown;
}

// initial_option, initial_users, ...: the same word as in `selected_...`.
function initialOf(spec, kind) {
  const here = state.place.channel;
  if (spec.default_to_current_conversation && here && !isDirect(here) && !spec.initial_conversation) return here;
  return spec[kind.key.replace("selected_", "initial_")] ?? (kind.several ? [] : null);
}

function checkboxes(field) {
  const { spec } = field;
  let chosen = field.start("selected_options", spec.initial_options ?? []);
  const group = h("div", { class: "boxes", role: "group", data: { actionId: field.id } });
  for (const one of spec.options ?? []) {
    const box = h("input", {
      type: "checkbox",
      name: `${field.blockId}-${field.id}`,
      value: one.value,
      ".checked": chosen.some((other) => other.value === one.value),
    });
    box.addEventListener("change", () => {
      const others = chosen.filter((other) => other.value !== one.value);
      chosen = box.checked ? [...others, one] : others;
      field.change("selected_options", chosen, group);
    });
    group.append(
      h(
        "label",
        { class: "box" },
        box,
        h(
          "span",
          {},
          textObject(one.text),
          one.description && h("span", { class: "box-description" }, textObject(one.description)),
        ),
      ),
    );
  }
  return group;
}

function timepicker(field) {
  const { spec } = field;
  const shown = h("input", {
    class: "field-text field-moment",
    type: "time",
    data: { actionId: field.id },
    ".value": field.start("selected_time", spec.initial_time) ?? "",
  });
  shown.addEventListener("change", () => field.change("selected_time", shown.value || null, shown));
  return shown;
}
