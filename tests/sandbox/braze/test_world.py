"""The Braze workspace by the clock: schedules, bursts, runs, and what the list shows of them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from cdi_bot.sandbox.braze.integration import Burst, Integration, IntegrationConfig, Oddities
from cdi_bot.sandbox.braze.runs import GeneratedRuns, Run, RunPlan
from cdi_bot.sandbox.braze.simulation import Settings
from cdi_bot.sandbox.braze.world import BrazeWorld
from cdi_bot.sandbox.faults import Fault, FaultKind
from tests.sandbox.braze_kit import NOON, Clock, after


def _statuses(integration: Integration) -> list[str]:
    return [run.status for run in integration.page(0, 10)]


def _every_minute(world: BrazeWorld, *outcomes: str) -> Integration:
    config = IntegrationConfig(integration_name="Users", schedule_seconds=60, run_seconds=5, rows=100)
    return world.create(config, coming=[RunPlan(outcome=outcome) for outcome in outcomes])


def test_scheduled_running_final(world: BrazeWorld, clock: Clock) -> None:
    """A scheduled run starts at its slot, runs, and ends after its length, each at its own exact time."""
    integration = _every_minute(world)
    assert integration.next_slot == after(60)
    clock.advance(59.9)
    world.catch_up()
    assert integration.total == 0
    clock.advance(3)
    world.catch_up()
    assert integration.page(0, 10) == [Run(status="running", start=after(60))]
    assert integration.next_slot == after(120)
    clock.advance(10)
    world.catch_up()
    assert integration.page(0, 10) == [
        Run(
            status="success",
            start=after(60),
            finish=after(65),
            rows_synced=100,
            last_timestamp_synced=after(57),
        )
    ]


@pytest.mark.parametrize("outcome", ["success", "partial", "error", "config_error", "limit_exceeded"])
def test_every_outcome(world: BrazeWorld, clock: Clock, outcome: str) -> None:
    """A run ends in the status planned for it, also in one that nobody has heard of."""
    integration = _every_minute(world, outcome)
    clock.advance(70)
    world.catch_up()
    assert _statuses(integration) == [outcome]


def test_planned_outcomes_come_in_order(world: BrazeWorld, clock: Clock) -> None:
    """Planned outcomes are used one by one; after them the usual one holds."""
    integration = _every_minute(world, "error", "partial")
    clock.advance(60 * 4 + 10)
    world.catch_up()
    assert _statuses(integration) == ["success", "success", "partial", "error"]
    assert integration.next_outcome == "success"


def test_same_seed_same_life() -> None:
    """The same seed lives the same life however often it is looked at; another seed lives another."""

    def life(seed: int, step: float) -> list[Run]:
        clock = Clock()
        world = BrazeWorld(clock, seed)
        integration = world.create(IntegrationConfig(integration_id="a", schedule_seconds=30))
        while clock() < after(3000):
            clock.advance(step)
            world.catch_up()
        return integration.page(0, 50)

    assert life(1, 10) == life(1, 3000)
    assert life(1, 3000) != life(2, 3000)


def test_a_slow_run_lets_slots_pass(world: BrazeWorld, clock: Clock) -> None:
    """While one run is in progress the slots pass by: one job at a time."""
    integration = _every_minute(world)
    world.change(integration.config.integration_id, integration.config, [RunPlan(seconds=150)])
    clock.advance(215)
    world.catch_up()
    assert [run.start for run in integration.page(0, 10)] == [after(60)]
    clock.advance(30)
    world.catch_up()
    assert [run.start for run in integration.page(0, 10)] == [after(240), after(60)]


def test_stalled_schedule(world: BrazeWorld, clock: Clock) -> None:
    """A stalled integration names its next run again and again, and none starts."""
    integration = _every_minute(world)
    world.change(integration.config.integration_id, replace(integration.config, stalled=True))
    clock.advance(600)
    world.catch_up()
    assert integration.total == 0
    assert integration.next_slot == after(660)


def test_zero_rows(world: BrazeWorld, clock: Clock) -> None:
    """A run without rows is a success whose watermark stands still."""
    integration = _every_minute(world)
    clock.advance(70)
    world.change(integration.config.integration_id, replace(integration.config, rows=0))
    clock.advance(60)
    world.catch_up()
    newest, before = integration.page(0, 2)
    assert (newest.status, newest.rows_synced) == ("success", 0)
    assert newest.last_timestamp_synced == before.last_timestamp_synced


def test_bursts(world: BrazeWorld, clock: Clock) -> None:
    """Files that arrive together run one after the other, and no run is ever scheduled."""
    config = IntegrationConfig(run_seconds=4, burst=Burst(every_seconds=600, most=5))
    integration = world.create(config, first_in=10)
    clock.advance(3600)
    world.catch_up()
    runs = integration.page(0, 100)
    gaps = [(newer.start - older.finish).total_seconds() for newer, older in pairwise(runs) if older.finish]
    assert runs[-1].start == after(10)
    assert all(gap > 0 for gap in gaps)
    assert any(gap <= 1 for gap in gaps)
    assert any(gap > 60 for gap in gaps)
    assert integration.next_slot is None


def test_files_wait_for_the_run_in_progress(world: BrazeWorld, clock: Clock) -> None:
    """Files that arrive during a run get theirs after it."""
    integration = world.create(IntegrationConfig(burst=Burst(every_seconds=600, most=1)), first_in=10)
    world.run(integration.config.integration_id, RunPlan(seconds=20))
    clock.advance(19)
    world.catch_up()
    assert integration.total == 1
    clock.advance(2.5)
    world.catch_up()
    assert _statuses(integration) == ["running", "success"]


def test_triggered_run_shows_later(world: BrazeWorld, clock: Clock) -> None:
    """A triggered run shows after the delay; until it has ended another one is refused."""
    integration = world.create(IntegrationConfig(integration_id="a", run_seconds=5))
    assert world.trigger("a")
    assert not world.trigger("a")
    clock.advance(2.9)
    world.catch_up()
    assert integration.total == 0
    clock.advance(0.1)
    world.catch_up()
    assert integration.page(0, 10) == [Run(status="running", start=after(3))]
    assert not world.trigger("a")
    clock.advance(5)
    assert world.trigger("a")


def test_run_at_once(world: BrazeWorld) -> None:
    """A run started by control shows at once, and one without length has ended at once."""
    integration = world.create(IntegrationConfig(integration_id="a"))
    world.run("a", RunPlan(outcome="error", seconds=0))
    world.run("a", RunPlan(outcome="partial", seconds=0))
    assert world.run("a")
    assert not world.run("a")
    assert _statuses(integration) == ["running", "partial", "error"]
    assert len({run.start for run in integration.page(0, 10)}) == 3


def test_finish(world: BrazeWorld, clock: Clock) -> None:
    """A run in progress can be ended early, by its own plan or another, and does not end twice."""
    integration = world.create(IntegrationConfig(integration_id="a"))
    assert world.finish("a") is False
    world.run("a", RunPlan(outcome="partial", seconds=100))
    clock.advance(1)
    assert world.finish("a") is True
    world.run("a", RunPlan(seconds=100))
    clock.advance(1)
    assert world.finish("a", RunPlan(outcome="error", seconds=2)) is True
    clock.advance(1)
    world.catch_up()
    assert integration.current is not None
    clock.advance(200)
    world.catch_up()
    newest, before = integration.page(0, 10)
    assert (before.status, before.finish) == ("partial", after(1))
    assert (newest.status, newest.finish) == ("error", after(4))


def test_fail_all(world: BrazeWorld, clock: Clock) -> None:
    """Every integration fails now: those that run, those about to, and those at rest."""
    made = world.create_many(3, "Users", IntegrationConfig(run_seconds=50))
    world.run(made[0].config.integration_id)
    world.trigger(made[1].config.integration_id)
    assert world.fail_all() == 3
    assert [_statuses(integration) for integration in made] == [["error"]] * 3
    clock.advance(60)
    world.catch_up()
    assert [integration.total for integration in made] == [1, 1, 1]


def test_fail_all_later(world: BrazeWorld, clock: Clock) -> None:
    """With seconds the failures come later; finishing ends those in progress as planned."""
    made = world.create_many(2, "Users", IntegrationConfig())
    world.fail_all(RunPlan(outcome="config_error", seconds=9))
    assert [_statuses(integration) for integration in made] == [["running"]] * 2
    clock.advance(1)
    assert [world.finish(each.config.integration_id) for each in made * 2] == [True, True, False, False]
    assert [_statuses(integration) for integration in made] == [["config_error"]] * 2


def test_history(world: BrazeWorld) -> None:
    """Past runs can be put in any order, replace those of the same start, and come newest first."""
    integration = world.create(IntegrationConfig(integration_id="a"))
    world.put_history("a", [])
    assert integration.page(0, 10) == []
    old, new = Run(status="error", start=after(-200)), Run(status="running", start=after(-100))
    world.put_history("a", [new, old])
    settled = replace(new, status="success", finish=after(-50), last_timestamp_synced=after(-101))
    world.put_history("a", [settled])
    assert integration.page(0, 10) == [settled, old]
    assert integration.watermark == after(-101)


def test_history_joins_an_invented_past(world: BrazeWorld, clock: Clock) -> None:
    """Runs put among an invented past stand in order of their starts."""
    past = GeneratedRuns(name="a", length=15, newest=NOON, every_seconds=60, run_seconds=5, rows=1)
    integration = world.create(IntegrationConfig(integration_id="a"), past=past)
    world.run("a", RunPlan(seconds=1))
    assert [len(integration.page(offset, 10)) for offset in (0, 10, 20)] == [10, 6, 0]
    assert integration.page(0, 3)[1:] == past[:2]
    world.put_history("a", [Run(status="error", start=after(-400))])
    clock.advance(5)
    world.catch_up()
    starts = [run.start for run in integration.page(0, 20)]
    assert starts == sorted(starts, reverse=True)
    assert len(starts) == 17
    assert _statuses(integration)[0] == "success"


def test_paging_a_long_life(world: BrazeWorld, clock: Clock) -> None:
    """Pages cut through lived and invented runs without a gap or a repeat."""
    past = GeneratedRuns(name="a", length=30, newest=after(-60), every_seconds=60, run_seconds=5, rows=1)
    config = IntegrationConfig(schedule_seconds=60)
    integration = world.create(config, past=past)
    clock.advance(60 * 17 + 30)
    world.catch_up()
    paged = [run for offset in range(0, 60, 10) for run in integration.page(offset, 10)]
    assert paged == integration.page(0, 1000)
    assert len({run.start for run in paged}) == len(paged) == integration.total == 47


def test_list_lags(world: BrazeWorld, clock: Clock) -> None:
    """The list tells the state of some seconds ago; the status call that of now."""
    world.settings = replace(world.settings, list_lag=10)
    integration = _every_minute(world, "error")
    clock.advance(62)
    world.catch_up()
    assert integration.facts(after(52)).last_job_status is None
    assert integration.facts(after(52)).next_scheduled_run == after(60)
    clock.advance(9)
    world.catch_up()
    assert integration.facts(after(61)).last_job_status == "running"
    assert _statuses(integration) == ["error"]
    assert integration.facts(after(75)).last_job_status == "error"


def test_list_facts_are_forgotten(world: BrazeWorld, clock: Clock) -> None:
    """What no list can show again is not kept, however long the life."""
    integration = _every_minute(world)
    clock.advance(60 * 500)
    world.catch_up()
    assert integration.facts(after(0)) == integration.facts(clock())


def test_changed_schedule(world: BrazeWorld, clock: Clock) -> None:
    """A changed schedule counts from now on, and nothing comes of the old one."""
    integration = _every_minute(world)
    clock.advance(30)
    world.change(integration.config.integration_id, replace(integration.config, schedule_seconds=100))
    clock.advance(99)
    world.catch_up()
    assert integration.total == 0
    clock.advance(1)
    world.catch_up()
    assert [run.start for run in integration.page(0, 10)] == [after(130)]
    world.change(integration.config.integration_id, replace(integration.config, schedule_seconds=None))
    clock.advance(1000)
    world.catch_up()
    assert integration.total == 1
    assert integration.next_slot is None


def test_change_keeps_id_and_runs(world: BrazeWorld, clock: Clock) -> None:
    """A renamed integration keeps its id and runs; plans alone change nothing of it."""
    integration = _every_minute(world)
    config = integration.config
    clock.advance(70)
    world.change(config.integration_id, config, [RunPlan(outcome="error")])
    assert integration.config == config
    world.change(config.integration_id, replace(config, integration_name="People", integration_id="other"))
    assert integration.config.integration_id == config.integration_id
    assert integration.config.integration_name == "People"
    assert integration.total == 1


def test_deleted(world: BrazeWorld, clock: Clock) -> None:
    """A deleted integration is unknown, leaves the list, and nothing more happens to it, also under a reused id."""
    gone = world.create(IntegrationConfig(integration_id="a", schedule_seconds=60))
    world.create(IntegrationConfig(integration_id="b"))
    world.run("a", RunPlan(seconds=1))
    world.delete("a")
    again = world.create(IntegrationConfig(integration_id="a"))
    clock.advance(600)
    world.catch_up()
    assert gone.total == 1
    assert again.total == 0
    assert world.next_change_at(clock()) is None
    assert [integration.config.integration_id for integration in world.integrations()] == ["b", "a"]


def test_clock_put_back(world: BrazeWorld, clock: Clock) -> None:
    """A clock that is put back undoes nothing."""
    integration = _every_minute(world)
    clock.advance(62)
    world.catch_up()
    clock.advance(-30)
    assert world.catch_up() == after(62)
    assert _statuses(integration) == ["running"]


def test_next_change(world: BrazeWorld, clock: Clock) -> None:
    """The world says when something will happen next, never in the past, and not for what was overtaken."""
    assert world.next_change_at(NOON) is None
    integration = _every_minute(world)
    assert world.next_change_at(NOON) == after(60)
    assert world.next_change_at(after(90)) == after(90)
    clock.advance(60)
    world.catch_up()
    assert world.next_change_at(clock()) == after(65)
    world.finish(integration.config.integration_id)
    assert world.next_change_at(clock()) == after(120)


def test_create_many(world: BrazeWorld) -> None:
    """Many are made at once, with first slots spread over the period or together, and a past each."""
    like = IntegrationConfig(schedule_seconds=600)
    spread = world.create_many(3, "Users", like, history=25)
    bunched = world.create_many(2, "Orders", like, spread=False, coming=[RunPlan(outcome="error")])
    assert [integration.next_slot for integration in spread] == [after(200), after(400), after(600)]
    assert [integration.next_slot for integration in bunched] == [after(600)] * 2
    assert [integration.config.integration_name for integration in bunched] == ["Orders 0001", "Orders 0002"]
    assert [integration.next_outcome for integration in bunched] == ["error", "error"]
    assert {integration.total for integration in spread} == {25}
    newest = spread[0].newest
    assert newest is not None
    assert after(-500) < newest.start <= after(-400)
    assert len({integration.config.integration_id for integration in world.integrations()}) == 5


@pytest.mark.parametrize("integration_id", ["a", "a/b", "", "x" * 129])
def test_ids(world: BrazeWorld, integration_id: str) -> None:
    """An id that is taken or could not stand in a path is refused; without one it gets a UUID."""
    world.create(IntegrationConfig(integration_id="a"))
    if integration_id:
        with pytest.raises(ValueError, match="integration_id"):
            world.create(IntegrationConfig(integration_id=integration_id))
    else:
        assert len(world.create(IntegrationConfig()).config.integration_id) == 36
    assert world.total == len(world.integrations())


@pytest.mark.parametrize(
    "refused",
    [
        lambda: IntegrationConfig(schedule_seconds=0),
        lambda: IntegrationConfig(rows=-1),
        lambda: IntegrationConfig(run_seconds=-1),
        lambda: Burst(every_seconds=0, most=1),
        lambda: Burst(every_seconds=5, most=0),
        lambda: Settings(jitter=1),
        lambda: Settings(list_lag=-1),
        lambda: Settings(trigger_delay=-1),
    ],
)
def test_impossible_figures(refused: Callable[[], object]) -> None:
    """Figures by which time would stand still, or go back, are refused."""
    with pytest.raises(ValueError, match=r"must|needs"):
        refused()


def test_tells_of_changes(world: BrazeWorld, clock: Clock) -> None:
    """Each change is told once a look, with the state it led to; faults are told too."""
    told: list[dict[str, object]] = []
    world.on_change = told.append
    integration = _every_minute(world)
    clock.advance(62)
    world.catch_up()
    world.catch_up()
    world.faults.add(Fault(kind=FaultKind.REVOKED))
    world.delete(integration.config.integration_id)
    shown = [event.get("integration") for event in told]
    assert [event["type"] for event in told] == ["integration", "integration", "faults", "integration"]
    assert isinstance(shown[1], dict)
    assert shown[1] == {
        "integration_id": integration.config.integration_id,
        "integration_name": "Users",
        "integration_type": "users_attributes",
        "integration_status": "active",
        "warehouse_type": "snowflake",
        "schedule_seconds": 60,
        "run_seconds": 5,
        "next_scheduled_run": "2026-03-25T12:02:00.000000Z",
        "next_outcome": "success",
        "running": True,
        "stalled": False,
        "last_job_status": "running",
        "last_job_start_time": "2026-03-25T12:01:00.000000Z",
        "deleted": False,
    }
    assert isinstance(shown[3], dict)
    assert shown[3]["deleted"] is True
    assert isinstance(told[2]["braze"], list)
    assert told[2]["braze"][0]["kind"] == "revoked"


def test_faults_without_a_listener(world: BrazeWorld) -> None:
    """Faults can be set while nobody listens."""
    world.faults.add(Fault(kind=FaultKind.REVOKED))
    assert len(world.faults.active()) == 1


def test_keys(world: BrazeWorld) -> None:
    """A key may do what it was given last, and nothing once revoked, twice if need be."""
    assert world.permissions("other") is None
    world.set_key("other", ["cdi.integration_list"])
    assert world.permissions("other") == frozenset({"cdi.integration_list"})
    world.set_key("other", None)
    world.set_key("other", None)
    assert world.permissions("other") is None
    assert len(world.permissions(world.api_key) or ()) == 3


def test_oddities_do_not_touch_the_truth(world: BrazeWorld) -> None:
    """Oddities change answers only: the integration itself stays well."""
    integration = world.create(IntegrationConfig(oddities=Oddities(status="Odd")))
    world.run(integration.config.integration_id, RunPlan(seconds=0))
    assert _statuses(integration) == ["success"]


@pytest.mark.parametrize("state", ["paused", "DRAFT"])
def test_a_paused_integration_runs_no_more(world: BrazeWorld, clock: Clock, state: str) -> None:
    """Paused or a draft, an integration plans nothing; a run in progress still ends; active again, it goes on."""
    integration = _every_minute(world)
    clock.advance(62)
    world.change(integration.config.integration_id, replace(integration.config, integration_status=state))
    assert (_statuses(integration), integration.next_slot) == (["running"], None)
    clock.advance(600)
    world.catch_up()
    assert _statuses(integration) == ["success"]
    world.change(integration.config.integration_id, replace(integration.config, integration_status="ACTIVE"))
    assert integration.next_slot == after(662 + 60)
    clock.advance(70)
    world.catch_up()
    assert _statuses(integration) == ["success", "success"]


def test_files_of_a_paused_integration_wait_for_nothing(world: BrazeWorld, clock: Clock) -> None:
    """No file is taken while a file source is paused."""
    config = IntegrationConfig(
        integration_id="a",
        warehouse_type="s3",
        integration_status="paused",
        burst=Burst(every_seconds=10, most=3),
    )
    integration = world.create(config)
    clock.advance(600)
    world.catch_up()
    assert integration.total == 0


def test_a_paused_integration_can_be_asked_for_a_run(world: BrazeWorld) -> None:
    """Braze documents no refusal for a paused integration, so a sync that is asked for runs."""
    world.create(IntegrationConfig(integration_id="a", integration_status="paused"))
    assert world.trigger("a")
