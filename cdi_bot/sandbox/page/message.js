// One message as Slack draws it: author, time, blocks, attachments, and its thread.

import { avatarOf } from "./avatars.js";
import { renderBlocks } from "./blocks.js";
import { ago, clockTime, momentOf, wholeMoment } from "./dates.js";
import { h, icon } from "./dom.js";
import { lettersOf, mrkdwn } from "./mrkdwn.js";
import { announce, botName, dropMessage, keyOf, parentOf, replies, state, userName } from "./state.js";
import { messageSurface } from "./surface.js";

const FACES = 3; // avatars shown in front of a reply count
const PREVIEW = 80; // letters of the parent shown over a reply that was sent to the channel too

/** The name of whoever wrote a message. */
const authorOf = (message) => (message.bot ? botName() : userName(message.user));

/**
 * Draws a message. `compact` leaves out what the message above it shows already; `inThread` leaves out the thread
 * line and the way into the thread.
 */
export function renderMessage(message, { compact = false, inThread = false } = {}) {
  const moment = momentOf(message.ts);
  const stamp = h("time", {
    class: "stamp",
    datetime: moment.toISOString(),
    title: wholeMoment(moment),
    text: clockTime(moment),
  });
  const name = authorOf(message);
  const kind = message.ephemeral ? "is-ephemeral" : "";
  return h(
    "article",
    {
      class: `message ${compact ? "is-compact" : ""} ${kind}`,
      "aria-label": `${name}, ${clockTime(moment)}`,
      data: {
        ts: message.ts,
        key: keyOf(message),
        channel: message.channel,
        author: message.bot ? "bot" : (message.user ?? ""),
        testid: "message",
      },
    },
    h("div", { class: "gutter" }, compact ? stamp : avatarOf(message)),
    h(
      "div",
      { class: "message-main" },
      message.ephemeral && onlyYou(message),
      !compact &&
        h(
          "div",
          { class: "message-head" },
          h("span", { class: "author", text: name }),
          message.bot && h("span", { class: "app-badge", text: "App" }),
          stamp,
        ),
      !inThread && message.reply_broadcast && repliedTo(message),
      inThread && message.reply_broadcast && h("div", { class: "also-sent", text: "Also sent to the channel" }),
      body(message),
      !inThread && threadLine(message),
    ),
    !inThread && !message.ephemeral && tools(message),
  );
}

function body(message) {
  const surface = messageSurface(message);
  const words = message.blocks?.length
    ? renderBlocks(message.blocks, surface)
    : message.text
      ? [h("div", { class: "text" }, mrkdwn(message.text))]
      : [];
  const edited = message.edited && h("span", { class: "edited", title: "This message was changed", text: "(edited)" });
  return h(
    "div",
    { class: "message-body" },
    words,
    (message.attachments ?? []).map((attachment) => renderAttachment(attachment, surface)),
    edited,
  );
}

function renderAttachment(attachment, surface) {
  const shown = h("div", { class: "attachment" }, renderBlocks(attachment.blocks, surface));
  const colour = /^#?([0-9a-f]{6})$/i.exec(attachment.color ?? "");
  if (colour) shown.style.setProperty("--bar", `#${colour[1]}`);
  return shown;
}

function onlyYou(message) {
  const dismiss = () => {
    dropMessage(message.channel, keyOf(message));
    announce("message_gone", { message, key: keyOf(message) });
  };
  return h(
    "div",
    { class: "only-you" },
    icon("eye", 14),
    h("span", { text: "Only visible to you" }),
    h("button", { class: "linklike", type: "button", text: "Dismiss", on: { click: dismiss } }),
  );
}

function repliedTo(message) {
  const parent = parentOf(message.channel, message.thread_ts);
  const words = parent ? lettersOf(parent.text) : "";
  const preview = words.length > PREVIEW ? `${words.slice(0, PREVIEW)}…` : words;
  return h(
    "div",
    { class: "replied-to" },
    icon("thread", 14),
    "replied to a thread: ",
    h("button", {
      class: "linklike",
      type: "button",
      text: preview || "open it",
      on: { click: () => openThread(message.channel, message.thread_ts) },
    }),
  );
}

function threadLine(message) {
  const answers = message.thread_ts && message.thread_ts !== message.ts ? [] : replies(message.channel, message.ts);
  if (answers.length === 0) return null;
  const writers = [...new Map(answers.map((reply) => [reply.bot ? "bot" : reply.user, reply])).values()];
  const last = momentOf(answers.at(-1).ts);
  return h(
    "button",
    {
      class: "thread-line",
      type: "button",
      data: { thread: message.ts, testid: "thread-line" },
      on: { click: () => openThread(message.channel, message.ts) },
    },
    h(
      "span",
      { class: "faces" },
      writers.slice(0, FACES).map((reply) => avatarOf(reply, "avatar-small")),
    ),
    h("span", { class: "thread-count", text: answers.length === 1 ? "1 reply" : `${answers.length} replies` }),
    h("span", { class: "thread-last", data: { since: last.toISOString() }, text: `Last reply ${ago(last)}` }),
    h("span", { class: "thread-view", text: "View thread" }),
  );
}

function tools(message) {
  const top = message.thread_ts ?? message.ts;
  return h(
    "div",
    { class: "message-tools" },
    h(
      "button",
      {
        type: "button",
        class: "tool",
        title: "Reply in thread",
        "aria-label": `Reply in thread to ${authorOf(message)}`,
        data: { testid: "reply" },
        on: { click: () => openThread(message.channel, top) },
      },
      icon("thread"),
      h("span", { text: "Reply" }),
    ),
  );
}

/** Opens a thread beside the channel. */
function openThread(channel, ts) {
  state.thread = { channel, ts };
  announce("thread");
}
