"""What a visitor can make happen to an integration, each by one word: at once, and on and on until `success` ends it.

Besides these every status word is a scene: the run in progress, or one that begins now, ends so, and those after it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cdi_bot.sandbox.braze.integration import Integration
from cdi_bot.sandbox.braze.runs import SUCCESS, RunPlan
from cdi_bot.sandbox.braze.world import BrazeWorld

LATE, SLOW = "late", "slow"
_GOES_ON = 50  # runs
_SECONDS = 1.5  # that the runs which begin at once take together
_LATE_IN = 5.0
"""Seconds to the planned start that passes without a run: long enough to be seen in the list before."""
_HANGS_FOR = timedelta(hours=3)
_AHEAD = timedelta(days=365)
_TIMES_LARGER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What successful runs bring: `plans` of the runs from `now` on, of which `at_once` follow each other at once."""

    plans: Callable[[Integration, datetime], list[RunPlan]]
    at_once: int = 1


def _ahead(_integration: Integration, now: datetime) -> list[RunPlan]:
    return [RunPlan(last_timestamp_synced=now + _AHEAD)] * _GOES_ON


def _resync(integration: Integration, now: datetime) -> list[RunPlan]:
    """The same rows again and again: they come, and the watermark stands still."""
    return [RunPlan(last_timestamp_synced=integration.watermark or now)] * _GOES_ON


def _hollow(_integration: Integration, now: datetime) -> list[RunPlan]:
    """No rows any more, though the watermark moves on."""
    return [
        RunPlan(rows_synced=0, last_timestamp_synced=now - timedelta(seconds=_GOES_ON - number))
        for number in range(_GOES_ON)
    ]


def _spike(integration: Integration, _now: datetime) -> list[RunPlan]:
    return [RunPlan(rows_synced=integration.config.rows * _TIMES_LARGER)]


_ROWS = {
    "watermark_ahead": _Rows(plans=_ahead),
    "hollow": _Rows(plans=_hollow, at_once=4),
    "resync": _Rows(plans=_resync, at_once=4),
    "spike": _Rows(plans=_spike),
}


def play(world: BrazeWorld, integration_id: str, scene: str) -> None:
    """Let a scene happen to an integration.

    Raises KeyError for an unknown id, and ValueError where the scene is not for it.
    """
    now, integration = world.catch_up(), world.get(integration_id)
    if integration is None:
        raise KeyError(integration_id)
    if scene == LATE and not (integration.config.schedule_seconds and integration.config.is_active):
        raise ValueError("scene: only an active integration with a schedule can be late")
    newest = integration.newest
    if scene == SLOW and (integration.busy or (newest and newest.start > now - _HANGS_FOR)):
        raise ValueError("scene: a slow run began three hours ago, and this integration has had a later one")
    rows = _ROWS.get(scene)
    usual = SUCCESS if rows or scene in {LATE, SLOW} else scene
    config = replace(integration.config, usual_outcome=usual, stalled=scene == LATE)
    plans = rows.plans(integration, now) if rows else [RunPlan(outcome=usual)]
    at_once = rows.at_once if rows else 1
    plans = [replace(plan, seconds=_SECONDS / at_once) for plan in plans[:at_once]] + plans[at_once:]
    if scene == LATE:
        world.finish(integration_id, RunPlan())
        world.change(integration_id, config, (), first_in=_LATE_IN)
        return
    world.change(integration_id, config, plans)
    integration.files = at_once - 1
    plan = integration.take_plan()
    if scene == SLOW:
        plan = replace(plan, seconds=_HANGS_FOR.total_seconds())
        world.run(integration_id, plan, began=now - _HANGS_FOR)
    elif not world.finish(integration_id, plan):
        integration.queued = None
        world.run(integration_id, plan)


def play_all(world: BrazeWorld, scene: str) -> int:
    """Let a scene happen to every active integration; return how many there are."""
    active = [each.config.integration_id for each in world.integrations() if each.config.is_active]
    for integration_id in active:
        play(world, integration_id, scene)
    return len(active)
