"""The demo's workspace: alive from the first second, with a failure soon."""

from datetime import datetime, timedelta

from cdi_bot.sandbox.braze.demo import demo_world
from tests.sandbox.braze_kit import NOON, Clock, after


def test_history_looks_alive() -> None:
    """Every integration has a past of 30 runs over a month, well at its end, some with failures."""
    world = demo_world(Clock(), 1)
    integrations = world.integrations()
    failures = 0
    for integration in integrations:
        runs = integration.page(0, 100)
        assert len(runs) == 30
        assert timedelta(days=28) < NOON - runs[-1].start < timedelta(days=32)
        assert [run.status for run in runs[:2]] == ["success", "success"]
        failures += sum(run.status != "success" for run in runs)
    assert len(integrations) == 9
    assert 10 <= failures <= 100
    assert len({integration.config.integration_name for integration in integrations}) == len(integrations)


def test_the_first_failure_comes_soon() -> None:
    """Whatever the seed, one integration's first run fails about five seconds from the start."""
    for seed in range(5):
        clock = Clock()
        world = demo_world(clock, seed)
        clock.advance(5.1)
        world.catch_up()
        ended = [
            run for one in world.integrations() if (run := one.page(0, 1)[0]).start > NOON and run.finish
        ]
        assert [run.status for run in ended] == ["partial"]
        assert ended[0].finish is not None
        assert after(4) < ended[0].finish < after(5.1)


def test_it_recovers_and_goes_on() -> None:
    """The failing integration recovers within a minute; others fail within ten; all but the nightly one have run."""
    clock = Clock()
    world = demo_world(clock, 1)
    clock.advance(60)
    first = world.integrations()[0]
    assert first.newest is not None
    assert first.newest.status in {"success", "running"}
    clock.advance(540)
    world.catch_up()
    lived = {
        one.config.integration_name: [run.status for run in one.page(0, 200) if run.start > NOON]
        for one in world.integrations()
    }
    assert [name for name, runs in lived.items() if not runs] == ["Catalog: prices (Redshift)"]
    assert {"partial", "error", "config_error"} <= {status for runs in lived.values() for status in runs}


def test_schedules_are_lively() -> None:
    """Schedules are of 20 to 90 seconds, but for a nightly one; one source is event-driven and has none."""
    configs = [integration.config for integration in demo_world(Clock(), 1).integrations()]
    schedules = [config.schedule_seconds for config in configs if config.schedule_seconds is not None]
    assert [seconds for seconds in schedules if not 20 <= seconds <= 90] == [86_400]
    assert [config.warehouse_type for config in configs if config.burst] == ["s3"]
    assert len(schedules) == len(configs) - 1


def test_same_seed_same_names_and_keys() -> None:
    """The same seed gives the same ids and key, at any time of day."""

    def names(now: datetime, seed: int) -> list[str]:
        world = demo_world(Clock(now), seed)
        return [world.api_key, *(one.config.integration_id for one in world.integrations())]

    assert names(NOON, 1) == names(after(9999), 1)
    assert names(NOON, 1) != names(NOON, 2)
