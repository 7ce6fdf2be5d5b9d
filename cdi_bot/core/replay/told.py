"""What would have been told of a recorded past: incidents and notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdi_bot.core.model.incident import SPIKE, Incident, Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.lifecycle import LifecycleEvent
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Filters, passes_filters
from cdi_bot.core.rules.kinds import rules_of

NOTICE = "notice"
"""The kind of what is told of a single run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An incident as it was when it was told first, and as it was in the end.

    `integration` is `None` where it concerns the whole workspace. `failures` are the failed runs that it told of.
    """

    integration: Integration | None
    first: Incident
    last: Incident
    failures: tuple[Run, ...] = ()

    @property
    def at(self) -> datetime:
        """When it was told first."""
        return self.first.opened_at

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.first.kind

    def passes(self, filters: Filters) -> bool:
        """Whether a subscription with these filters would have been told of it, as live."""
        if self.failures:
            return any(passes_filters(filters, run).passes for run in self.failures)
        return rules_of(self.first).passes(filters, self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldNotice:
    """What was told in a notice, not an incident: a change of an integration in Braze, or a run that is far larger."""

    integration: Integration
    content: LifecycleEvent | Spike
    at: datetime

    @property
    def kind(self) -> str:
        """`lifecycle`, or `notice` for a run."""
        return NOTICE if isinstance(self.content, Spike) else Topic.LIFECYCLE

    @property
    def reason(self) -> str:
        """What happened, as a code."""
        return SPIKE if isinstance(self.content, Spike) else self.content.change

    def passes(self, filters: Filters) -> bool:
        """Whether a subscription with these filters would have been told of it, as live."""
        if isinstance(self.content, Spike):
            return filters.tells(Topic.QUALITY, SPIKE)
        return Topic.LIFECYCLE in filters.topics
