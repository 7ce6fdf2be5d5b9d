"""How far Braze's clock is ahead of ours, and how far its list lags behind its status call, as seen so far."""

from __future__ import annotations

from dataclasses import dataclass

_DRIFT = 0.1
"""Seconds by which a bound is loosened with each sighting, so that a clock that was set is believed in the end."""


@dataclass(slots=True, kw_only=True)
class ClockSkew:
    """Bounds on the seconds that Braze's clock is ahead. While they allow it, the clocks are taken to agree."""

    at_least: float = float("-inf")
    at_most: float = float("inf")

    @property
    def seconds(self) -> float:
        """The least difference that explains what was seen."""
        return min(max(0.0, self.at_least), self.at_most)

    def saw(self, braze_time: float, since: float | None, now: float) -> None:
        """Learn from an event that Braze dated; by our clock it came before `now`, and (if known) after `since`."""
        at_least = braze_time - now
        at_most = braze_time - since if since is not None else float("inf")
        self.at_least = max(self.at_least - _DRIFT, at_least)
        self.at_most = min(self.at_most + _DRIFT, at_most)
        if self.at_least > self.at_most:  # a clock was set
            self.at_least, self.at_most = at_least, at_most


@dataclass(slots=True, kw_only=True)
class ListLag:
    """Seconds that the list was lately seen to be behind; before anything was seen, it is taken at its word."""

    seconds: float = 0.0

    def behind(self, seconds: float) -> None:
        """Note that the list did not yet show what the status call had told so many seconds ago."""
        if seconds > self.seconds:
            self.seconds += 0.3 * (min(seconds, 300.0) - self.seconds)

    def abreast(self, seconds: float) -> None:
        """Note that it did."""
        if seconds < self.seconds:
            self.seconds += 0.1 * (seconds - self.seconds)
