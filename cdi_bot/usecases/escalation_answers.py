"""What people are told who set where incidents go that nobody acknowledges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.model.channel import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationSet:
    """The channel's incidents go to a channel or person, or (`to` is `None`) nowhere; `unchanged` if they did before.

    `to` is an id, `after` how long people have to acknowledge them.
    """

    after: timedelta
    to: str | None
    unchanged: bool


SAME_CHANNEL, A_BOT = "same_channel", "a_bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadTarget:
    """Nothing can be escalated to that channel or person: Slack's word for why, or one of ours."""

    target: Channel
    reason: str
