"""What was taken lately, so that a delivery that Slack repeats is known again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """What came of the newest names, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        """Know none."""
        self._limit = limit
        self._known: OrderedDict[str, Value] = OrderedDict()

    def get(self, name: str) -> Value | None:
        """Return what came of a name, `None` when it is not known."""
        return self._known.get(name)

    def put(self, name: str, value: Value) -> None:
        """Remember a name."""
        self._known[name] = value
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
