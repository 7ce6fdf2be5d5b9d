"""The workspace that the demo shows: a retailer's integrations, busy enough that something always happens.

Schedules are seconds where a real workspace has minutes; the history before is spread over days.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.sandbox.braze.integration import Burst, IntegrationConfig
from cdi_bot.sandbox.braze.runs import CONFIG_ERROR, ERROR, PARTIAL, SUCCESS, GeneratedRuns, RunPlan
from cdi_bot.sandbox.braze.world import BrazeWorld

_SUCCEEDS = RunPlan()
_MOSTLY_SUCCESS = (SUCCESS,) * 17 + (PARTIAL,) * 2 + (ERROR,)
_ALWAYS_SUCCESS = (SUCCESS,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _DemoIntegration:
    """One integration of the demo: its past, and what happens to it first.

    first_in: seconds to its first run. past_runs lie `past_every` seconds apart.
    """

    config: IntegrationConfig
    first_in: float
    coming: tuple[RunPlan, ...] = ()
    past_runs: int = 40
    past_every: float = 7200.0
    past_outcomes: tuple[str, ...] = _MOSTLY_SUCCESS


_INTEGRATIONS = (
    _DemoIntegration(  # the first alert: its run ends five seconds after the start, partial; then it recovers
        config=IntegrationConfig(
            integration_name="Users: attributes (Snowflake)",
            integration_type="users_attributes",
            warehouse_type="snowflake",
            schedule_seconds=45,
            run_seconds=6,
            rows=48_200,
        ),
        first_in=1.8,
        coming=(
            RunPlan(outcome=PARTIAL, seconds=3.0, rows_synced=46_912, rows_failed=1_288),
            _SUCCEEDS,
            _SUCCEEDS,
            _SUCCEEDS,
            RunPlan(outcome=ERROR),
            RunPlan(outcome=ERROR),
        ),
        past_runs=60,
        past_every=3600.0,
    ),
    _DemoIntegration(
        config=IntegrationConfig(
            integration_name="Purchases: orders (BigQuery)",
            integration_type="users_purchases",
            warehouse_type="bigquery",
            schedule_seconds=30,
            run_seconds=8,
            rows=12_600,
        ),
        first_in=9,
        coming=(_SUCCEEDS, _SUCCEEDS, _SUCCEEDS, RunPlan(outcome=ERROR, rows_synced=0, rows_failed=0)),
        past_runs=55,
        past_every=5400.0,
    ),
    _DemoIntegration(
        config=IntegrationConfig(
            integration_name="Catalog: product availability (Databricks)",
            integration_type="catalogs",
            warehouse_type="databricks",
            schedule_seconds=60,
            run_seconds=12,
            rows=230_500,
        ),
        first_in=16,
        coming=(_SUCCEEDS, _SUCCEEDS, RunPlan(outcome=CONFIG_ERROR, seconds=1.5)),
        past_runs=48,
    ),
    _DemoIntegration(
        config=IntegrationConfig(
            integration_name="Events: store visits (S3)",
            integration_type="users_events",
            warehouse_type="s3",
            run_seconds=2.5,
            rows=3_400,
            burst=Burst(every_seconds=40, most=4),
        ),
        first_in=12,
        past_runs=52,
        past_every=4100.0,
    ),
    _DemoIntegration(
        config=IntegrationConfig(
            integration_name="Users: loyalty tiers (Redshift)",
            integration_type="users_attributes",
            warehouse_type="redshift",
            schedule_seconds=75,
            run_seconds=10,
            rows=8_750,
        ),
        first_in=25,
        past_runs=36,
        past_every=10_800.0,
    ),
    _DemoIntegration(  # nothing changes upstream most of the time: zero rows are normal
        config=IntegrationConfig(
            integration_name="Users: deletion requests (Snowflake)",
            integration_type="users_deletes",
            warehouse_type="snowflake",
            schedule_seconds=50,
            run_seconds=1.5,
            rows=0,
        ),
        first_in=20,
        coming=(_SUCCEEDS, _SUCCEEDS, RunPlan(rows_synced=3)),
        past_runs=45,
        past_outcomes=_ALWAYS_SUCCESS,
    ),
    _DemoIntegration(
        config=IntegrationConfig(
            integration_name="Events: web sessions (BigQuery)",
            integration_type="users_events",
            warehouse_type="bigquery",
            schedule_seconds=20,
            run_seconds=7,
            rows=91_300,
        ),
        first_in=6,
        past_runs=60,
        past_every=3000.0,
    ),
    _DemoIntegration(
        config=IntegrationConfig(
            integration_name="Accounts: B2B contracts (Microsoft Fabric)",
            integration_type="accounts",
            warehouse_type="microsoft_fabric",
            schedule_seconds=90,
            run_seconds=4,
            rows=640,
        ),
        first_in=35,
        past_runs=30,
        past_every=14_400.0,
        past_outcomes=_ALWAYS_SUCCESS,
    ),
)


def demo_world(clock: Callable[[], datetime], seed: int) -> BrazeWorld:
    """Return the demo's workspace, its first failing run about to end five seconds from now."""
    world = BrazeWorld(clock, seed)
    for demo in _INTEGRATIONS:
        config = demo.config
        past = GeneratedRuns(
            name=f"{seed}:{config.integration_name}",
            length=demo.past_runs,
            newest=world.catch_up() - timedelta(seconds=240),
            every_seconds=demo.past_every,
            run_seconds=config.run_seconds,
            rows=config.rows,
            outcomes=demo.past_outcomes,
            successes=2,
        )
        world.create(config, first_in=demo.first_in, coming=demo.coming, past=past)
    return world
