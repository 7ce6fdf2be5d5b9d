"""Slack's own checks of a message's blocks: what is refused, in Slack's words, and what is not."""

from typing import Any

import pytest

from cdi_bot.sandbox.slack.block_kit import message_problems, options_problems, view_problems
from tests.sandbox.slack_kit import actions, button, modal, plain, section, text_input

Json = dict[str, Any]


def option(text: str = "One", value: str = "1") -> Json:
    """Return an option."""
    return {"text": plain(text), "value": value}


def select(**more: object) -> Json:
    """Return a static select with one option."""
    return {"type": "static_select", "action_id": "pick", "options": [option()], **more}


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
CONFIRM = {"title": plain("Sure?"), "text": plain("It runs."), "confirm": plain("Yes"), "deny": plain("No")}


GOOD: list[Json] = [
    section("x" * 3_000),
    {"type": "section", "fields": [plain("x" * 2_000)] * 10, "accessory": button()},
    {"type": "section", "text": plain("x"), "accessory": {"type": "overflow", "options": [option()] * 5}},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider", "block_id": "b" * 255},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 9 + [plain("y")]},
    actions(*(button(f"a{n}", value="v" * 2_000) for n in range(25))),
    actions(button(confirm=CONFIRM, style="danger", url="https://example.com", accessibility_label="Go on")),
    actions(select(placeholder=plain("Pick"), initial_option=option())),
    actions({"type": "static_select", "option_groups": [{"label": plain("G"), "options": [option()] * 100}]}),
    actions({"type": "external_select", "action_id": "find", "min_query_length": 0}),
    actions({"type": "checkboxes", "options": [option()] * 10}),
    text_input(),
    table(100, 20, column_settings=[{"align": "right", "is_wrapped": True}, None]),
    table(rows=1, columns=1) | {"rows": [[RICH]]},
    chart(),
    chart(type="bar"),
]


BAD: list[tuple[Json, str]] = [
    (section("x" * 3_001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "section"}, "missing required field: text [json-pointer:/blocks/0]"),
    (section() | {"colour": "red"}, "invalid additional property: colour [json-pointer:/blocks/0]"),
    ({"type": "section", "text": "words"}, "must provide an object [json-pointer:/blocks/0/text]"),
    (
        {"type": "section", "text": {"type": "html", "text": "x"}},
        "unsupported type: html [json-pointer:/blocks/0/text/type]",
    ),
    (
        {"type": "section", "text": {"type": "mrkdwn", "text": 3}},
        "must provide a string [json-pointer:/blocks/0/text/text]",
    ),
    (
        {"type": "section", "text": {"type": "mrkdwn"}},
        "missing required field: text [json-pointer:/blocks/0/text]",
    ),
    (
        {"type": "section", "fields": [plain("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    (
        {"type": "section", "fields": [plain("x" * 2_001)]},
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    (
        section() | {"accessory": {"type": "plain_text_input"}},
        "unsupported type: plain_text_input [json-pointer:/blocks/0/accessory/type]",
    ),
    (section() | {"accessory": "button"}, "must provide an object [json-pointer:/blocks/0/accessory]"),
    (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    (
        {"type": "divider", "block_id": "b" * 256},
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    (
        {"type": "context", "elements": [plain("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        {"type": "context", "elements": []},
        "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
    ),
    ({"type": "context", "elements": "x"}, "must provide an array [json-pointer:/blocks/0/elements]"),
    (
        actions(*(button(f"a{n}") for n in range(26))),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        actions(button(), button()),
        "`action_id` already exists: go [json-pointer:/blocks/0/elements/1/action_id]",
    ),
    (
        actions(button(text=plain("x" * 76))),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        actions(button(value="x" * 2_001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        actions(button(style="big")),
        "must be one of: danger, primary [json-pointer:/blocks/0/elements/0/style]",
    ),
    (
        actions(button("x" * 256)),
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (
        actions(button(confirm=CONFIRM | {"title": plain("x" * 101)})),
        "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
    ),
    (
        actions(button(confirm="sure?")),
        "must provide an object [json-pointer:/blocks/0/elements/0/confirm]",
    ),
    (
        actions({"type": "button"}),
        "missing required field: text [json-pointer:/blocks/0/elements/0]",
    ),
    (
        actions(select(options=[option()] * 101)),
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        actions({"type": "static_select"}),
        "must provide either options or option_groups [json-pointer:/blocks/0/elements/0]",
    ),
    (
        actions(select(options=[option("x" * 76)])),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]",
    ),
    (
        actions(select(options=[option("x", "v" * 151)])),
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
    ),
    (
        actions(select(options=["x"])),
        "must provide an object [json-pointer:/blocks/0/elements/0/options/0]",
    ),
    (
        actions({"type": "overflow", "options": [option()] * 6}),
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        text_input() | {"label": plain("x" * 2_001)},
        "must be less than 2001 characters [json-pointer:/blocks/0/label/text]",
    ),
    (
        text_input() | {"element": button()},
        "unsupported type: button [json-pointer:/blocks/0/element/type]",
    ),
    ({"type": "alert", "text": plain("x")}, "unsupported type: alert [json-pointer:/blocks/0/type]"),
    ({"type": "actions"}, "missing required field: elements [json-pointer:/blocks/0]"),
    ({"type": "context"}, "missing required field: elements [json-pointer:/blocks/0]"),
    ({"type": "input", "label": plain("x")}, "missing required field: element [json-pointer:/blocks/0]"),
    (actions("button"), "must provide an object [json-pointer:/blocks/0/elements/0]"),  # type: ignore[arg-type]
    ({"type": "carousell"}, "unsupported type: carousell [json-pointer:/blocks/0/type]"),
    ({}, "unsupported type: None [json-pointer:/blocks/0/type]"),
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


@pytest.mark.parametrize("block", GOOD, ids=lambda block: str(block["type"]))
def test_what_slack_takes_is_taken(block: Json) -> None:
    """A block within every limit is accepted."""
    assert message_problems([block]) == []


@pytest.mark.parametrize(("block", "complaint"), BAD, ids=lambda value: str(value)[:40])
def test_what_slack_refuses_is_refused_in_its_words(block: Json, complaint: str) -> None:
    """A block past a limit is refused with what is wrong and where."""
    assert complaint in [str(problem) for problem in message_problems([block])]


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        ([section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        ("blocks", "must provide an array [json-pointer:/blocks]"),
        (["block"], "must provide an object [json-pointer:/blocks/0]"),
        ([table(), table()], "only_one_table_allowed [json-pointer:/blocks]"),
        ([chart()] * 3, "no more than 2 data_visualization blocks allowed [json-pointer:/blocks]"),
        (
            [section() | {"block_id": "b"}, section() | {"block_id": "b"}],
            "`block_id` already exists: b [json-pointer:/blocks/1/block_id]",
        ),
    ],
)
def test_a_whole_message_has_limits_too(blocks: object, complaint: str) -> None:
    """What is fine in one block can be too much in one message."""
    assert complaint in [str(problem) for problem in message_problems(blocks)]


def test_fifty_blocks_are_fine() -> None:
    """The limit itself is allowed."""
    assert message_problems([section()] * 50) == []


def test_the_same_action_id_may_stand_in_two_blocks() -> None:
    """An action_id has to be unique within its block only."""
    assert message_problems([actions(button(), block_id="a"), actions(button(), block_id="b")]) == []


@pytest.mark.parametrize(
    "view",
    [
        modal(section(), text_input(), private_metadata="x" * 3_000, callback_id="c"),
        modal(
            *([section()] * 99), {"type": "alert", "text": plain("Careful"), "level": "warning"}, submit=None
        ),
        {"type": "home", "blocks": [section()] * 100},
    ],
)
def test_good_views_are_taken(view: Json) -> None:
    """A view within every limit is accepted."""
    assert view_problems(view) == []


@pytest.mark.parametrize(
    ("view", "complaint"),
    [
        ({"type": "tab"}, "unsupported type: tab [json-pointer:/view/type]"),
        ({"type": "modal", "title": plain("x")}, "missing required field: blocks [json-pointer:/view]"),
        (modal(title=None), "missing required field: title [json-pointer:/view]"),
        (
            modal(title=plain("x" * 25)),
            "must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        (
            modal(submit=plain("x" * 25)),
            "must be less than 25 characters [json-pointer:/view/submit/text]",
        ),
        (
            modal(private_metadata="x" * 3_001),
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        (modal(*([section()] * 101)), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal(text_input(), submit=None), "missing required field: submit [json-pointer:/view]"),
        (modal(table()), "unsupported type: table [json-pointer:/view/blocks/0/type]"),
        (
            {"type": "home", "blocks": [{"type": "alert", "text": plain("x")}]},
            "unsupported type: alert [json-pointer:/view/blocks/0/type]",
        ),
        (
            {"type": "home", "blocks": [], "submit": plain("x")},
            "invalid additional property: submit [json-pointer:/view]",
        ),
    ],
)
def test_bad_views_are_refused(view: Json, complaint: str) -> None:
    """A view past a limit is refused with what is wrong and where."""
    assert complaint in [str(problem) for problem in view_problems(view)]


def test_options_that_an_app_supplies_are_checked() -> None:
    """A menu's answer may hold 100 options, alone or in groups."""
    assert options_problems({"options": [option()] * 100}) == []
    assert options_problems({"option_groups": [{"label": plain("G"), "options": [option()]}]}) == []
    assert [str(found) for found in options_problems({"options": [option()] * 101})] == [
        "no more than 100 items allowed [json-pointer:/options]"
    ]
    groups = {"option_groups": [{"label": plain("G"), "options": [option("x" * 76)]}]}
    assert "must be less than 76 characters" in str(options_problems(groups)[0])


def test_option_groups_in_a_menu_are_checked() -> None:
    """A group's label and each of its options have limits."""
    groups = [{"label": plain("x" * 76), "options": [option("y" * 76)]}, {"label": plain("x")}, "group"]
    found = message_problems([actions({"type": "static_select", "option_groups": groups})])
    assert [problem.what for problem in found] == [
        "must be less than 76 characters",
        "must be less than 76 characters",
        "missing required field: options",
        "must provide an object",
    ]
