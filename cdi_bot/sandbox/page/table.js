// `table` and `data_table` blocks. The first row is the header, as Slack draws it.

import { fill, h } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const PAGE_SIZE = 5; // Slack's own default for a data_table

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

/** A data_table block: caption, row headers, pages. */
export function dataTable(block) {
  const [head, ...rows] = block.rows ?? [];
  const size = block.page_size ?? PAGE_SIZE;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const body = h("tbody");
  const where = h("span", { class: "muted", role: "status" });
  const headerColumn = block.row_header_column_index ?? 0;
  let page = 0;
  const earlier = h("button", {
    class: "btn btn-small",
    type: "button",
    text: "Previous",
    on: { click: () => turn(-1) },
  });
  const later = h("button", { class: "btn btn-small", type: "button", text: "Next", on: { click: () => turn(1) } });
  function turn(step) {
    page = Math.min(Math.max(page + step, 0), pages - 1);
    fill(
      body,
      rows.slice(page * size, (page + 1) * size).map((row) => bodyRow(row, [], headerColumn)),
    );
    where.textContent = `Page ${page + 1} of ${pages}`;
    earlier.disabled = page === 0;
    later.disabled = page === pages - 1;
  }
  turn(0);
  return [
    scroller(
      String(block.caption ?? "Table"),
      h("table", { class: "table" }, h("caption", {}, plain(block.caption ?? "")), headRow(head ?? [], []), body),
    ),
    pages > 1 && h("div", { class: "pager" }, earlier, where, later),
  ];
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
      row.map((cell, index) => h("th", { scope: "col", class: columnClass(settings[index], cell) }, content(cell))),
    ),
  );
}

function bodyRow(row, settings, headerColumn = -1) {
  return h(
    "tr",
    {},
    row.map((cell, index) =>
      index === headerColumn
        ? h("th", { scope: "row", class: columnClass(settings[index], cell) }, content(cell))
        : h("td", { class: columnClass(settings[index], cell) }, content(cell)),
    ),
  );
}

function columnClass(setting, cell) {
  const fallback = cell?.type === "raw_number" ? "right" : "left";
  const align = ["left", "center", "right"].includes(setting?.align) ? setting.align : fallback;
  return `align-${align} ${setting?.is_wrapped ? "is-wrapped" : ""}`;
}

function content(cell) {
  if (!cell) return [];
  if (cell.type === "rich_text") return richText(cell);
  if (cell.type === "raw_number") return plain(cell.text ?? String(cell.value ?? ""), false);
  return cell.type === "raw_text" ? plain(cell.text) : textObject(cell);
}
