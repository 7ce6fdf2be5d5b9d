// The elements that hold a value: text fields, selects, boxes, dates. Their values follow Slack's `state.values`.

import { h, icon } from "./dom.js";
import { press } from "./elements.js";
import { textObject } from "./mrkdwn.js";
import { openPicker } from "./picker.js";
import { channelName, isDirect, people, state, userName } from "./state.js";

/** Renders a field; with `dispatch` each change is sent at once, as in a message. Null for an unknown kind. */
export function inputElement(spec, blockId, surface, dispatch) {
  const field = new Field(spec, blockId, surface, dispatch);
  if (TEXTS[spec.type]) return textField(field);
  if (spec.type in SELECTS) return select(field);
  if (spec.type === "checkboxes" || spec.type === "radio_buttons") return boxes(field);
  if (spec.type in MOMENTS) return moment(field);
  return null;
}

const TEXTS = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "number" };
const MOMENTS = {
  datepicker: ["date", "selected_date", "initial_date"],
  timepicker: ["time", "selected_time", "initial_time"],
  datetimepicker: ["datetime-local", "selected_date_time", "initial_date_time"],
};
// How each select names what is chosen, whether it takes several, and where its options come from.
const SELECTS = {
  static_select: { key: "selected_option" },
  external_select: { key: "selected_option", asks: true },
  users_select: { key: "selected_user", own: peopleOptions },
  channels_select: { key: "selected_channel", own: channelOptions },
  conversations_select: { key: "selected_conversation", own: channelOptions },
  multi_static_select: { key: "selected_options", several: true },
  multi_external_select: { key: "selected_options", several: true, asks: true },
  multi_users_select: { key: "selected_users", several: true, own: peopleOptions },
  multi_channels_select: { key: "selected_channels", several: true, own: channelOptions },
  multi_conversations_select: { key: "selected_conversations", several: true, own: channelOptions },
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
  const long = spec.multiline === true;
  const shown = h(long ? "textarea" : "input", {
    class: "field-text",
    type: long ? null : spec.type === "number_input" ? "text" : TEXTS[spec.type],
    inputmode: spec.type === "number_input" ? (spec.is_decimal_allowed ? "decimal" : "numeric") : null,
    rows: long ? 4 : null,
    placeholder: spec.placeholder?.text,
    maxlength: spec.max_length,
    autocomplete: "off",
    autofocus: spec.focus_on_load === true,
    data: { actionId: field.id },
    ".value": field.start("value", spec.initial_value) ?? "",
  });
  shown.addEventListener("input", () => field.note("value", shown.value === "" ? null : shown.value));
  if (field.dispatch) {
    shown.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !long) field.change("value", shown.value || null, shown);
    });
  }
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
            : (spec.option_groups ?? spec.options ?? []),
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

function boxes(field) {
  const { spec } = field;
  const several = spec.type === "checkboxes";
  const key = several ? "selected_options" : "selected_option";
  const held = field.start(key, several ? (spec.initial_options ?? []) : spec.initial_option);
  let chosen = several ? held : held ? [held] : [];
  const group = h("div", { class: "boxes", role: several ? "group" : "radiogroup", data: { actionId: field.id } });
  const name = `${field.blockId}-${field.id}`;
  for (const one of spec.options ?? []) {
    const box = h("input", {
      type: several ? "checkbox" : "radio",
      name,
      value: one.value,
      ".checked": chosen.some((other) => other.value === one.value),
    });
    box.addEventListener("change", () => {
      const others = several ? chosen.filter((other) => other.value !== one.value) : [];
      chosen = box.checked ? [...others, one] : others;
      field.change(key, several ? chosen : one, group);
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

function moment(field) {
  const { spec } = field;
  const [type, key, initial] = MOMENTS[spec.type];
  const epoch = spec.type === "datetimepicker";
  const held = field.start(key, spec[initial]);
  const shown = h("input", {
    class: "field-text field-moment",
    type,
    "aria-label": spec.accessibility_label ?? spec.placeholder?.text,
    data: { actionId: field.id },
    ".value": epoch && held ? localMinutes(held) : (held ?? ""),
  });
  shown.addEventListener("change", () => {
    const value = epoch ? Math.floor(new Date(shown.value).getTime() / 1000) : shown.value;
    field.change(key, value || null, shown);
  });
  return shown;
}

function localMinutes(epoch) {
  const date = new Date(epoch * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
