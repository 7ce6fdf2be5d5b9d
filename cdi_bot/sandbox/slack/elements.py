"""Slack's limits on block elements and composition objects: buttons, menus, inputs, texts, options.

Pure. Each check adds to a `Report` what Slack would complain of, in Slack's words. Source:
docs.slack.dev/reference/block-kit, one page for each element.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

from cdi_bot.sandbox.control import Json

ID_MAX = 255
OPTIONS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that Slack refuses: what, and the JSON pointer of where."""

    what: str
    at: str

    def __str__(self) -> str:
        """Return it worded as in `response_metadata.messages`."""
        return f"{self.what} [json-pointer:{self.at}]"


class Report:
    """The problems found so far, and the checks that all blocks and elements share."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.problems: list[Problem] = []

    def add(self, what: str, at: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(what=what, at=at))

    def keys(
        self, value: object, at: str, required: Iterable[str], optional: Iterable[str] = ()
    ) -> TypeGuard[Json]:
        """Check that this is an object, and which properties it has. Returns whether all required ones are there."""
        if not isinstance(value, dict):
            self.add("must provide an object", at)
            return False
        required = frozenset(required)
        missing = sorted(name for name in required if value.get(name) is None)
        for name in missing:
            self.add(f"missing required field: {name}", at)
        for name in sorted(value.keys() - required - frozenset(optional) - {"type"}):
            self.add(f"invalid additional property: {name}", at)
        return not missing

    def string(self, value: object, at: str, most: int, *, least: int = 1) -> None:
        """Check a string's length; None is a property left out, which `keys` judges."""
        if value is None:
            return
        if not isinstance(value, str):
            self.add("must provide a string", at)
        elif len(value) > most:
            self.add(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            self.add(f"must be more than {least - 1} characters", at)

    def array(self, value: object, at: str, most: int, *, least: int = 1) -> list[object]:
        """Check a list's length. Returns what can be looked at further: nothing where it is no list."""
        if not isinstance(value, list):
            self.add("must provide an array", at)
            return []
        if len(value) > most:
            self.add(f"no more than {most} items allowed", at)
        if len(value) < least:
            self.add(f"no fewer than {least} items allowed", at)
        return value[:most]

    def text(self, value: object, at: str, most: int, *, plain: bool = False, least: int = 1) -> None:
        """Check a text object: `plain_text`, or `mrkdwn` where it is allowed."""
        if value is None:
            return
        if not isinstance(value, dict):
            self.add("must provide an object", at)
            return
        kind = value.get("type")
        allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
        if kind not in allowed:
            self.add(f"unsupported type: {kind}", f"{at}/type")
            return
        more = ("emoji",) if kind == "plain_text" else ("verbatim",)
        if self.keys(value, at, ("text",), more):
            self.string(value["text"], f"{at}/text", most, least=least)

    def chosen(self, value: object, at: str, allowed: Iterable[str]) -> None:
        """Check that a value is one of a few words; None is left out."""
        if value is not None and value not in set(allowed):
            self.add(f"must be one of: {', '.join(sorted(allowed))}", at)


def check_option(report: Report, option: object, at: str, *, plain: bool, value_max: int = 150) -> None:
    """Check one option of a menu, radio group or overflow."""
    if not report.keys(option, at, ("text",), ("value", "description", "url")):
        return
    report.text(option["text"], f"{at}/text", 75, plain=plain)
    report.string(option.get("value"), f"{at}/value", value_max, least=0)
    report.text(option.get("description"), f"{at}/description", 75, plain=plain)


def check_options(report: Report, element: Json, at: str) -> None:
    """Check `options` or `option_groups`: one of them, 100 entries at most, values not repeated."""
    options, groups = element.get("options"), element.get("option_groups")
    if (options is None) == (groups is None):
        report.add("must provide either options or option_groups", at)
        return
    if options is not None:
        _check_option_list(report, options, f"{at}/options", OPTIONS_MAX)
        return
    for place, group in enumerate(report.array(groups, f"{at}/option_groups", OPTIONS_MAX)):
        here = f"{at}/option_groups/{place}"
        if report.keys(group, here, ("label", "options")):
            report.text(group["label"], f"{here}/label", 75, plain=True)
            _check_option_list(report, group["options"], f"{here}/options", OPTIONS_MAX)


def _check_option_list(report: Report, options: object, at: str, most: int, *, plain: bool = True) -> None:
    for place, option in enumerate(report.array(options, at, most)):
        check_option(report, option, f"{at}/{place}", plain=plain)


def check_confirm(report: Report, confirm: object, at: str) -> None:
    """Check a confirmation dialog."""
    if confirm is None:
        return
    if not report.keys(confirm, at, ("title", "text", "confirm", "deny"), ("style",)):
        return
    report.text(confirm.get("title"), f"{at}/title", 100, plain=True)
    report.text(confirm.get("text"), f"{at}/text", 300)
    report.text(confirm.get("confirm"), f"{at}/confirm", 30, plain=True)
    report.text(confirm.get("deny"), f"{at}/deny", 30, plain=True)
    report.chosen(confirm.get("style"), f"{at}/style", ("primary", "danger"))


def check_element(report: Report, element: object, at: str, allowed: frozenset[str]) -> None:
    """Check one element of a block; `allowed` are the types this block may hold."""
    if not isinstance(element, dict):
        report.add("must provide an object", at)
        return
    kind = element.get("type")
    if kind not in allowed:
        report.add(f"unsupported type: {kind}", f"{at}/type")
        return
    if kind in ("plain_text", "mrkdwn"):
        report.text(element, at, 2_000)
        return
    required, optional = _FIELDS[str(kind)]
    report.keys(element, at, required, (*optional, "action_id", "confirm", "focus_on_load"))
    report.string(element.get("action_id"), f"{at}/action_id", ID_MAX)
    report.text(element.get("placeholder"), f"{at}/placeholder", 150, plain=True)
    check_confirm(report, element.get("confirm"), f"{at}/confirm")
    if kind == "button":
        _check_button(report, element, at)
    elif kind == "image":
        check_image(report, element, at)
    elif kind in ("static_select", "multi_static_select"):
        check_options(report, element, at)
    elif kind in ("checkboxes", "radio_buttons"):
        _check_option_list(report, element.get("options") or [], f"{at}/options", 10, plain=False)
    elif kind == "overflow":
        _check_option_list(report, element.get("options") or [], f"{at}/options", 5)


def _check_button(report: Report, element: Json, at: str) -> None:
    report.text(element.get("text"), f"{at}/text", 75, plain=True)
    report.string(element.get("value"), f"{at}/value", 2_000, least=0)
    report.string(element.get("url"), f"{at}/url", 3_000)
    report.string(element.get("accessibility_label"), f"{at}/accessibility_label", 75)
    report.chosen(element.get("style"), f"{at}/style", ("primary", "danger"))


def check_image(report: Report, element: Json, at: str) -> None:
    """Check an image's address and alternative text."""
    if (element.get("image_url") is None) == (element.get("slack_file") is None):
        report.add("must provide either image_url or slack_file", at)
    report.string(element.get("image_url"), f"{at}/image_url", 3_000)
    report.string(element.get("alt_text"), f"{at}/alt_text", 2_000)


_SELECT = ("placeholder",)
_INPUT = ("placeholder", "dispatch_action_config")
# By element type: required properties, and those that are allowed beside them and the common ones.
_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "button": (("text",), ("value", "url", "style", "accessibility_label")),
    "image": (("alt_text",), ("image_url", "slack_file")),
    "overflow": (("options",), ()),
    "static_select": ((), (*_SELECT, "options", "option_groups", "initial_option")),
    "multi_static_select": (
        (),
        (*_SELECT, "options", "option_groups", "initial_options", "max_selected_items"),
    ),
    "external_select": ((), (*_SELECT, "min_query_length", "initial_option")),
    "multi_external_select": (
        (),
        (*_SELECT, "min_query_length", "initial_options", "max_selected_items"),
    ),
    "users_select": ((), (*_SELECT, "initial_user")),
    "multi_users_select": ((), (*_SELECT, "initial_users", "max_selected_items")),
    "channels_select": ((), (*_SELECT, "initial_channel", "response_url_enabled")),
    "multi_channels_select": ((), (*_SELECT, "initial_channels", "max_selected_items")),
    "conversations_select": (
        (),
        (
            *_SELECT,
            "initial_conversation",
            "default_to_current_conversation",
            "response_url_enabled",
            "filter",
        ),
    ),
    "multi_conversations_select": (
        (),
        (
            *_SELECT,
            "initial_conversations",
            "default_to_current_conversation",
            "max_selected_items",
            "filter",
        ),
    ),
    "checkboxes": (("options",), ("initial_options",)),
    "radio_buttons": (("options",), ("initial_option",)),
    "datepicker": ((), ("placeholder", "initial_date")),
    "timepicker": ((), ("placeholder", "initial_time", "timezone")),
    "datetimepicker": ((), ("initial_date_time",)),
    "plain_text_input": ((), (*_INPUT, "initial_value", "multiline", "min_length", "max_length")),
    "number_input": (
        ("is_decimal_allowed",),
        (*_INPUT, "initial_value", "min_value", "max_value"),
    ),
    "email_text_input": ((), (*_INPUT, "initial_value")),
    "url_text_input": ((), (*_INPUT, "initial_value")),
}

MENUS = frozenset(name for name in _FIELDS if name.endswith("select"))
PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons"})
TEXT_INPUTS = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})
IN_ACTIONS = MENUS | PICKERS | {"button", "overflow"}
IN_SECTION = IN_ACTIONS | {"image"}
IN_CONTEXT = frozenset({"image", "plain_text", "mrkdwn"})
IN_INPUT = MENUS | PICKERS | TEXT_INPUTS
