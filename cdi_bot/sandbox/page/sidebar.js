// The sidebar: channels, the app, and what is unread.

import { post } from "./api.js";
import { botAvatar } from "./avatars.js";
import { fill, h, icon } from "./dom.js";
import { afterPress } from "./pressing.js";
import { announce, botName, isDirect, on, state } from "./state.js";

/** Fills the navigation and keeps it in step. */
export function startSidebar(nav) {
  const draw = () => fill(nav, channels(), apps());
  for (const topic of ["snapshot", "channels", "place", "unread", "person"]) on(topic, () => afterPress(nav, draw));
}

/** Opens a channel or, with `home`, the App Home tab. */
export function go(place) {
  state.place = { channel: place.channel ?? null, home: Boolean(place.home) };
  if (state.place.channel) state.unread.delete(state.place.channel);
  if (state.place.home) post("slack/home_opened", { user: state.person });
  document.body.classList.remove("nav-open");
  announce("place");
}

/** The direct message between the bot and the chosen person, or null while there is none. */
export function ownDirect() {
  return (
    [...state.channels.values()].find(
      (channel) => isDirect(channel.id) && (!channel.user || channel.user === state.person),
    ) ?? null
  );
}

function channels() {
  const shown = [...state.channels.values()].filter((channel) => !isDirect(channel.id));
  return section(
    "Channels",
    shown.map((channel) => {
      const sign = icon(channel.is_private ? "lock" : "hash", 15);
      const notes = [channel.is_private && "private", channel.is_archived && "archived"].filter(Boolean).join(", ");
      return entry({
        sign,
        name: channel.name,
        notes,
        current: !state.place.home && state.place.channel === channel.id,
        unread: state.unread.get(channel.id),
        muted: channel.is_archived,
        data: { channel: channel.id, testid: "channel" },
        open: () => go({ channel: channel.id }),
      });
    }),
  );
}

function apps() {
  const direct = ownDirect();
  const current = state.place.home || (direct && state.place.channel === direct.id);
  return section("Apps", [
    entry({
      sign: botAvatar("avatar-tiny"),
      name: botName(),
      notes: "app",
      current,
      unread: direct ? state.unread.get(direct.id) : 0,
      data: { testid: "app" },
      open: () => go({ home: true }),
    }),
  ]);
}

function section(title, entries) {
  return h(
    "section",
    { class: "nav-section" },
    h("h2", { class: "nav-title", text: title }),
    h("ul", { class: "nav-list" }, entries),
  );
}

function entry({ sign, name, notes, current, unread, muted = false, data, open }) {
  return h(
    "li",
    {},
    h(
      "button",
      {
        class: `nav-entry ${unread ? "is-unread" : ""} ${muted ? "is-muted" : ""}`,
        type: "button",
        "aria-current": current ? "page" : null,
        data,
        on: { click: open },
      },
      sign,
      h("span", { class: "nav-name", text: name }),
      notes && h("span", { class: "sr-only", text: `(${notes})` }),
      unread > 0 && h("span", { class: "nav-count" }, String(unread), h("span", { class: "sr-only", text: " unread" })),
    ),
  );
}
