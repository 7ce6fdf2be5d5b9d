"""What can be set for the whole Braze stand-in, and what it keeps of each request."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import ClassVar

from pydantic import ConfigDict

from cdi_bot.sandbox.braze.integration import Oddities


class UnknownId(Enum):
    """What the status call answers for an unknown but well-formed id, which Braze does not document."""

    INVALID = "invalid"  # 400 Invalid integration ID
    NOT_FOUND = "not_found"  # 404 Integration not found, as the sync call does
    EMPTY = "empty"  # 200 without a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the whole workspace behaves.

    list_lag: seconds by which the list's job facts lag behind the status call.
    trigger_delay: seconds from a triggered sync to the start of its run; until then nothing shows of it.
    jitter: share by which run lengths and sizes vary; starts come up to twice as many seconds late.
    unknown_id: see UnknownId. list_oddities: oddities of the list call's answers.

    Raises ValueError for negative waits and a jitter outside of 0 to 1.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    list_lag: float = 0.0
    trigger_delay: float = 3.0
    jitter: float = 0.1
    unknown_id: UnknownId = UnknownId.INVALID
    list_oddities: Oddities = field(default_factory=Oddities)

    def __post_init__(self) -> None:
        """Refuse settings that would turn time or figures round."""
        if self.list_lag < 0 or self.trigger_delay < 0 or not 0 <= self.jitter < 1:
            raise ValueError("list_lag and trigger_delay must not be negative, jitter lies between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request that reached the stand-in.

    path: as it came, with the query. status: of the answer; None where the connection was cut instead.
    """

    method: str
    path: str
    at: datetime
    status: int | None

    def to_json(self) -> dict[str, object]:
        """Return the JSON form for the control endpoint."""
        return {"method": self.method, "path": self.path, "at": self.at.isoformat(), "status": self.status}
