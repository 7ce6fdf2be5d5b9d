"""A button pressed or an option chosen, wherever it stood: in a message, a form, or Home."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cdi_bot.core.model import Channel

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """Who pressed what, and what it carries.

    `channel` is the one that it stands in or, in a form or Home, the one that it is about, if any.
    """

    who: str
    action_id: str
    channel: Channel | None
    value: dict[str, Any]

    @classmethod
    def read(cls, body: Json) -> Pressed:
        """Read Slack's payload."""
        action = body["actions"][0]
        option = action.get("selected_option") or {}
        value = json.loads(option.get("value") or action.get("value") or "{}")
        channel_id = (body.get("channel") or {}).get("id") or value.get("channel")
        return cls(
            who=body["user"]["id"],
            action_id=action["action_id"].partition(":")[0],
            channel=Channel(team_id=body["team"]["id"], channel_id=channel_id) if channel_id else None,
            value=value,
        )
