"""Scenes: what a visitor makes happen shows in Braze's answers at once, and goes on until `success` ends it."""

from datetime import timedelta

import pytest

from cdi_bot.sandbox.braze.integration import Integration, IntegrationConfig
from cdi_bot.sandbox.braze.runs import GeneratedRuns
from cdi_bot.sandbox.braze.scenes import play, play_all
from cdi_bot.sandbox.braze.world import BrazeWorld
from tests.sandbox.braze_kit import NOON, Clock, after


def every_minute(world: BrazeWorld, newest: timedelta = timedelta(minutes=1), **more: object) -> Integration:
    """Return an integration that runs every minute and had a run of 1,000 rows so long ago."""
    config = IntegrationConfig(schedule_seconds=60, run_seconds=5, **more)  # type: ignore[arg-type]  # fields by name
    past = GeneratedRuns(
        name="past", length=1, newest=NOON - newest, every_seconds=60, run_seconds=5, rows=1000
    )
    return world.create(config, past=past)


def lived(world: BrazeWorld, clock: Clock, one: Integration, scene: str, seconds: float) -> Integration:
    """Play a scene and let time pass."""
    play(world, one.config.integration_id, scene)
    clock.advance(seconds)
    world.catch_up()
    return one


@pytest.mark.parametrize("scene", ["partial", "error", "config_error", "cancelled"])
def test_a_status_goes_on_until_it_succeeds(world: BrazeWorld, clock: Clock, scene: str) -> None:
    """The run that begins at once ends so, and the scheduled ones after it, until success is played."""
    one = lived(world, clock, every_minute(world), scene, 130)
    assert {run.status for run in one.page(0, 3)} == {scene}
    lived(world, clock, one, "success", 70)
    assert {run.status for run in one.page(0, 2)} == {"success"}


def test_a_run_in_progress_ends_so(world: BrazeWorld, clock: Clock) -> None:
    """The scene does not wait for the next run."""
    one = every_minute(world)
    clock.advance(61)
    lived(world, clock, one, "error", 2)
    assert one.page(0, 1)[0].status == "error"
    assert not one.busy


def test_late(world: BrazeWorld, clock: Clock) -> None:
    """A planned start a few seconds ahead passes without a run, and so do those after it."""
    one = every_minute(world)
    play(world, one.config.integration_id, "late")
    assert one.next_slot == after(5)
    clock.advance(130)
    world.catch_up()
    assert one.page(0, 1)[0].start < NOON
    lived(world, clock, one, "success", 2)
    assert one.page(0, 1)[0].start == after(130)


def test_slow(world: BrazeWorld, clock: Clock) -> None:
    """A run that says it began three hours ago goes on; it can't be where a later one is known."""
    one = lived(world, clock, every_minute(world, timedelta(hours=20)), "slow", 50)
    newest = one.page(0, 1)[0]
    assert (newest.status, newest.start) == ("running", NOON - timedelta(hours=3))
    lived(world, clock, one, "success", 2)
    assert one.page(0, 1)[0].finish == after(51.5)
    lived(world, clock, one, "error", 2)
    with pytest.raises(ValueError, match="later one"):
        play(world, one.config.integration_id, "slow")


def test_no_schedule_no_lateness(world: BrazeWorld) -> None:
    """What has no schedule can't be late."""
    one = world.create(IntegrationConfig(warehouse_type="s3"))
    with pytest.raises(ValueError, match="schedule"):
        play(world, one.config.integration_id, "late")


def test_rows_that_are_wrong(world: BrazeWorld, clock: Clock) -> None:
    """Runs succeed: with a watermark a year ahead, without rows, with the same rows, with far more than ever."""
    one = lived(world, clock, every_minute(world), "watermark_ahead", 2)
    newest = one.page(0, 1)[0]
    assert newest.status == "success"
    assert newest.last_timestamp_synced == NOON + timedelta(days=365)
    lived(world, clock, one, "success", 2)

    hollow = lived(world, clock, one, "hollow", 9).page(0, 4)
    assert {run.rows_synced for run in hollow} == {0}
    assert len({run.last_timestamp_synced for run in hollow}) == 4
    lived(world, clock, one, "success", 2)

    before = one.page(0, 1)[0].last_timestamp_synced
    again = lived(world, clock, one, "resync", 9).page(0, 4)
    assert {run.last_timestamp_synced for run in again} == {before}
    assert all(run.rows_synced > 500 for run in again)

    assert lived(world, clock, one, "spike", 2).page(0, 1)[0].rows_synced == 12_000


def test_all_of_them(world: BrazeWorld, clock: Clock) -> None:
    """A scene can be played with every integration that is active."""
    active = [every_minute(world), every_minute(world)]
    paused = every_minute(world, integration_status="paused")
    assert play_all(world, "error") == 2
    clock.advance(2)
    world.catch_up()
    assert [each.page(0, 1)[0].status for each in (*active, paused)] == ["error", "error", "success"]


def test_unknown_integration(world: BrazeWorld) -> None:
    """An id that is not there is refused."""
    with pytest.raises(KeyError):
        play(world, "nobody", "error")
