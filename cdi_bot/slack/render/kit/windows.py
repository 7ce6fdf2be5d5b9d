"""Windows and the fields in them, as Slack takes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import Block, plain_text, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import FIELD_ERROR, clip

View = Block

Errors = dict[str, str]
"""Plain text by field."""


def window_title(text: str) -> Block:
    """Return the title of a window, or the label of its buttons."""
    return plain_text(clip(text, limits.VIEW_TITLE))


def alert(text: str) -> Block:
    """Return a line that says what is wrong; plain text."""
    return {"type": "alert", "level": "error", "text": plain_text(clip(text, limits.ALERT_TEXT))}


def input_block(
    block_id: str,
    label: str,
    element: Block,
    *,
    hint: str | None = None,
    optional: bool,
    tells: bool = False,
) -> Block:
    """Return a labelled field; all plain text. The bot hears at once of each change of one that `tells`."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label),
        "element": element | {"action_id": block_id},
        "optional": optional,
    } | ({"dispatch_action": True} if tells else {})
    return block | {"hint": plain_text(hint)} if hint else block


def waiting_window(title: str, i18n: Translator) -> View:
    """Return what is shown while Braze or Slack takes longer than Slack waits."""
    return window(title, [section("⏳ " + i18n("One moment: I am asking Braze…"))], i18n)


def window(title: str, blocks: Sequence[Block], i18n: Translator) -> View:
    """Return a window with nothing to fill in."""
    return {
        "type": "modal",
        "title": window_title(title),
        "close": window_title(i18n("Close")),
        "blocks": [*blocks],
    }


_FILLED = {
    "selected_conversation": "initial_conversation",
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_time": "initial_time",
    "selected_users": "initial_users",
    "value": "initial_value",
}
"""What a field held when it was submitted, and as what it begins with it (docs.slack.dev/reference/views)."""


def filled_again(view: Mapping[str, Any], problem: str, *, but: Collection[str] = ()) -> View:
    """Return a submitted form as it was filled in, but for some fields, with what is wrong above it in plain text."""
    values = view["state"]["values"]
    blocks = [
        {**each, "element": _refilled(each["element"], {} if block_id in but else values.get(block_id, {}))}
        if each["type"] == "input" and (block_id := each["block_id"])
        else each
        for each in view["blocks"]
        if each["type"] != "alert"
    ]
    return _with_blocks(view, [alert(problem), *blocks])


def _refilled(element: Block, filled: Mapping[str, Mapping[str, Any]]) -> Block:
    begins = {*_FILLED.values(), "default_to_current_conversation"}
    held = filled.get(element["action_id"], {})
    return {key: value for key, value in element.items() if key not in begins} | {
        initial: held[name] for name, initial in _FILLED.items() if held.get(name)
    }


def with_block(view: Mapping[str, Any], block: Block) -> View:
    """Return an open form with another block in the place of that of its id: what was filled in stays."""
    blocks = [block if each.get("block_id") == block["block_id"] else each for each in view["blocks"]]
    return _with_blocks(view, blocks)


def _with_blocks(view: Mapping[str, Any], blocks: Sequence[Block]) -> View:
    kept = ("type", "callback_id", "private_metadata", "title", "submit", "close")
    return {**{key: view[key] for key in kept}, "blocks": [*blocks]}


def refused(errors: Errors) -> dict[str, Any]:
    """Acknowledge a form with what is wrong at its fields."""
    return {
        "response_action": "errors",
        "errors": {at: clip(text, FIELD_ERROR) for at, text in errors.items()},
    }
