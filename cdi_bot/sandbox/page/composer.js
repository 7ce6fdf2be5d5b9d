// The message field: what is typed there goes out as the chosen person, as a message or as a slash command.

import { post } from "./api.js";
import { personAvatar } from "./avatars.js";
import { suggestions } from "./commands.js";
import { clockTime, placeOf } from "./dates.js";
import { fill, h, icon } from "./dom.js";
import { openPicker } from "./picker.js";
import { afterPress } from "./pressing.js";
import { receive } from "./stream.js";
import { announce, on, people, SLACKBOT, state, userName } from "./state.js";

const CLOCK_MS = 10_000;
let count = 0;

/** Builds a composer. `where()` gives {channel, thread_ts?}; a thread takes no commands, as in Slack. */
export function composer({ where, testid, label }) {
  const id = `composer-${(count += 1)}`;
  const field = h("textarea", {
    class: "composer-field",
    rows: 1,
    "aria-label": label,
    placeholder: label,
    autocomplete: "off",
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": `${id}-list`,
    data: { testid },
  });
  const list = h("div", {
    class: "suggestions",
    role: "listbox",
    id: `${id}-list`,
    "aria-label": "Commands",
    hidden: true,
    data: { testid: `${testid}-suggestions` },
  });
  const send = h(
    "button",
    {
      class: "composer-send",
      type: "button",
      "aria-label": "Send",
      title: "Send",
      disabled: true,
      data: { testid: `${testid}-send` },
    },
    icon("send"),
  );
  const slash = h(
    "button",
    { class: "composer-tool", type: "button", title: "Commands", "aria-label": "Show the commands" },
    "/",
  );
  const said = h("span", { class: "composer-said", role: "status", data: { testid: `${testid}-said` } });
  const shown = h(
    "div",
    { class: "composer" },
    list,
    h(
      "div",
      { class: "composer-box" },
      field,
      h("div", { class: "composer-row" }, where().thread_ts === undefined && [slash, shortcutsButton()], personButton(), said, send),
    ),
  );
  let offered = [];
  let active = -1;
  let sentBefore = "";

  function grow() {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 180)}px`;
    send.disabled = field.value.trim() === "";
  }

  function put(text) {
    field.value = text;
    field.focus();
    field.setSelectionRange(text.length, text.length);
    edited();
  }

  function edited() {
    grow();
    const { items, eager } = where().thread_ts ? { items: [], eager: false } : suggestions(field.value);
    offered = items;
    fill(
      list,
      items.map((item, index) => row(item, index)),
    );
    show(items.length > 0);
    mark(eager ? 0 : -1);
  }

  function row(item, index) {
    const shownRow = h(
      "div",
      { class: "suggestion", role: "option", id: `${id}-${index}`, "aria-selected": "false" },
      h("span", { class: "suggestion-label", text: item.label }),
      h("span", { class: "suggestion-hint", text: item.hint }),
      h("span", { class: "suggestion-words", text: item.describes }),
    );
    shownRow.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      put(item.insert);
    });
    return shownRow;
  }

  function show(open) {
    list.hidden = !open;
    field.setAttribute("aria-expanded", String(open));
  }

  function mark(index) {
    active = index;
    [...list.children].forEach((item, place) => {
      item.setAttribute("aria-selected", String(place === index));
      if (place === index) item.scrollIntoView({ block: "nearest" });
    });
    if (index < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `${id}-${index}`);
  }

  async function submit() {
    const text = field.value.trim();
    const { channel, thread_ts } = where();
    if (!text || !channel) return;
    sentBefore = text;
    put("");
    said.textContent = "";
    if (!text.startsWith("/")) {
      const answer = await post("slack/message", {
        channel,
        user: state.person,
        text: escaped(text),
        ...(thread_ts ? { thread_ts } : {}),
      });
      if (answer.failed) put(text);
    } else if (thread_ts) slackbot(channel, `\`${text.split(" ")[0]}\` is not supported in threads. Sorry!`);
    else if (!/^\/cdi(\s|$)/i.test(text))
      slackbot(channel, `\`${text.split(" ")[0]}\` is not a valid command. In this workspace there is \`/cdi\`.`);
    else await command(channel, text);
  }

  async function command(channel, text) {
    said.textContent = "Sending…";
    const answer = await post("slack/command", { channel, user: state.person, text: text.slice(4).trim() });
    said.textContent = "";
    if (answer.failed) put(text);
    else if (answer.acked === false)
      slackbot(
        channel,
        `\`/cdi\` failed because the app did not respond (\`${answer.error ?? "operation_timeout"}\`).`,
      );
    else if (answer.ack_ms !== undefined)
      said.textContent = `/cdi answered Slack in ${answer.ack_ms < 10 ? answer.ack_ms.toFixed(1) : Math.round(answer.ack_ms)} ms (limit 3 s)`;
  }

  field.addEventListener("input", edited);
  field.addEventListener("blur", () => show(false));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return undefined; // an input method takes Enter for itself
    const open = !list.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (open && step) mark((active + step + offered.length + (active < 0 && step < 0 ? 1 : 0)) % offered.length);
    else if (step === -1 && field.value === "" && sentBefore) put(sentBefore);
    else if (open && event.key === "Escape") show(false);
    else if (open && (event.key === "Tab" || (event.key === "Enter" && active >= 0 && !event.shiftKey)))
      put(offered[Math.max(active, 0)].insert);
    else if (event.key === "Enter" && !event.shiftKey) submit();
    else return undefined;
    return event.preventDefault();
  });
  send.addEventListener("click", submit);
  slash.addEventListener("click", () => put(field.value.startsWith("/") ? field.value : "/cdi "));
  const say = (text) => {
    put(text);
    return submit();
  };
  return { shown, put, say, field };
}

// People's own words: what Slack's client escapes before it sends them.
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

let own = 0;

// Slackbot's answer to one person, shown on this page only.
function slackbot(channel, text) {
  const id = `page-${(own += 1)}`;
  const ts = (Date.now() / 1000).toFixed(6);
  receive({
    type: "ephemeral",
    message: {
      id,
      channel,
      ts,
      thread_ts: null,
      user: SLACKBOT,
      bot: false,
      text,
      blocks: [],
      attachments: [],
      ephemeral: true,
      user_to: state.person,
    },
  });
}

// Slack's global shortcuts: from anywhere, about nothing in particular.
function shortcutsButton() {
  const shown = h(
    "button",
    {
      class: "composer-tool",
      type: "button",
      "aria-haspopup": "menu",
      title: "Shortcuts",
      "aria-label": "Show the shortcuts",
      data: { testid: "shortcuts" },
    },
    icon("bolt"),
  );
  shown.addEventListener("click", () =>
    openPicker({
      anchor: shown,
      role: "menu",
      items: () =>
        state.shortcuts.map(({ name, callback_id: value, description }) => ({
          text: { type: "plain_text", text: name, emoji: false },
          description: { type: "plain_text", text: description, emoji: false },
          value,
        })),
      pick: (option) => useShortcut(option.value),
    }),
  );
  return shown;
}

async function useShortcut(callbackId) {
  const answer = await post("slack/shortcut", { user: state.person, callback_id: callbackId });
  if (answer.acked === false)
    announce("notice", { text: `The app did not respond (${answer.error ?? "operation_timeout"}).`, tone: "bad" });
}

function personButton() {
  const shown = h("button", {
    class: "composer-person",
    type: "button",
    "aria-haspopup": "listbox",
    title: "Whom you act as: times are shown in this person’s zone",
    data: { testid: "person" },
  });
  const draw = () =>
    state.person &&
    fill(
      shown,
      personAvatar(state.person, "avatar-tiny"),
      h("span", { class: "sr-only", text: "Acting as " }),
      h("span", { class: "person-name", text: userName(state.person) }),
      h(
        "span",
        { class: "person-zone" },
        clockTime(new Date()),
        h("span", { class: "person-place", text: ` in ${placeOf(state.users.get(state.person)?.tz)}` }),
      ),
      icon("chevron", 12),
    );
  shown.addEventListener("click", () =>
    openPicker({
      anchor: shown,
      items: () =>
        people().map((user) => ({
          text: { type: "plain_text", text: userName(user.id), emoji: false },
          description: { type: "plain_text", text: aboutPerson(user), emoji: false },
          value: user.id,
        })),
      chosen: (option) => option.value === state.person,
      pick: (option) => {
        state.person = option.value;
        announce("person");
      },
    }),
  );
  on("person", draw);
  on("snapshot", draw);
  setInterval(() => afterPress(shown, draw), CLOCK_MS);
  draw();
  return shown;
}

function aboutPerson(user) {
  return [user.tz, user.locale, user.is_restricted && "guest"].filter(Boolean).join(" · ");
}
