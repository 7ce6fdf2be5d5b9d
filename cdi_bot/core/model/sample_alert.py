"""The alert that `/cdi test` sends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAlert:
    """Somebody wanted to see an alert arrive: one that is made up, as of `at`, and says so.

    `mentions` are those whom the channel's real alerts mention, in Slack's notation; `None` for nobody.
    """

    who: str
    at: datetime
    mentions: str | None
    what: Literal["sample_alert"] = "sample_alert"
