"""Whether a subscription's filters let a run through; each answer comes with its reason."""

from __future__ import annotations

from enum import StrEnum

from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters

_TOPIC_OF_STATUS = {
    "error": Topic.ERROR,
    "partial": Topic.PARTIAL,
    "config_error": Topic.CONFIG_ERROR,
    "running": Topic.RUNNING,
}


class FilterDecision(StrEnum):
    """Whether a subscription's channel is told of a run, and why (not)."""

    PASSED = "passed"  # the filters let it through
    UNKNOWN_STATUS = (
        "unknown_status"  # let through: a filter never hides a status that Braze does not document
    )
    TOPIC_OFF = "topic_off"  # the subscription did not ask for this type of alert
    BELOW_ROWS = "below_rows"  # a partial run that lost fewer rows than asked for
    BELOW_PERCENT = "below_percent"  # a partial run that lost a smaller share than asked for
    NOT_COUNTED = "not_counted"  # a partial run known from the list alone: decided when its rows are known

    @property
    def passes(self) -> bool:
        """Whether the channel is told."""
        return self in {FilterDecision.PASSED, FilterDecision.UNKNOWN_STATUS}


def passes_filters(filters: Filters, run: Run) -> FilterDecision:
    """Whether a channel with these filters is told of this run."""
    topic = _TOPIC_OF_STATUS.get(run.job_status)
    if topic is None:
        return FilterDecision.UNKNOWN_STATUS
    if topic not in filters.topics:
        return FilterDecision.TOPIC_OFF
    if topic is Topic.PARTIAL:
        return _over_thresholds(filters, run)
    return FilterDecision.PASSED


def _over_thresholds(filters: Filters, run: Run) -> FilterDecision:
    """Counts that Braze does not give hold nothing back: better one alert too many than one too few."""
    if run.provisional and (filters.min_rows is not None or filters.min_percent is not None):
        return FilterDecision.NOT_COUNTED
    lost, share = run.rows_failed_with_errors, run.failed_share
    if filters.min_rows is not None and lost is not None and lost < filters.min_rows:
        return FilterDecision.BELOW_ROWS
    if filters.min_percent is not None and share is not None and share * 100 < filters.min_percent:
        return FilterDecision.BELOW_PERCENT
    return FilterDecision.PASSED
