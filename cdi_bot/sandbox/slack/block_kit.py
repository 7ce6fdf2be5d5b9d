"""What Slack accepts in the blocks and views that the bot uses, as a table, and how blocks are completed and searched.

A type that is not in the table is refused. Sources: docs.slack.dev/reference/block-kit and /reference/views, one page
for each type; the wording of the messages from answers that people have published.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy

from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.slack.schema import (
    Anything,
    Choice,
    List,
    Number,
    Object,
    OneOf,
    Problem,
    String,
    repeated,
)

TABLE_CHARACTERS = 10_000
MESSAGE_CHARTS = 2

_ANY = Anything()


def _text(most: int, *, plain: bool = False) -> OneOf:
    """Describe a text object: `plain_text`, or also `mrkdwn`."""
    text = String(most)
    types = {"plain_text": Object(required={"text": text}, optional={"emoji": _ANY})}
    if not plain:
        types["mrkdwn"] = Object(required={"text": text}, optional={"verbatim": _ANY})
    return OneOf(types)


def _option(*, plain: bool) -> Object:
    return Object(
        required={"text": _text(75, plain=plain)},
        optional={"value": String(150, least=0), "description": _text(75, plain=plain)},
    )


def _either_options(element: Json, at: str) -> list[Problem]:
    if (element.get("options") is None) == (element.get("option_groups") is None):
        return [Problem(what="must provide either options or option_groups", at=at)]
    return []


_ID = String(255)
_STYLE = Choice(("primary", "danger"))
_OPTION = _option(plain=True)
_OPTIONS = List(of=_OPTION, most=100)
_GROUPS = List(of=Object(required={"label": _text(75, plain=True), "options": _OPTIONS}), most=100)
_CONFIRM = Object(
    required={
        "title": _text(100, plain=True),
        "text": _text(300),
        "confirm": _text(30, plain=True),
        "deny": _text(30, plain=True),
    },
    optional={"style": _STYLE},
)
_PRESSED: dict[str, Anything] = {"action_id": _ID, "confirm": _CONFIRM}
_FIELD: dict[str, Anything] = {"action_id": _ID, "focus_on_load": _ANY}
_MENU: dict[str, Anything] = _FIELD | {"confirm": _CONFIRM, "placeholder": _text(150, plain=True)}
_TYPED: dict[str, Anything] = _FIELD | {"placeholder": _text(150, plain=True), "initial_value": _ANY}

ELEMENTS = {
    "button": Object(
        required={"text": _text(75, plain=True)},
        optional=_PRESSED
        | {
            "value": String(2_000, least=0),
            "url": String(3_000),
            "style": _STYLE,
            "accessibility_label": String(75),
        },
    ),
    "overflow": Object(required={"options": List(of=_OPTION, most=5)}, optional=_PRESSED),
    "static_select": Object(
        optional=_MENU | {"options": _OPTIONS, "option_groups": _GROUPS, "initial_option": _OPTION},
        also=_either_options,
    ),
    "external_select": Object(optional=_MENU | {"min_query_length": Number(), "initial_option": _OPTION}),
    "conversations_select": Object(
        optional=_MENU
        | {
            "initial_conversation": String(255),
            "default_to_current_conversation": _ANY,
            "filter": Object(optional={"include": _ANY, "exclude_bot_users": _ANY}),
        },
    ),
    "multi_static_select": Object(
        optional=_MENU
        | {
            "options": _OPTIONS,
            "option_groups": _GROUPS,
            "initial_options": _OPTIONS,
            "max_selected_items": Number(),
        },
        also=_either_options,
    ),
    "multi_users_select": Object(optional=_MENU | {"initial_users": _ANY, "max_selected_items": Number()}),
    "checkboxes": Object(
        required={"options": List(of=_option(plain=False), most=10)},
        optional=_FIELD | {"confirm": _CONFIRM, "initial_options": List(of=_option(plain=False), most=10)},
    ),
    "timepicker": Object(optional=_FIELD | {"confirm": _CONFIRM, "initial_time": String(5, least=5)}),
    "plain_text_input": Object(optional=_TYPED | {"max_length": Number()}),
    "number_input": Object(
        required={"is_decimal_allowed": _ANY}, optional=_TYPED | {"min_value": _ANY, "max_value": _ANY}
    ),
}
"""The elements that a person acts on."""


def _elements(*without: str) -> OneOf:
    return OneOf({name: element for name, element in ELEMENTS.items() if name not in without})


_IN_ACTIONS = _elements("plain_text_input", "number_input")
_IN_INPUT = _elements("button", "overflow")


def _has_text(section: Json, at: str) -> list[Problem]:
    if section.get("text") is None and not section.get("fields"):
        return [Problem(what="missing required field: text", at=at)]
    return []


def _fits(table: Json, at: str) -> list[Problem]:
    """Check the characters of all cells together."""
    rows = table["rows"] if isinstance(table["rows"], list) else []
    cells = [cell for row in rows if isinstance(row, list) for cell in row if isinstance(cell, dict)]
    if sum(len(cell_text(cell)) for cell in cells) <= TABLE_CHARACTERS:
        return []
    what = f"table cells must have less than {TABLE_CHARACTERS + 1} characters in all"
    return [Problem(what=what, at=f"{at}/rows")]


_CELL = OneOf(
    {
        "raw_text": Object(required={"text": String(TABLE_CHARACTERS)}),
        "rich_text": Object(required={"elements": _ANY}),
    }
)
_COLUMN = Object(
    optional={"align": Choice(("left", "center", "right")), "is_wrapped": _ANY},
)


def _labels_match(chart: Json, at: str) -> list[Problem]:
    """Check that series differ in their names, and that each has one value for each category."""
    series = (
        [one for one in chart["series"] if isinstance(one, dict)] if isinstance(chart["series"], list) else []
    )
    found = repeated(series, "name", f"{at}/series", "series name")
    axis = chart["axis_config"]
    for index, one in enumerate(series):
        points = one.get("data")
        if not isinstance(axis, dict) or not isinstance(points, list):
            continue
        labels = [point.get("label") for point in points if isinstance(point, dict)]
        if labels != axis.get("categories"):
            found.append(
                Problem(what="data labels must match the categories", at=f"{at}/series/{index}/data")
            )
    return found


_LABEL = String(20)
_POINT = Object(required={"label": _LABEL, "value": Number()})
_SERIES = Object(required={"name": _LABEL, "data": List(of=_POINT, most=20)})
_AXES = Object(
    required={"categories": List(of=_LABEL, most=20)}, optional={"x_label": String(50), "y_label": String(50)}
)
_CHART = Object(required={"series": List(of=_SERIES, most=6), "axis_config": _AXES}, also=_labels_match)
_BLOCK_ID: dict[str, Anything] = {"block_id": _ID}

BLOCKS = {
    "actions": Object(
        required={"elements": List(of=_IN_ACTIONS, most=25, unique="action_id")}, optional=_BLOCK_ID
    ),
    "alert": Object(
        required={"text": _text(200)},
        optional=_BLOCK_ID | {"level": Choice(("default", "info", "warning", "error", "success"))},
    ),
    "context": Object(required={"elements": List(of=_text(2_000), most=10)}, optional=_BLOCK_ID),
    "data_visualization": Object(
        required={"title": String(50), "chart": OneOf({"line": _CHART, "bar": _CHART})}, optional=_BLOCK_ID
    ),
    "divider": Object(optional=_BLOCK_ID),
    "header": Object(required={"text": _text(150, plain=True)}, optional=_BLOCK_ID),
    "input": Object(
        required={"label": _text(2_000, plain=True), "element": _IN_INPUT},
        optional=_BLOCK_ID | {"hint": _text(2_000, plain=True), "optional": _ANY, "dispatch_action": _ANY},
    ),
    "section": Object(
        optional=_BLOCK_ID
        | {"text": _text(3_000), "fields": List(of=_text(2_000), most=10), "accessory": _IN_ACTIONS},
        also=_has_text,
    ),
    "table": Object(
        required={"rows": List(of=List(of=_CELL, most=20), most=100)},
        optional=_BLOCK_ID | {"column_settings": List(of=_COLUMN, most=20, least=0, nullable=True)},
        also=_fits,
    ),
}


def _blocks(most: int, *without: str) -> List:
    types = {name: block for name, block in BLOCKS.items() if name not in without}
    return List(of=OneOf(types), most=most, least=0, unique="block_id")


def _has_submit(modal: Json, at: str) -> list[Problem]:
    blocks = modal["blocks"] if isinstance(modal["blocks"], list) else []
    asks = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if asks and modal.get("submit") is None:
        return [Problem(what="missing required field: submit", at=at)]
    return []


_MESSAGE_BLOCKS = _blocks(50, "alert")
_NAMED: dict[str, Anything] = {
    "private_metadata": String(3_000, least=0),
    "callback_id": String(255, least=0),
}
_SHORT = _text(24, plain=True)
_VIEW = OneOf(
    {
        "modal": Object(
            required={"blocks": _blocks(100, "table"), "title": _SHORT},
            optional=_NAMED | {"submit": _SHORT, "close": _SHORT},
            also=_has_submit,
        ),
        "home": Object(required={"blocks": _blocks(100, "table", "alert")}, optional=_NAMED),
    }
)
_SUGGESTIONS = Object(
    optional={
        "options": List(of=_OPTION, most=100, least=0),
        "option_groups": List(of=_GROUPS.of, most=100, least=0),
    },
    also=_either_options,
)


def message_problems(blocks: object, *, at: str = "/blocks") -> list[Problem]:
    """Return what Slack would refuse in a message's blocks; nothing when all is fine."""
    found = _MESSAGE_BLOCKS.problems(blocks, at)
    listed = blocks if isinstance(blocks, list) else []
    types = [block.get("type") for block in listed if isinstance(block, dict)]
    if types.count("table") > 1:
        found.append(Problem(what="only_one_table_allowed", at=at))
    if types.count("data_visualization") > MESSAGE_CHARTS:
        what = f"no more than {MESSAGE_CHARTS} data_visualization blocks allowed"
        found.append(Problem(what=what, at=at))
    return found


def view_problems(view: Json) -> list[Problem]:
    """Return what Slack would refuse in a modal or Home tab; nothing when all is fine."""
    return _VIEW.problems(view, "/view")


def options_problems(answer: Json) -> list[Problem]:
    """Return what Slack would refuse in an app's answer to a block_suggestion."""
    return _SUGGESTIONS.problems(answer, "")


def cell_text(cell: Json) -> str:
    """Return what a table cell says, without styles."""
    if cell.get("type") == "raw_text":
        return str(cell.get("text", ""))
    elements = cell["elements"] if isinstance(cell.get("elements"), list) else []
    return "".join(
        str(element.get("text") or element.get("fallback") or "") + cell_text(element)
        for element in elements
        if isinstance(element, dict)
    )


def elements_of(block: Json) -> Iterator[Json]:
    """Yield a block's elements: those that a person can act on, and the others with them."""
    yield from block.get("elements") or ()
    for key in ("accessory", "element"):
        if block.get(key) is not None:
            yield block[key]


def with_ids(blocks: Iterable[Json], new_id: Callable[[str], str]) -> list[Json]:
    """Return a copy of the blocks in which each has a block_id and each interactive element an action_id."""
    filled = deepcopy(list(blocks))
    for block in filled:
        block.setdefault("block_id", new_id("")[:5])
        for element in elements_of(block):
            if element.get("type") in ELEMENTS:
                element.setdefault("action_id", new_id("")[:5])
    return filled


def find_element(
    blocks: Iterable[Json], action_id: str, block_id: str | None = None
) -> tuple[Json, Json] | None:
    """Return the block and the element with this action_id, of this block_id if one is given."""
    for block in blocks:
        if block_id in (None, block.get("block_id")):
            for element in elements_of(block):
                if element.get("action_id") == action_id:
                    return block, element
    return None
