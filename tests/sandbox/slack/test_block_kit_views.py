"""Slack's own checks of modals, Home tabs and the options that an app supplies."""

from typing import Any

import pytest

from cdi_bot.sandbox.slack.block_kit import message_problems, options_problems, view_problems
from tests.sandbox.slack_kit import actions, modal, plain, section, text_input

Json = dict[str, Any]


def option(text: str = "One", value: str = "1") -> Json:
    """Return an option."""
    return {"text": plain(text), "value": value}


def cell(text: str = "x") -> Json:
    """Return a table cell."""
    return {"type": "raw_text", "text": text}


def table(rows: int = 2, columns: int = 2, **more: object) -> Json:
    """Return a table."""
    return {"type": "table", "rows": [[cell()] * columns] * rows, **more}


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
