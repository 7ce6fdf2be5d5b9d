// rich_text blocks to DOM: sections, lists, quotes and code with their styled runs.

import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelMention, dateNode, plain, userMention } from "./mrkdwn.js";

/** A rich_text block (or a table cell of that type) as nodes. */
export function richText(block) {
  const nodes = [];
  for (const part of block.elements ?? []) {
    if (part.type === "rich_text_list") appendList(nodes, part);
    else nodes.push(PARTS[part.type]?.(part) ?? h("p", {}, runs(part.elements)));
  }
  return h("div", { class: "rich-text" }, nodes);
}

const PARTS = {
  rich_text_section: (part) => h("div", { class: "rich-section" }, runs(part.elements)),
  rich_text_quote: (part) => h("blockquote", { class: "quote" }, runs(part.elements)),
  rich_text_preformatted: (part) => h("pre", { class: "pre" }, h("code", {}, runs(part.elements))),
};

// Slack sends a nested list as lists side by side, each with its indent.
function appendList(nodes, part) {
  const ordered = part.style === "ordered";
  const list = h(ordered ? "ol" : "ul", {
    class: `rich-list indent-${Math.min(part.indent ?? 0, 8)}`,
    start: ordered && part.offset ? part.offset + 1 : null,
  });
  list.append(...(part.elements ?? []).map((item) => h("li", {}, runs(item.elements))));
  nodes.push(list);
}

const runs = (elements) =>
  (elements ?? []).map((run) => styled(run, RUNS[run.type]?.(run) ?? plain(run.text ?? "", false)));

const RUNS = {
  text: (run) => plain(run.text, false),
  link: (run) => link(run.url, run.text || run.url),
  emoji: (run) =>
    h(
      "span",
      { class: "emoji", role: "img", "aria-label": run.name },
      fromCodes(run.unicode) ?? emoji(run.name ?? "") ?? `:${run.name}:`,
    ),
  user: (run) => userMention(run.user_id),
  channel: (run) => channelMention(run.channel_id),
  usergroup: () => h("span", { class: "mention" }, "@group"),
  broadcast: (run) => h("span", { class: "mention mention-broadcast" }, `@${run.range}`),
  date: (run) => dateNode(run.timestamp, run.format ?? "", run.fallback, run.url),
  color: (run) => h("code", { class: "code" }, run.value),
};

// "1f44b-1f3fd" as the sign itself.
function fromCodes(codes) {
  const points = String(codes ?? "")
    .split("-")
    .map((code) => Number.parseInt(code, 16));
  return points.every((point) => point > 0 && point <= 0x10ffff) ? String.fromCodePoint(...points) : null;
}

function styled(run, nodes) {
  const style = run.style ?? {};
  return [
    ["code", "code"],
    ["strike", "s"],
    ["italic", "em"],
    ["underline", "u"],
    ["bold", "strong"],
  ].reduce(
    (inner, [name, tag]) => (style[name] ? h(tag, tag === "code" ? { class: "code" } : {}, inner) : inner),
    nodes,
  );
}
