"""What the bot counts of itself, as Prometheus reads it: the only place that knows its client.

Labels are few and bounded: Braze's endpoints, outcomes, and the Braze workspaces that this process polls. No
integration, channel or person is ever a label.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import NoReturn

import structlog
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from cdi_bot.item_troubles import Work
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.monitoring.workspaces import WatchedWorkspace, WatchedWorkspaces
from cdi_bot.operator.readiness import Cause, Reason
from cdi_bot.store import Store, StoreTrouble

log = structlog.get_logger(__name__)

PROBE_EVERY = 0.02
"""Seconds between two looks at the event loop: a block is measured too short by no more than this."""

_LATENCIES = (1, 2, 5, 8, 10, 15, 20, 30, 40, 60, 120, 300, 600, 3600)
_LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""The type of what `Metrics.page` gives."""


class Metrics:
    """Counts, of each workspace for itself, and shows what it counted."""

    def __init__(self) -> None:
        """Start with nothing counted, in a registry of its own."""
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self._not_ready = gauge(
            "cdi_bot_not_ready",
            "1 while this keeps the bot from its work, of a workspace or of all",
            ["cause", "workspace"],
        )
        per_call = ["workspace", "endpoint"]
        self._polls = counter("cdi_bot_polls", "Requests to Braze", [*per_call, "outcome"])
        self._used = gauge(
            "cdi_bot_budget_used", "Requests sent to Braze within its present minute", per_call
        )
        self._left = gauge(
            "cdi_bot_budget_left", "Requests that polling may still send to Braze right now", per_call
        )
        self._oldest = gauge(
            "cdi_bot_oldest_observation_seconds",
            "Time since the last observation of the subscribed integration that was not observed for longest",
            ["workspace"],
        )
        self._leading = gauge(
            "cdi_bot_polls_workspace", "Whether this process is the one that polls a workspace", ["workspace"]
        )
        self._latency = histogram(
            "cdi_bot_detection_latency_seconds",
            "From the end of a run until it was first seen",
            ["workspace"],
            buckets=_LATENCIES,
        )
        self._depth = gauge("cdi_bot_outbox_messages", "Messages owed to Slack")
        self._age = gauge(
            "cdi_bot_outbox_oldest_seconds",
            "Time for which the oldest message has been owed that no snooze holds back",
        )
        self._lost = gauge("cdi_bot_lost_channels", "Subscribed channels that can't be posted to")
        self._troubles = gauge(
            "cdi_bot_item_troubles", "Items that some work of the bot keeps failing with", ["work"]
        )
        self._posts = counter("cdi_bot_posts", "Tries to deliver a message to Slack", ["outcome"])
        self._lag = histogram(
            "cdi_bot_loop_lag_seconds", "How late the event loop came to what was due", buckets=_LAGS
        )

    def of(self, workspace: str) -> WorkspaceCounts:
        """What counts for the workspace of this name."""
        return WorkspaceCounts(self._polls, self._latency.labels(workspace), workspace)

    def delivered(self, outcome: StrEnum) -> None:
        """Count a try to deliver."""
        self._posts.labels(outcome.value).inc()

    def lagged(self, seconds: float) -> None:
        """Count a look at the event loop."""
        self._lag.observe(seconds)

    async def page(
        self,
        store: Store | None,
        now: datetime,
        workspaces: WatchedWorkspaces | None = None,
        reasons: Sequence[Reason] = (),
    ) -> bytes:
        """Everything counted, what is owed now and how each workspace does, as soon as there are these.

        `reasons` keep the bot from its work now.
        """
        self._show_workspaces(workspaces or (), now)
        names = [each.workspace.name for each in workspaces or ()]
        for cause in Cause:
            for workspace in names if cause.is_of_workspace else [""]:
                self._not_ready.labels(cause.value, workspace).set(0)
        for reason in reasons:
            self._not_ready.labels(reason.cause.value, reason.workspace).set(1)
        troubles = workspaces.troubles.counts() if workspaces else {}
        for work in Work:
            self._troubles.labels(work.value).set(troubles.get(work, 0))
        depth = age = lost = float("nan")  # not known is no number
        try:
            if store is not None:
                async with store.read() as uow:
                    depth = await uow.outbox.depth()
                    since = await uow.outbox.waiting_since()
                    lost = len(await uow.subscriptions.broken())
                age = max((now - since).total_seconds(), 0) if since else 0.0
        except StoreTrouble as trouble:
            log.debug("metrics lack the outbox", why=str(trouble))
        self._depth.set(depth)
        self._age.set(age)
        self._lost.set(lost)
        return generate_latest(self._registry)

    def _show_workspaces(self, workspaces: Iterable[WatchedWorkspace], now: datetime) -> None:
        """Of those there are; one that was removed is shown no more."""
        for gauge in (self._used, self._left, self._oldest, self._leading, self._not_ready):
            gauge.clear()
        for each in workspaces:
            name, poller = each.workspace.name, each.poller
            for endpoint in Endpoint:
                per_call = name, endpoint.value
                self._used.labels(*per_call).set(_known(partial(each.braze.used, endpoint, now)))
                self._left.labels(*per_call).set(_known(partial(each.braze.allowance, endpoint, now)))
            self._leading.labels(name).set(poller.is_leading)
            self._oldest.labels(name).set(_known(partial(_seconds, poller.oldest_age)))


class WorkspaceCounts:
    """Counts for one workspace; implements `monitoring.braze_port.Measurements`."""

    def __init__(self, polls: Counter, latency: Histogram, workspace: str) -> None:
        """Count with these."""
        self._polls, self._latency, self._workspace = polls, latency, workspace

    def asked(self, endpoint: Endpoint, trouble: BrazeReason | None) -> None:
        """Count a request to Braze."""
        self._polls.labels(self._workspace, endpoint.value, trouble.value if trouble else "ok").inc()

    def detected(self, latency: timedelta) -> None:
        """Count the end of a run."""
        self._latency.observe(latency.total_seconds())


def _seconds(length: Callable[[], timedelta | None]) -> float:
    known = length()
    return known.total_seconds() if known is not None else float("nan")


def _known(number: Callable[[], float]) -> float:
    """The number, or none where it can't be told: the others are shown all the same."""
    try:
        return number()
    except Exception:
        log.exception("a number of the metrics can't be told")
        return float("nan")


async def watch_loop(lagged: Callable[[float], None]) -> NoReturn:
    """Tell again and again by how many seconds the running event loop was late, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PROBE_EVERY
        await asyncio.sleep(PROBE_EVERY)
        lagged(max(loop.time() - due, 0.0))
