"""The workspace that the demo shows: a retailer's integrations, busy enough that something always happens.

Schedules are seconds where a real workspace has minutes. The history before is spread over a month, from which the bot
learns what is usual; Braze's limits are wider than documented, so that it has read all of that after half a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cdi_bot.sandbox.braze.integration import Burst, IntegrationConfig
from cdi_bot.sandbox.braze.protocol import Endpoint
from cdi_bot.sandbox.braze.runs import CONFIG_ERROR, ERROR, PARTIAL, SUCCESS, GeneratedRuns, RunPlan
from cdi_bot.sandbox.braze.world import BrazeWorld

_SUCCEEDS = RunPlan()
_MOSTLY_SUCCESS = (SUCCESS,) * 17 + (PARTIAL,) * 2 + (ERROR,)
_ALWAYS_SUCCESS = (SUCCESS,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demo:
    """What happens to an integration of the demo first, and its past.

    first_in: seconds to its first run. past_runs lie `past_every` seconds apart, the newest one about `past_ago` back.
    """

    first_in: float
    coming: tuple[RunPlan, ...] = ()
    past_runs: int = 30
    past_every: float = 24 * 3600.0
    past_ago: float = 240.0
    past_outcomes: tuple[str, ...] = _MOSTLY_SUCCESS


def _config(
    title: str, source: str, kind: str, *, every: float | None, takes: float, rows: int, **more: Any
) -> IntegrationConfig:
    """Return the configuration of an integration that runs every so many seconds and `takes` so many."""
    return IntegrationConfig(
        integration_name=f"{title} ({source})",
        integration_type=kind,
        warehouse_type=source.lower().replace(" ", "_"),
        schedule_seconds=every,
        run_seconds=takes,
        rows=rows,
        contact_emails="priya@northwind.example",  # somebody in the other stand-in
        **more,
    )


_FIRST_ALERT = RunPlan(outcome=PARTIAL, seconds=3.0, rows_synced=46_912, rows_failed=1_288)

_INTEGRATIONS = (
    (  # the first alert: its run ends five seconds after the start, partial; then it recovers
        _config("Users: attributes", "Snowflake", "users_attributes", every=45, takes=6, rows=48_200),
        _Demo(
            first_in=1.8,
            coming=(_FIRST_ALERT, *[_SUCCEEDS] * 3, *[RunPlan(outcome=ERROR)] * 2),
        ),
    ),
    (
        _config("Purchases: orders", "Snowflake", "users_purchases", every=30, takes=8, rows=12_600),
        _Demo(
            first_in=9,
            coming=(*[_SUCCEEDS] * 3, RunPlan(outcome=ERROR, rows_synced=0, rows_failed=0)),
        ),
    ),
    (
        _config("Catalog: product availability", "Databricks", "catalogs", every=60, takes=12, rows=230_500),
        _Demo(
            first_in=16,
            coming=(*[_SUCCEEDS] * 2, RunPlan(outcome=CONFIG_ERROR, seconds=1.5)),
        ),
    ),
    (
        _config(
            "Events: store visits",
            "S3",
            "users_events",
            every=None,
            takes=2.5,
            rows=3_400,
            burst=Burst(every_seconds=40, most=4),
        ),
        _Demo(first_in=12),
    ),
    (
        _config("Users: loyalty tiers", "Snowflake", "users_attributes", every=75, takes=10, rows=8_750),
        _Demo(first_in=25),
    ),
    (
        _config("Users: deletion requests", "Snowflake", "users_deletes", every=50, takes=1.5, rows=120),
        _Demo(first_in=20, past_outcomes=_ALWAYS_SUCCESS),
    ),
    (
        _config("Events: web sessions", "BigQuery", "users_events", every=20, takes=7, rows=91_300),
        _Demo(first_in=6),
    ),
    (
        _config("Accounts: B2B contracts", "Microsoft Fabric", "accounts", every=90, takes=4, rows=640),
        _Demo(first_in=35, past_outcomes=_ALWAYS_SUCCESS),
    ),
    (  # the nightly one: it alone can be slow, as its last run began long ago
        _config("Catalog: prices", "Redshift", "catalogs", every=86_400, takes=600, rows=64_000),
        _Demo(first_in=6 * 3600, past_ago=18 * 3600, past_outcomes=_ALWAYS_SUCCESS),
    ),
)

_STATUS_CALLS_A_MINUTE = 600


def demo_world(clock: Callable[[], datetime], seed: int) -> BrazeWorld:
    """Return the demo's workspace, its first failing run about to end five seconds from now."""
    world = BrazeWorld(clock, seed)
    world.limits.set(Endpoint.STATUS, _STATUS_CALLS_A_MINUTE)
    for config, demo in _INTEGRATIONS:
        past = GeneratedRuns(
            name=f"{seed}:{config.integration_name}",
            length=demo.past_runs,
            newest=world.catch_up() - timedelta(seconds=demo.past_ago),
            every_seconds=demo.past_every,
            run_seconds=config.run_seconds,
            rows=config.rows,
            outcomes=demo.past_outcomes,
            successes=2,
            has_watermark=config.has_watermark,
        )
        world.create(config, first_in=demo.first_in, coming=demo.coming, past=past)
    return world
