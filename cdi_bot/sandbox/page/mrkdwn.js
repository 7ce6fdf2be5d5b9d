// Slack's mrkdwn to DOM nodes. The text is walked, never turned into HTML: everything in it becomes text nodes.

import { formatDate, wholeMoment } from "./dates.js";
import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelName, userName } from "./state.js";

const STYLES = { "*": "strong", _: "em", "~": "s" };
// What Slack escapes; any other entity stays as typed.
const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Undoes Slack's escaping of `&`, `<` and `>`, and only that. */
const unescapeText = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

/** A mrkdwn string as a list of nodes. */
export function mrkdwn(text) {
  return String(text ?? "")
    .split(/\n?(```[\s\S]+?```)\n?/)
    .flatMap((part) => (part.startsWith("```") && part.length > 6 ? preformatted(part) : quotedLines(part)));
}

/** A plain_text string: newlines and shortcodes, nothing else. */
export function plain(text, withEmoji = true) {
  const shown = unescapeText(String(text ?? ""));
  return withEmoji ? withShortcodes(shown) : [document.createTextNode(shown)];
}

/** A Block Kit text object of either type; a bare string counts as plain. */
export function textObject(object) {
  if (object === null || object === undefined) return [];
  if (typeof object === "string") return plain(object);
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text, object.emoji !== false);
}

/** The letters of a mrkdwn string without its marks, for previews and labels. */
export function lettersOf(text) {
  return h("span", {}, mrkdwn(text)).textContent.replace(/\s+/g, " ").trim();
}

/** Text nodes with `:shortcodes:` turned into signs that assistive technology can name. */
function withShortcodes(text) {
  return text.split(/(:[a-z0-9_+'-]+(?:::skin-tone-\d)?:)/i).flatMap((part) => {
    const sign = /^:.+:$/.test(part) ? emoji(part.slice(1, -1)) : null;
    if (sign)
      return h(
        "span",
        { class: "emoji", role: "img", "aria-label": part.slice(1, -1).replaceAll("_", " "), title: part },
        sign,
      );
    return part ? document.createTextNode(part) : [];
  });
}

/** What a date token shows: the moment in the reader's zone, the fallback where the format is not understood. */
export function dateNode(epoch, format, fallback, address) {
  const shown = formatDate(Number(epoch), format);
  if (shown === null) return document.createTextNode(unescapeText(fallback ?? ""));
  const moment = new Date(Number(epoch) * 1000);
  const time = h("time", { class: "date", datetime: moment.toISOString(), title: wholeMoment(moment), text: shown });
  return address ? link(address, time) : time;
}

/** A person's name as Slack shows a mention. */
const userMention = (id) => h("span", { class: "mention", data: { user: id } }, `@${userName(id)}`);

/** A channel's name as Slack shows a mention. */
const channelMention = (id, label) =>
  h("span", { class: "mention mention-channel", data: { mention: id } }, `#${label || channelName(id)}`);

function preformatted(part) {
  return [h("pre", { class: "pre" }, h("code", {}, codeNodes(part.slice(3, -3).replace(/^\n/, ""))))];
}

// Inside code only the angle-bracket forms keep their meaning.
function codeNodes(text) {
  return text
    .split(/(<[^<>\n]+>)/)
    .map((part) =>
      /^<[^<>\n]+>$/.test(part) ? angle(part.slice(1, -1)) : document.createTextNode(unescapeText(part)),
    );
}

function quotedLines(text) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, index) => {
    const quoted = /^(?:&gt;|>)\s?(.*)$/.exec(line);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote", { class: "quote" })));
      else quote.append(h("br"));
      quote.append(...inline(quoted[1]));
      return;
    }
    if (index > 0 && !quote) nodes.push(h("br"));
    quote = null;
    nodes.push(...inline(line));
  });
  return nodes;
}

const CODE = /^`([^`\n]+)`/;
const ANGLE = /^<([^<>\n]+)>/;
const STYLED = /^([*_~])(?!\s|\1)([^\n]*?[^\s])\1(?![\p{L}\p{N}])/u;
const ADDRESS = /^https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)'"\]}*_~]/i;

function inline(text) {
  const nodes = [];
  let pending = "";
  const flush = () => {
    if (pending) nodes.push(...withShortcodes(unescapeText(pending)));
    pending = "";
  };
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const found = special(rest, at === 0 ? "" : text[at - 1]);
    if (found) {
      flush();
      nodes.push(...found.nodes);
      at += found.length;
    } else {
      pending += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

function special(rest, before) {
  if (rest[0] === "`") {
    const match = CODE.exec(rest);
    return match && { nodes: [h("code", { class: "code" }, codeNodes(match[1]))], length: match[0].length };
  }
  if (rest[0] === "<") {
    const match = ANGLE.exec(rest);
    return match && { nodes: [angle(match[1])], length: match[0].length };
  }
  if (STYLES[rest[0]] && !/[\p{L}\p{N}]/u.test(before)) {
    const match = STYLED.exec(rest);
    return match && { nodes: [h(STYLES[match[1]], {}, inline(match[2]))], length: match[0].length };
  }
  if (rest.startsWith("http") && !/[\p{L}\p{N}]/u.test(before)) {
    const match = ADDRESS.exec(rest);
    return match && { nodes: [link(unescapeText(match[0]), unescapeText(match[0]))], length: match[0].length };
  }
  return null;
}

// What is between < and >: a person, a channel, a special mention, a date, or an address with an optional label.
function angle(inner) {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : inner.slice(bar + 1);
  if (target.startsWith("@")) return userMention(target.slice(1));
  if (target.startsWith("#")) return channelMention(target.slice(1), unescapeText(label));
  if (target.startsWith("!date^")) {
    const [, epoch, format, address] = target.split("^");
    return dateNode(epoch, unescapeText(format ?? ""), label, address && unescapeText(address));
  }
  if (target.startsWith("!subteam^")) return h("span", { class: "mention" }, unescapeText(label) || "@group");
  if (target.startsWith("!")) return h("span", { class: "mention mention-broadcast" }, `@${target.slice(1)}`);
  if (/^mailto:/i.test(target)) return document.createTextNode(unescapeText(label) || target.slice(7));
  const address = unescapeText(target);
  return link(address, label ? inline(label) : address);
}
