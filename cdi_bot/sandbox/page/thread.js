// The side pane with one thread.

import { composer } from "./composer.js";
import { fill, h, icon } from "./dom.js";
import { MessageList } from "./messagelist.js";
import { announce, channelName, isDirect, on, parentOf, replies, state } from "./state.js";

/** Builds the pane inside `aside`; it shows while a thread is open. */
export function startThread(aside) {
  const where = h("span", { class: "pane-about" });
  const list = h("div", {
    class: "messages",
    role: "log",
    "aria-label": "Replies",
    data: { testid: "thread-messages" },
  });
  const scroller = h("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": "Thread" }, list);
  const close = h(
    "button",
    { class: "icon-button", type: "button", "aria-label": "Close the thread", data: { testid: "thread-close" } },
    icon("close"),
  );
  const field = composer({
    where: () => ({ channel: state.thread?.channel, thread_ts: state.thread?.ts ?? "" }),
    testid: "thread-composer",
    label: "Reply",
  });
  fill(
    aside,
    h(
      "header",
      { class: "pane-head" },
      h("div", { class: "pane-names" }, h("h2", { class: "pane-title", text: "Thread" }), where),
      close,
    ),
    scroller,
    field.shown,
  );

  const messages = new MessageList({ scroller, list, inThread: true, read });
  let opener = null;
  function shut() {
    state.thread = null;
    announce("thread");
    if (opener?.isConnected) opener.focus();
  }
  close.addEventListener("click", shut);
  aside.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) shut();
  });
  on("thread", () => {
    aside.hidden = !state.thread;
    document.body.classList.toggle("thread-open", Boolean(state.thread));
    if (!state.thread) return;
    opener = document.activeElement;
    where.textContent = isDirect(state.thread.channel)
      ? channelName(state.thread.channel)
      : `#${channelName(state.thread.channel)}`;
    messages.reset();
    field.field.focus({ preventScroll: true });
  });
  const mine = ({ message }) =>
    state.thread &&
    message.channel === state.thread.channel &&
    (message.ts === state.thread.ts || message.thread_ts === state.thread.ts);
  on("message", (news) => mine(news) && messages.refresh(true));
  on("message_gone", (news) => mine(news) && messages.refresh());
  for (const topic of ["snapshot", "person"]) on(topic, () => state.thread && messages.reset());
  on("place", () => state.thread && state.place.channel !== state.thread.channel && shut());
}

function read() {
  if (!state.thread) return [];
  const { channel, ts } = state.thread;
  const parent = parentOf(channel, ts);
  return [...(parent ? [parent] : []), ...replies(channel, ts)];
}
