"""Small walks over Block Kit JSON: fill in the ids that Slack generates, find the interactive elements."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy

from cdi_bot.sandbox.control import Json


def elements_of(block: Json) -> Iterator[Json]:
    """Yield a block's elements that a person can act on, and its other elements with them."""
    for key in ("elements", "actions"):
        yield from (element for element in block.get(key) or () if isinstance(element, dict))
    for key in ("accessory", "element"):
        if isinstance(block.get(key), dict):
            yield block[key]


def with_ids(blocks: Iterable[Json], new_id: Callable[[str], str]) -> list[Json]:
    """Return a copy of the blocks in which each has a block_id and each interactive element an action_id."""
    filled = deepcopy(list(blocks))
    for block in filled:
        block.setdefault("block_id", new_id("")[:5])
        for element in elements_of(block):
            if element.get("type") in INTERACTIVE:
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


INTERACTIVE = frozenset(
    {
        "button",
        "channels_select",
        "checkboxes",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "external_select",
        "multi_channels_select",
        "multi_conversations_select",
        "multi_external_select",
        "multi_static_select",
        "multi_users_select",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "static_select",
        "timepicker",
        "url_text_input",
        "users_select",
        "workflow_button",
    }
)
