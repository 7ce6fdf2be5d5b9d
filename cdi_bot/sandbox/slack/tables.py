"""Slack's limits on the `table` and `data_table` blocks. Pure.

Sources: docs.slack.dev/reference/block-kit/blocks/table-block and /data-table-block.
"""

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.elements import Report

ROWS_MAX = 100
COLUMNS_MAX = 20
CHARACTERS_MAX = 10_000
_CELLS = ("raw_text", "raw_number", "rich_text")


def check_table(report: Report, block: Json, at: str) -> None:
    """Check a table: 100 rows of 20 cells, settings for 20 columns."""
    if report.keys(block, at, ("rows",), ("block_id", "column_settings")):
        _check_rows(report, block["rows"], at, most=ROWS_MAX)
    settings = report.array(block.get("column_settings") or [], f"{at}/column_settings", COLUMNS_MAX, least=0)
    for place, setting in enumerate(settings):
        here = f"{at}/column_settings/{place}"
        # null leaves a column as it is.
        if setting is not None and report.keys(setting, here, (), ("align", "is_wrapped")):
            report.chosen(setting.get("align"), f"{here}/align", ("left", "center", "right"))


def check_data_table(report: Report, block: Json, at: str) -> None:
    """Check a data table: a caption, a header without rich text, 1 to 100 more rows of the same length."""
    optional = ("block_id", "page_size", "row_header_column_index")
    if not report.keys(block, at, ("rows", "caption"), optional):
        return
    report.string(block["caption"], f"{at}/caption", 3_000)
    rows = _check_rows(report, block["rows"], at, most=ROWS_MAX + 1, least=2)
    if len({len(row) for row in rows}) > 1:
        report.add("all rows must have the same number of cells", f"{at}/rows")
    if rows and any(isinstance(cell, dict) and cell.get("type") == "rich_text" for cell in rows[0]):
        report.add("unsupported type: rich_text", f"{at}/rows/0")
    size = block.get("page_size", 5)
    if not isinstance(size, int) or not 1 <= size <= 100:
        report.add("must be between 1 and 100", f"{at}/page_size")


def _check_rows(report: Report, rows: object, at: str, *, most: int, least: int = 1) -> list[list[object]]:
    listed = [
        report.array(row, f"{at}/rows/{place}", COLUMNS_MAX)
        for place, row in enumerate(report.array(rows, f"{at}/rows", most, least=least))
    ]
    characters = 0
    for down, row in enumerate(listed):
        for across, cell in enumerate(row):
            characters += _check_cell(report, cell, f"{at}/rows/{down}/{across}")
    if characters > CHARACTERS_MAX:
        report.add(f"table cells must have less than {CHARACTERS_MAX + 1} characters in all", f"{at}/rows")
    return listed


def _check_cell(report: Report, cell: object, at: str) -> int:
    """Check one cell. Returns how many characters it shows."""
    kind = cell.get("type") if isinstance(cell, dict) else None
    if not isinstance(cell, dict) or kind not in _CELLS:
        report.add(f"unsupported type: {kind}", f"{at}/type")
        return 0
    if kind == "rich_text":
        report.keys(cell, at, ("elements",), ("block_id",))
        return len(rich_text(cell))
    if kind == "raw_number":
        report.keys(cell, at, ("value",), ("text",))
        if not isinstance(cell.get("value"), int | float):
            report.add("must provide a number", f"{at}/value")
        return len(str(cell.get("text", cell.get("value"))))
    report.keys(cell, at, ("text",))
    report.string(cell.get("text"), f"{at}/text", CHARACTERS_MAX)
    return len(str(cell.get("text", "")))


def rich_text(value: Json) -> str:
    """Return what a piece of rich text says, without its styles."""
    parts: list[str] = []
    for element in value.get("elements") or ():
        if isinstance(element, dict):
            own = element.get("text") or element.get("url") or element.get("fallback") or ""
            if element.get("type") == "emoji":
                own = f":{element.get('name')}:"
            elif element.get("type") in ("user", "channel"):
                own = "@" + str(element.get("user_id") or element.get("channel_id"))
            parts.append(str(own) + rich_text(element))
    glue = "\n" if value.get("type") in ("rich_text", "rich_text_list") else ""
    return glue.join(parts)
