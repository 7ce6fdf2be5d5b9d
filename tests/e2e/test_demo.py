"""The demo's workspace and its scenes: whatever a visitor makes happen, the channel is told of it within seconds."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.braze.demo import demo_world
from cdi_bot.sandbox.braze.scenes import play, play_all
from tests.e2e.kit import System, says

SCENES = {
    "late": "Purchases: orders (Snowflake)",
    "slow": "Catalog: prices (Redshift)",
    "watermark_ahead": "Users: loyalty tiers (Snowflake)",
    "hollow": "Events: web sessions (BigQuery)",
    "resync": "Accounts: B2B contracts (Microsoft Fabric)",
    "spike": "Catalog: product availability (Databricks)",
    "cancelled": "Users: deletion requests (Snowflake)",
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """The stand-ins with the demo's workspace."""
    async with Sandbox(braze=demo_world(lambda: datetime.now(UTC), 1)) as running:
        yield running


async def test_each_scene_is_told_and_ends(system: System) -> None:
    """Late, slow, odd rows and unknown words alike; `success` ends them."""
    await system.start(CDI_BOT_GRACE="3", CDI_BOT_POLL_INTERVAL="2")
    await system.type("subscribe all")
    await system.seen(lambda each: not each["ephemeral"] and says(each, "Users: attributes"))
    for scene, name in SCENES.items():
        play(system.sandbox.braze, system.id_of(name), scene)
    for name in SCENES.values():
        await system.seen(lambda each, name=name: not each["ephemeral"] and says(each, name))  # type: ignore[misc]
    play_all(system.sandbox.braze, "success")
    await system.seen(lambda each: not each["ephemeral"] and says(each, "ecovered"))
    await system.stop()
