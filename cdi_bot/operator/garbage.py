"""Keeps Python's garbage collector from holding everything up.

While it goes through all objects, the event loop stands still: with 10,000 integrations for a fifth of a second, five
times a minute. Nearly all that it goes through stays for good.
"""

from __future__ import annotations

import gc
import time

_FULL_PASS = 2
"""The generation that a pass over everything is said to be of."""

_SLOW_SECONDS = 0.02


def spare_long_lived_objects() -> None:
    """Leave alone what is loaded by now, and from now on whatever is left after a slow pass.

    What is left alone goes when nothing refers to it any more, like everything else in Python; only objects that refer
    to each other in a circle stay. Few do: a workspace that is removed, a connection that was open in that moment.
    """
    gc.collect()
    gc.freeze()
    gc.callbacks.append(_Passes().note)


class _Passes:
    """Times the passes over everything."""

    def __init__(self) -> None:
        self._begun = 0.0

    def note(self, phase: str, info: dict[str, int]) -> None:
        """Take a pass's begin or end, as `gc.callbacks` tell it."""
        if info["generation"] < _FULL_PASS:
            return
        # By the thread's own time: that others had the processor doesn't mean that there was much to do.
        if phase == "start":
            self._begun = time.thread_time()
        elif time.thread_time() - self._begun > _SLOW_SECONDS:
            gc.freeze()
