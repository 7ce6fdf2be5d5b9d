"""What is counted of the bot's own work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cdi_bot.core.model.integration import Integration, WatchedIntegration
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.sync_failed import Finding
from cdi_bot.monitoring.braze_port import NoMeasurements
from cdi_bot.monitoring.workspace_state import DetectionTimes

NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WATCHED = WatchedIntegration(
    integration=Integration(workspace_id=1, integration_id="one", integration_name="Users")
)


class Latencies(NoMeasurements):
    """Keeps the latencies that are counted."""

    def __init__(self) -> None:
        """Start with none."""
        self.counted: list[timedelta] = []

    def detected(self, latency: timedelta) -> None:
        """Keep it."""
        self.counted.append(latency)


def run(status: str = "error", **facts: object) -> Run:
    """A run that began a minute before noon and ended at noon, told by the status call."""
    given: dict[str, object] = {"sync_finish_time": NOON, **facts}
    return Run(
        integration_id="one",
        sync_start_time=NOON - 60 * SECOND,
        job_status=status,
        **given,  # type: ignore[arg-type]
    )


def found(*runs: Run, ended: bool = True) -> Finding:
    """A finding of these runs, whose ends are news or not."""
    return Finding(watched=WATCHED, runs=runs, ended=runs if ended else ())


def test_an_end_is_counted_when_it_is_first_seen() -> None:
    """From the end to the look; seen again, or as history, it is not counted."""
    measurements = Latencies()
    detections = DetectionTimes(measurements=measurements)
    detections.note([found(run())], NOON + 7 * SECOND)
    detections.note([found(run(rows_synced=1), ended=False)], NOON + 9 * SECOND)
    assert measurements.counted == [7 * SECOND]


def test_what_the_list_shows_is_counted_from_when_it_showed_it() -> None:
    """The list tells no end: it is counted once the status call tells it, but as seen when the list was read."""
    measurements = Latencies()
    detections = DetectionTimes(measurements=measurements)
    listed = run(provisional=True, sync_finish_time=None)
    detections.note([found(listed)], NOON + 3 * SECOND)
    assert measurements.counted == []
    exact = replace(run(), sync_start_time=run().sync_start_time + timedelta(microseconds=17))
    detections.note([found(exact, ended=False)], NOON + 40 * SECOND)
    assert measurements.counted == [3 * SECOND]


def test_running_runs_and_clocks_that_differ_count_nothing_odd() -> None:
    """A run that is not over has no latency, and one that ends in this machine's future has none below zero."""
    measurements = Latencies()
    detections = DetectionTimes(measurements=measurements)
    detections.note([found(run("running", sync_finish_time=None), ended=False)], NOON)
    detections.note([found(run())], NOON - 5 * SECOND)
    assert measurements.counted == [timedelta()]
