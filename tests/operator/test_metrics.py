"""What the bot counts of itself."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from cdi_bot.delivery.attempt import AttemptResult
from cdi_bot.delivery.slack_port import SlackVerdict
from cdi_bot.monitoring.braze_port import BrazeReason, Endpoint
from cdi_bot.operator.metrics import Metrics, watch_loop
from cdi_bot.store import SNOOZED, Store
from tests.databases import Databases
from tests.store.samples import MINUTE, NOW, notice, owe

PAGE = (Path(__file__).parents[2] / "docs/operations/monitoring.md").read_text(encoding="utf-8")


async def numbers(metrics: Metrics, store: Store) -> dict[tuple[str, ...], float]:
    """Everything shown: the name and the labels' values, and the number."""
    return read(await metrics.page(store, NOW + MINUTE))


def read(page: bytes) -> dict[tuple[str, ...], float]:
    """What a page says; labels in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in parsed(page.decode())
        for sample in family.samples
    }


@pytest.fixture
async def store(databases: Databases, tmp_path: Path) -> AsyncIterator[Store]:
    """A store without anything in it."""
    opened = await Store.open(databases.migrated("sqlite", tmp_path))
    yield opened
    await opened.close()


async def test_what_happens_is_counted_by_outcome(store: Store) -> None:
    """Polls count by endpoint and outcome, deliveries by outcome, detections into a histogram."""
    metrics = Metrics()
    metrics.of("prod").asked(Endpoint.STATUS, None)
    metrics.of("prod").asked(Endpoint.STATUS, None)
    metrics.of("prod").asked(Endpoint.LIST, BrazeReason.RATE_LIMITED)
    metrics.delivered(AttemptResult.POSTED)
    metrics.delivered(SlackVerdict.RETRY)
    metrics.of("prod").detected(timedelta(seconds=7))
    found = await numbers(metrics, store)
    assert found["cdi_bot_polls_total", "status", "ok", "prod"] == 2
    assert found["cdi_bot_polls_total", "list", "rate_limited", "prod"] == 1
    assert found["cdi_bot_posts_total", "posted"] == found["cdi_bot_posts_total", "retry"] == 1
    assert found["cdi_bot_detection_latency_seconds_bucket", "5.0", "prod"] == 0
    assert found["cdi_bot_detection_latency_seconds_bucket", "8.0", "prod"] == 1
    assert found["cdi_bot_detection_latency_seconds_sum", "prod"] == 7


async def test_the_outbox_is_as_old_as_its_oldest_message_that_is_not_muted(store: Store) -> None:
    """Depth counts everything owed; age begins anew with a message that is owed anew, and leaves snoozed ones out."""
    metrics = Metrics()
    found = await numbers(metrics, store)
    assert (found["cdi_bot_outbox_messages",], found["cdi_bot_outbox_oldest_seconds",]) == (0, 0)
    await owe(store, notice("a"), notice("b"))
    found = await numbers(metrics, store)
    assert (found["cdi_bot_outbox_messages",], found["cdi_bot_outbox_oldest_seconds",]) == (2, 60)
    async with store.write() as uow:
        for message in await uow.outbox.pending(notice().channel, limit=2):
            await uow.outbox.postpone(
                message.message_id, until=NOW + 9 * MINUTE, error=SNOOZED, keep_sending=False
            )
    found = await numbers(metrics, store)
    assert (found["cdi_bot_outbox_messages",], found["cdi_bot_outbox_oldest_seconds",]) == (2, 0)


async def test_a_database_in_trouble_leaves_the_rest_to_be_seen(store: Store, tmp_path: Path) -> None:
    """What can't be known is no number, and everything else is shown all the same."""
    metrics = Metrics()
    metrics.of("prod").detected(timedelta(seconds=1))
    await store.close()
    (tmp_path / "cdi_bot.db").write_bytes(b"no database, whatever its name says" * 100)
    found = await numbers(metrics, store)
    assert found["cdi_bot_outbox_messages",] != found["cdi_bot_outbox_messages",]
    assert found["cdi_bot_detection_latency_seconds_count", "prod"] == 1


async def test_a_blocked_loop_is_noticed() -> None:
    """Whatever holds the event loop up is measured by the probe, to its interval."""
    lags: list[float] = []
    looked = asyncio.Event()

    def note(lag: float) -> None:
        lags.append(lag)
        looked.set()

    probe = asyncio.create_task(watch_loop(note))
    await looked.wait()
    time.sleep(0.2)  # noqa: ASYNC251  # that is what is measured
    looked.clear()
    await looked.wait()
    probe.cancel()
    assert max(lags) > 0.15


def test_each_metric_is_documented() -> None:
    """Each metric of the bot's own has its place in docs/operations/monitoring.md, which names no other."""
    told = set(re.findall(r"`(cdi_bot_\w+)`", PAGE))
    names = set(
        re.findall(r'"(cdi_bot_\w+)"', Path("cdi_bot/operator/metrics.py").read_text(encoding="utf-8"))
    )
    assert {name.removesuffix("_total") for name in told} == names
