"""The fields of the form for a subscription: what they are called, and how one is laid out."""

from __future__ import annotations

from cdi_bot.slack.render.kit.blocks import (
    Block,
    plain_text,
)

FORM = "subscription"
"""The form's `callback_id`; the global shortcut that opens it carries it too."""

CHANNEL, SELECTOR, TOPICS, ROWS, PERCENT, PEOPLE, GROUP, LANGUAGE, DIGEST, DIGEST_AT = (
    "channel",
    "selector",
    "topics",
    "rows",
    "percent",
    "people",
    "group",
    "language",
    "digest",
    "digest_at",
)
"""The fields: each is the id of its block and of its element."""

MOST_PEOPLE = 10


def input_block(
    block_id: str, label: str, element: Block, *, hint: str | None = None, optional: bool
) -> Block:
    """Return a labelled field; all plain text."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label),
        "element": element | {"action_id": block_id},
        "optional": optional,
    }
    return block | {"hint": plain_text(hint)} if hint else block
