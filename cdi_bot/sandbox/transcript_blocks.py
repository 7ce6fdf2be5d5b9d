"""Block Kit as plain text: tables as columns, buttons as `[Button]`, charts as sparklines. Pure."""

import unicodedata
from collections.abc import Callable, Sequence

from cdi_bot.sandbox.slack.model import Json
from cdi_bot.sandbox.slack.tables import rich_text
from cdi_bot.sandbox.transcript_text import Names, clean, plain, symbols

_BARS = "▁▂▃▄▅▆▇█"


def block_lines(block: Json, names: Names) -> list[str]:
    """Return one block as lines; a block of a kind unknown here says so."""
    show = _BLOCKS.get(str(block.get("type")))
    return show(block, names) if show is not None else [f"({block.get('type')})"]


def _text(value: object, names: Names) -> str:
    """Return what a text object says."""
    if not isinstance(value, dict):
        return clean(str(value or ""))
    said = str(value.get("text", ""))
    return plain(said, names) if value.get("type") == "mrkdwn" else clean(said)


def _section(block: Json, names: Names) -> list[str]:
    lines = _text(block.get("text"), names).splitlines()
    for item in block.get("fields") or ():
        # Fields are mostly a label over its value: one line reads better in a terminal.
        head, _, rest = _text(item, names).partition("\n")
        lines.append(f"{head.removesuffix(':')}: {rest}" if rest else head)
    return lines + ([_element(block["accessory"], names)] if block.get("accessory") else [])


def _header(block: Json, names: Names) -> list[str]:
    said = _text(block.get("text"), names)
    return [said, "─" * _width(said)]


def _context(block: Json, names: Names) -> list[str]:
    return "  ".join(_element(element, names) for element in block.get("elements") or ()).splitlines()


def _actions(block: Json, names: Names) -> list[str]:
    return [" ".join(_element(element, names) for element in block.get("elements") or ())]


def _input(block: Json, names: Names) -> list[str]:
    return [f"{_text(block.get('label'), names)}: {_element(block.get('element') or {}, names)}"]


def _element(element: Json, names: Names) -> str:
    kind = str(element.get("type"))
    if kind in ("plain_text", "mrkdwn"):
        return _text(element, names)
    if kind == "image":
        return f"({clean(str(element.get('alt_text')))})"
    if kind == "button":
        return f"[{_text(element.get('text'), names)}]"
    hint = _text(element.get("placeholder"), names)
    return f"[{hint or '…'} ▾]" if "select" in kind or kind == "overflow" else f"[{hint or '…'}]"


def _table(block: Json, names: Names) -> list[str]:
    rows = [[_cell(cell, names) for cell in row] for row in block.get("rows") or ()]
    columns = max((len(row) for row in rows), default=0)
    settings = block.get("column_settings") or []
    right = {
        place for place, one in enumerate(settings) if isinstance(one, dict) and one.get("align") == "right"
    }
    widths = [max(_width(row[place]) for row in rows if place < len(row)) for place in range(columns)]
    shown = [
        "  ".join(
            _padded(cell, widths[place], right=place in right) for place, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
    rule = "  ".join("─" * width for width in widths)
    caption = [clean(str(block["caption"]))] if block.get("caption") else []
    return caption + ([shown[0], rule, *shown[1:]] if shown else [])


def _cell(cell: Json, names: Names) -> str:
    if cell.get("type") == "rich_text":
        return symbols(clean(rich_text(cell))).replace("\n", " ")
    return _text(str(cell.get("text", cell.get("value", ""))), names).replace("\n", " ")


def _chart(block: Json, _names: Names) -> list[str]:
    chart = block.get("chart") or {}
    lines = [f"{clean(str(block.get('title')))} ({chart.get('type')} chart)"]
    for series in chart.get("series") or ():
        values = [float(point["value"]) for point in series["data"]]
        lines.append(f"{_spark(values)}  {clean(str(series['name']))}: {values[0]:g} … {values[-1]:g}")
    lines += [f"{clean(str(part['label']))}: {part['value']:g}" for part in chart.get("segments") or ()]
    return lines


def _spark(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    span = high - low or 1.0
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1))] for value in values)


def _width(text: str) -> int:
    """Return how many columns a terminal gives to a text: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


_BLOCKS: dict[str, Callable[[Json, Names], list[str]]] = {
    "actions": _actions,
    "alert": lambda block, names: _text(block.get("text"), names).splitlines(),
    "context": _context,
    "data_table": _table,
    "data_visualization": _chart,
    "divider": lambda _block, _names: ["─" * 40],
    "header": _header,
    "image": lambda block, _names: [f"(picture: {clean(str(block.get('alt_text')))})"],
    "input": _input,
    "markdown": lambda block, names: plain(str(block.get("text", "")).replace("**", "*"), names).splitlines(),
    "rich_text": lambda block, _names: symbols(clean(rich_text(block))).splitlines(),
    "section": _section,
    "table": _table,
}
