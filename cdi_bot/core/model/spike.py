"""A spike: one run that brought far more rows than any before. It is told in a notice: only a person can judge it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """One run of an integration brought `rows`, where the largest so far had brought `usual`.

    Of two spikes the odder one has the greater `magnitude`. `changes` is the key of the notice that this one replaces
    where it was posted, `None` for the notice itself.
    """

    workspace_id: int
    integration_id: str
    run_start: datetime
    rows: int
    usual: int
    magnitude: float
    changes: str | None = None
    what: Literal["spike"] = "spike"
