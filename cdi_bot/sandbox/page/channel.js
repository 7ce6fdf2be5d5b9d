// The main pane: the open channel with its messages, or the app's tabs.

import { composer } from "./composer.js";
import { fill, h, icon } from "./dom.js";
import { startHome } from "./home.js";
import { MessageList } from "./messagelist.js";
import { go, ownDirect } from "./sidebar.js";
import { startTour } from "./tour.js";
import { announce, botName, channelMessages, channelName, isDirect, on, showsInChannel, state } from "./state.js";

const FIRST_WORDS = ["/cdi help", "/cdi subscribe all", "@cdi-bot status"];
const ALONE = ["help", "list"]; // in a direct message there is no channel to subscribe

/** Builds the pane inside `main` and keeps it in step with the state. */
export function startChannel(main) {
  const title = h("h1", { class: "pane-title" });
  const about = h("span", { class: "pane-about" });
  const tabs = h("div", { class: "tabs" });
  const intro = h("div", { class: "intro" });
  const list = h("div", { class: "messages", role: "log", "aria-label": "Messages", data: { testid: "messages" } });
  const scroller = h(
    "div",
    { class: "scroller", tabindex: 0, role: "region", "aria-label": "Conversation" },
    intro,
    list,
  );
  const missed = h("button", { class: "missed", type: "button", hidden: true }, icon("down", 14), "New messages");
  const field = composer({ where: () => ({ channel: state.place.channel }), testid: "composer", label: "Message" });
  const closed = h("p", { class: "composer-closed", hidden: true });
  const tour = h("section", { class: "tour", "aria-labelledby": "tour-title", hidden: true, data: { testid: "tour" } });
  const conversation = h("div", { class: "conversation" }, tour, scroller, missed, field.shown, closed);
  const home = h("div", { class: "home", hidden: true, data: { testid: "home" } });
  fill(
    main,
    h("header", { class: "pane-head" }, h("div", { class: "pane-names" }, title, about), tabs),
    conversation,
    home,
  );
  startHome(home);
  startTour(tour, (text) => field.say(text));

  const hideMissed = () => (missed.hidden = true);
  const messages = new MessageList({
    scroller,
    list,
    read: () => (state.place.channel ? channelMessages(state.place.channel) : []),
    onMissed: () => (missed.hidden = false),
    onEnd: hideMissed,
  });
  missed.addEventListener("click", () => {
    messages.toEnd();
    hideMissed();
  });

  function head() {
    const { channel, home: atHome } = state.place;
    const known = state.channels.get(channel);
    const app = atHome || isDirect(channel ?? "");
    const name = app ? botName() : channelName(channel ?? "");
    fill(title, app ? null : icon(known?.is_private ? "lock" : "hash", 18), name);
    about.textContent = app ? "App" : known && !known.bot_is_member ? `${botName()} is not in this channel` : "";
    fill(tabs, app ? appTabs(atHome) : []);
    const label = app ? `Message ${name}` : `Message #${name}`;
    field.field.placeholder = label;
    field.field.setAttribute("aria-label", label);
    document.title = `${app ? name : `#${name}`} · cdi-bot demo`;
    conversation.hidden = atHome;
    home.hidden = !atHome;
    closed.hidden = !known?.is_archived;
    closed.textContent = "This channel is archived.";
    field.shown.hidden = Boolean(known?.is_archived);
  }

  function drawIntro() {
    const { channel } = state.place;
    if (!channel) return fill(intro);
    const name = isDirect(channel) ? botName() : `#${channelName(channel)}`;
    return fill(
      intro,
      h("h2", { text: name }),
      h(
        "p",
        {},
        isDirect(channel) ? "What the app tells you alone." : "The very beginning of this channel. Talk to the bot:",
      ),
      h(
        "div",
        { class: "intro-words" },
        (isDirect(channel) ? ALONE : FIRST_WORDS).map((words) =>
          h(
            "button",
            { class: "btn btn-small", type: "button", on: { click: () => field.put(words) } },
            h("code", { text: words }),
          ),
        ),
      ),
    );
  }

  const move = () => {
    hideMissed();
    head();
    drawIntro();
    messages.reset();
  };
  on("place", move);
  on("person", () => messages.reset());
  on("snapshot", move);
  on("channels", head);
  on("message", ({ message, known }) => {
    if (message.channel === state.place.channel) messages.refresh(!known);
    if (!known) countUnread(message);
  });
  on("message_gone", ({ message }) => message.channel === state.place.channel && messages.refresh());
}

function countUnread(message) {
  const mine = message.user === state.person || (message.ephemeral && message.user_to !== state.person);
  const reading = !state.place.home && message.channel === state.place.channel;
  if (mine || reading || !showsInChannel(message)) return;
  state.unread.set(message.channel, (state.unread.get(message.channel) ?? 0) + 1);
  announce("unread");
}

function appTabs(atHome) {
  const direct = ownDirect();
  const tab = (words, current, open, testid) =>
    h(
      "button",
      {
        class: "tab",
        type: "button",
        "aria-current": current ? "page" : null,
        disabled: !open,
        data: { testid },
        on: { click: open ?? (() => {}) },
      },
      words,
    );
  return [
    tab("Home", atHome, () => go({ home: true }), "tab-home"),
    tab("Messages", !atHome, direct ? () => go({ channel: direct.id }) : null, "tab-messages"),
  ];
}
