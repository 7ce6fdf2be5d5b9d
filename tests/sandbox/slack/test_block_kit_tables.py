"""Slack's own checks of tables and charts."""

from typing import Any

import pytest

from cdi_bot.sandbox.slack.block_kit import message_problems

Json = dict[str, Any]


def cell(text: str = "x") -> Json:
    """Return a table cell."""
    return {"type": "raw_text", "text": text}


def table(rows: int = 2, columns: int = 2, **more: object) -> Json:
    """Return a table."""
    return {"type": "table", "rows": [[cell()] * columns] * rows, **more}


def chart(**more: object) -> Json:
    """Return a line chart."""
    series = {"name": "rows", "data": [{"label": "Mon", "value": 1}, {"label": "Tue", "value": 2.5}]}
    axis = {"categories": ["Mon", "Tue"], "x_label": "Day", "y_label": "Rows"}
    line = {"type": "line", "series": [series], "axis_config": axis} | more
    return {"type": "data_visualization", "title": "Rows", "chart": line}


RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "hi"}]}],
}

GOOD: list[Json] = [
    table(100, 20, column_settings=[{"align": "right", "is_wrapped": True}, None]),
    table(rows=1, columns=1) | {"rows": [[RICH]]},
    chart(),
    chart(type="bar"),
]


@pytest.mark.parametrize("block", GOOD, ids=lambda block: str(block["type"]))
def test_good_tables_and_charts_are_taken(block: Json) -> None:
    """A block within every limit is accepted."""
    assert message_problems([block]) == []


BAD: list[tuple[Json, str]] = [
    (table(101), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    (table(1, 21), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    (
        table(column_settings=[{"align": "middle"}]),
        "must be one of: center, left, right [json-pointer:/blocks/0/column_settings/0/align]",
    ),
    (
        table(1, 1) | {"rows": [[{"type": "button"}]]},
        "unsupported type: button [json-pointer:/blocks/0/rows/0/0/type]",
    ),
    (
        table(1, 1) | {"rows": [[cell("x" * 6_000), cell("x" * 6_000)]]},
        "table cells must have less than 10001 characters in all [json-pointer:/blocks/0/rows]",
    ),
    (
        table(1, 1) | {"rows": [[cell("")]]},
        "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]",
    ),
    (chart() | {"title": "x" * 51}, "must be less than 51 characters [json-pointer:/blocks/0/title]"),
    (chart() | {"chart": "line"}, "must provide an object [json-pointer:/blocks/0/chart]"),
    (chart(type="radar"), "unsupported type: radar [json-pointer:/blocks/0/chart/type]"),
    (
        {"type": "data_visualization", "title": "x"},
        "missing required field: chart [json-pointer:/blocks/0]",
    ),
    (
        chart(axis_config={"categories": ["Mon"]}),
        "data labels must match the categories [json-pointer:/blocks/0/chart/series/0/data]",
    ),
    (
        chart(axis_config={"categories": ["x" * 21]}),
        "must be less than 21 characters [json-pointer:/blocks/0/chart/axis_config/categories/0]",
    ),
    (
        chart(axis_config={}),
        "missing required field: categories [json-pointer:/blocks/0/chart/axis_config]",
    ),
    (
        chart(series=[{"name": f"s{n}"} for n in range(7)]),
        "no more than 6 items allowed [json-pointer:/blocks/0/chart/series]",
    ),
    (
        chart(series=[chart()["chart"]["series"][0]] * 2),
        "series name already exists: rows [json-pointer:/blocks/0/chart/series/1/name]",
    ),
    (
        chart(series=[{"name": "rows", "data": [{"label": "Mon", "value": "7"}]}]),
        "must provide a number [json-pointer:/blocks/0/chart/series/0/data/0/value]",
    ),
    ({"type": "table"}, "missing required field: rows [json-pointer:/blocks/0]"),
    (
        chart(series=[{"name": "rows", "data": [{"label": "Mon"}]}]),
        "missing required field: value [json-pointer:/blocks/0/chart/series/0/data/0]",
    ),
]


@pytest.mark.parametrize(("block", "complaint"), BAD, ids=lambda value: str(value)[:40])
def test_bad_ones_are_refused_in_slacks_words(block: Json, complaint: str) -> None:
    """A block past a limit is refused with what is wrong and where."""
    assert complaint in [str(problem) for problem in message_problems([block])]
