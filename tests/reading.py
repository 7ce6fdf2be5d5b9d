"""Messages as their readers see them."""

from __future__ import annotations

from typing import Any


def as_read(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message of the Slack stand-in with the blocks beside its bar among its `blocks`."""
    beside = [block for each in message["attachments"] for block in each.get("blocks") or ()]
    return message | {"blocks": [*message["blocks"], *beside]}
