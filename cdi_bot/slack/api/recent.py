"""What is remembered by name, and no more of it than fits: the oldest goes first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """What was put under the newest names, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        """Know none."""
        self._limit = limit
        self._known: OrderedDict[str, Value] = OrderedDict()

    def get(self, name: str) -> Value | None:
        """Return what was put under a name, `None` when it is not known."""
        return self._known.get(name)

    def put(self, name: str, value: Value) -> None:
        """Remember a name as the newest."""
        self._known[name] = value
        self._known.move_to_end(name)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)

    def forget(self, name: str) -> None:
        """Know nothing of a name any more."""
        self._known.pop(name, None)
