// `table` blocks. The first row is the header, as Slack draws it.

import { h } from "./dom.js";
import { dateNode, plain } from "./mrkdwn.js";

/** A table block: alignment and wrapping per column. */
export function table(block) {
  const [head, ...rows] = block.rows ?? [];
  const settings = block.column_settings ?? [];
  return scroller(
    "Table",
    h(
      "table",
      { class: "table" },
      headRow(head ?? [], settings),
      h(
        "tbody",
        {},
        rows.map((row) => bodyRow(row, settings)),
      ),
    ),
  );
}

function scroller(label, shown) {
  return h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": label }, shown);
}

function headRow(row, settings) {
  return h(
    "thead",
    {},
    h(
      "tr",
      {},
      row.map((cell, index) => h("th", { scope: "col", class: columnClass(settings[index]) }, content(cell))),
    ),
  );
}

function bodyRow(row, settings) {
  return h(
    "tr",
    {},
    row.map((cell, index) => h("td", { class: columnClass(settings[index]) }, content(cell))),
  );
}

function columnClass(setting) {
  const align = ["left", "center", "right"].includes(setting?.align) ? setting.align : "left";
  return `align-${align} ${setting?.is_wrapped ? "is-wrapped" : ""}`;
}

function content(cell) {
  if (cell?.type !== "rich_text") return plain(cell?.text ?? "");
  return h(
    "div",
    { class: "rich-section" },
    (cell.elements ?? []).flatMap((section) => section.elements ?? []).map(run),
  );
}

const run = (part) =>
  part.type === "date" ? dateNode(part.timestamp, part.format ?? "", part.fallback, part.url) : plain(part.text ?? "", false);
