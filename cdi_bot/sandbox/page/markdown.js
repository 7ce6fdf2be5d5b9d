// The `markdown` block to DOM: the part of Markdown that Slack documents for it. Walked, never turned into HTML.

import { h, link } from "./dom.js";
import { withShortcodes } from "./mrkdwn.js";

const FENCE = /^\s*(```|~~~)/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/;
const ITEM = /^(\s*)(?:([-*+])|(\d+)[.)])\s+(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-{1,}:?\s*(?:\|\s*:?-{1,}:?\s*)*\|?\s*$/;

/** Markdown text as a list of nodes. */
export function markdown(text) {
  const lines = String(text ?? "").split("\n");
  const nodes = [];
  for (let at = 0; at < lines.length;) {
    const [node, next] = blockAt(lines, at);
    if (node) nodes.push(node);
    at = next;
  }
  return nodes;
}

function blockAt(lines, at) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  if (FENCE.test(line)) return fence(lines, at);
  const heading = HEADING.exec(line);
  if (heading)
    return [
      h(
        `h${Math.min(heading[1].length + 2, 6)}`,
        { class: `md-heading md-heading-${heading[1].length}` },
        inline(heading[2]),
      ),
      at + 1,
    ];
  if (RULE.test(line)) return [h("hr", { class: "divider" }), at + 1];
  if (line.startsWith(">")) return quote(lines, at);
  if (ITEM.test(line)) return list(lines, at);
  if (line.includes("|") && TABLE_RULE.test(lines[at + 1] ?? "") && (lines[at + 1] ?? "").includes("-"))
    return table(lines, at);
  return paragraph(lines, at);
}

function fence(lines, at) {
  let end = at + 1;
  while (end < lines.length && !FENCE.test(lines[end])) end += 1;
  return [h("pre", { class: "pre" }, h("code", { text: lines.slice(at + 1, end).join("\n") })), end + 1];
}

function quote(lines, at) {
  let end = at;
  while (end < lines.length && lines[end].startsWith(">")) end += 1;
  return [
    h(
      "blockquote",
      { class: "quote" },
      markdown(
        lines
          .slice(at, end)
          .map((line) => line.replace(/^>\s?/, ""))
          .join("\n"),
      ),
    ),
    end,
  ];
}

// Items deeper than the first one belong to the item before them.
function list(lines, at) {
  const first = ITEM.exec(lines[at]);
  const depth = first[1].length;
  const shown = h(first[3] ? "ol" : "ul", {
    class: "rich-list",
    start: first[3] && first[3] !== "1" ? first[3] : null,
  });
  let next = at;
  while (next < lines.length) {
    const item = ITEM.exec(lines[next]);
    if (!item || item[1].length < depth || (item[1].length === depth && Boolean(item[3]) !== Boolean(first[3]))) break;
    if (item[1].length > depth + 1 && shown.lastElementChild) {
      const [inner, after] = list(lines, next);
      shown.lastElementChild.append(inner);
      next = after;
    } else {
      shown.append(task(item[4]));
      next += 1;
    }
  }
  return [shown, next];
}

function task(text) {
  const mark = /^\[([ xX])\]\s+(.*)$/.exec(text);
  if (!mark) return h("li", {}, inline(text));
  return h(
    "li",
    { class: "task" },
    h("input", {
      type: "checkbox",
      disabled: true,
      ".checked": mark[1] !== " ",
      "aria-label": mark[1] === " " ? "open" : "done",
    }),
    " ",
    inline(mark[2]),
  );
}

function cells(line) {
  return line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function table(lines, at) {
  const align = cells(lines[at + 1]).map((rule) =>
    rule.endsWith(":") ? (rule.startsWith(":") ? "center" : "right") : "left",
  );
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|") && lines[end].trim()) end += 1;
  const row = (line, tag) =>
    h(
      "tr",
      {},
      cells(line).map((cell, index) =>
        h(tag, { class: `align-${align[index] ?? "left"}`, scope: tag === "th" ? "col" : null }, inline(cell)),
      ),
    );
  const shown = h(
    "table",
    { class: "table" },
    h("thead", {}, row(lines[at], "th")),
    h(
      "tbody",
      {},
      lines.slice(at + 2, end).map((line) => row(line, "td")),
    ),
  );
  return [h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Table" }, shown), end];
}

function paragraph(lines, at) {
  const shown = h("p", { class: "md-paragraph" });
  let end = at;
  while (end < lines.length && lines[end].trim() && (end === at || !startsBlock(lines[end]))) {
    if (end > at) shown.append(h("br"));
    shown.append(...inline(lines[end]));
    end += 1;
  }
  return [shown, end];
}

const startsBlock = (line) =>
  FENCE.test(line) || HEADING.test(line) || RULE.test(line) || line.startsWith(">") || ITEM.test(line);

// In order of precedence; each gives the node of its match.
const MARKS = [
  [/^\\([\\`*_{}[\]()#+\-.!~|>])/, (match) => match[1]],
  [/^`([^`]+)`/, (match) => h("code", { class: "code", text: match[1] })],
  [/^!?\[([^\]]*)\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)?)\)/, (match) => link(match[2], inline(match[1]))],
  [/^<(https?:\/\/[^>\s]+)>/, (match) => link(match[1], match[1])],
  [/^(?:\*\*|__)(?=\S)(.+?\S|\S)(?:\*\*|__)/, (match) => h("strong", {}, inline(match[1]))],
  [/^~~(?=\S)(.+?)~~/, (match) => h("s", {}, inline(match[1]))],
  [/^\*(?=[^\s*])([^*]*[^\s*])\*/, (match) => h("em", {}, inline(match[1]))],
  [/^https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)'"\]}*_~]/i, (match) => link(match[0], match[0])],
];
// An underscore inside a word is a letter: rows_failed_with_errors.
const UNDERSCORED = [/^_(?=[^\s_])([^_]*[^\s_])_(?![\p{L}\p{N}])/u, (match) => h("em", {}, inline(match[1]))];

function inline(text) {
  const nodes = [];
  let pending = "";
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const inWord = /[\p{L}\p{N}]/u.test(text[at - 1] ?? "");
    const marks = inWord
      ? MARKS.filter(([pattern]) => !pattern.source.startsWith("^(?:\\*\\*|__)") || !rest.startsWith("__"))
      : [...MARKS, UNDERSCORED];
    const hit = "\\`![<*_~h".includes(rest[0])
      ? marks.map(([pattern, draw]) => [pattern.exec(rest), draw]).find(([match]) => match)
      : null;
    if (hit) {
      if (pending) nodes.push(...withShortcodes(pending));
      pending = "";
      nodes.push(hit[1](hit[0]));
      at += hit[0][0].length;
    } else {
      pending += text[at];
      at += 1;
    }
  }
  if (pending) nodes.push(...withShortcodes(pending));
  return nodes;
}
