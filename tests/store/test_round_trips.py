"""Whatever a run or a content holds, it is read as it was saved."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cdi_bot.core.model import message as contents
from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import EXPECTABLE, Topic
from cdi_bot.core.model.integration_settings import SettingName
from cdi_bot.core.model.lifecycle import LifecycleChange, LifecycleEvent
from cdi_bot.core.model.message import (
    Content,
    Digest,
    GroupedNotices,
    Notice,
    ReplyFact,
    Subscribed,
    Unsubscribed,
)
from cdi_bot.core.model.requested_sync import SyncEnding
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.subscription import Filters
from cdi_bot.store import Store
from cdi_bot.store.contents import content_from_json, content_to_json
from cdi_bot.store.portable import storable
from tests.store.samples import CHANNEL, NOW, ReadSql, a_workspace, integration, notice, owe

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001
COUNTS = st.none() | st.integers(0, 2**63 - 1)
RUNS = st.builds(
    Run,
    integration_id=st.just("one"),
    sync_start_time=TIMES,
    job_status=ANY_TEXT,
    sync_finish_time=st.none() | TIMES,
    last_timestamp_synced=st.none() | TIMES,
    rows_synced=COUNTS,
    rows_failed_with_errors=COUNTS,
    provisional=st.booleans(),
)
FILTERS = st.builds(
    Filters,
    topics=st.frozensets(st.sampled_from(Topic)),
    min_rows=COUNTS,
    min_percent=st.none() | st.floats(0, 100),
    mention=st.none() | ANY_TEXT,
    off=st.frozensets(st.sampled_from(EXPECTABLE)),
)
CHANNELS = st.builds(Channel, team_id=ANY_TEXT, channel_id=ANY_TEXT)
NUMBERS = st.integers(0, 2**40)
FIELDS: dict[str, st.SearchStrategy[object]] = {
    "incident_id": NUMBERS,
    "workspace_id": NUMBERS,
    "runs": NUMBERS,
    "after": NUMBERS,
    "run_start": TIMES,
    "rows": NUMBERS,
    "usual": NUMBERS,
    "magnitude": st.floats(0, 1e12),
    "changes": st.none() | ANY_TEXT,
    "until": st.none() | TIMES,
    "after_good": st.booleans(),
    "changed": st.booleans(),
    "is_certain": st.booleans(),
    "ending": st.sampled_from(SyncEnding),
    "filters": FILTERS,
    "channel": CHANNELS,
    "since": TIMES,
    "begins": st.none() | TIMES,
    "at": TIMES,
    "mentions": st.none() | ANY_TEXT,
    "mention": st.booleans(),
    "setting": st.sampled_from(get_args(SettingName)),
    "value": st.none() | ANY_TEXT,
    "next_due": st.none() | TIMES,
    "language": st.none() | ANY_TEXT,
    "digest": st.none() | ANY_TEXT,
    "fact": st.sampled_from(get_args(ReplyFact)),
    "incident_ids": st.lists(NUMBERS).map(tuple),
    "integration_ids": st.lists(ANY_TEXT, max_size=3).map(tuple),
    "total": NUMBERS,
    "subscriptions": NUMBERS,
    "by_id": st.booleans(),
    "is_covered": st.booleans(),
    "event": st.builds(
        LifecycleEvent,
        change=st.sampled_from(LifecycleChange),
        before=st.none() | ANY_TEXT,
        after=st.none() | ANY_TEXT,
        planned_before=st.none() | TIMES,
        planned_after=st.none() | TIMES,
    ),
}
OF_DIGEST = FIELDS | {"until": TIMES}
KINDS: list[type[Content]] = list(Content.__args__)  # every kind of content there is


def built(kind: type[Content]) -> st.SearchStrategy[Content]:
    """Any content of a kind."""
    fields = OF_DIGEST if kind is Digest else FIELDS
    names = [name for name in kind.__dataclass_fields__ if name != "what"]
    return st.builds(kind, **{name: fields.get(name, ANY_TEXT) for name in names})


FIELDS["problems"] = st.lists(ANY_TEXT, max_size=3).map(tuple)
FIELDS["notices"] = st.lists(st.sampled_from(get_args(Notice)).flatmap(built), max_size=5).map(tuple)
CONTENTS = st.sampled_from(KINDS).flatmap(built)
# The store is the same for all examples of a test: each writes under a number of its own.
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
_numbers = itertools.count()


@SHARED
@given(runs=st.lists(RUNS, max_size=5, unique_by=lambda run: run.sync_start_time.replace(microsecond=0)))
async def test_any_runs_come_back(store: Store, runs: list[Run]) -> None:
    """Runs of any time, zone, status and count are read back as they were saved, newest first."""
    workspace_id = await a_workspace(store, f"example-{next(_numbers)}")
    async with store.write() as work:
        await work.runs.save(workspace_id, runs)
    async with store.read() as look:
        found = await look.runs.page(workspace_id, "one", offset=0, limit=9)
    expected = [replace(run, job_status=storable(run.job_status)) for run in runs]
    assert found == sorted(expected, key=lambda run: run.sync_start_time, reverse=True)
    assert all(run.sync_start_time.tzinfo is UTC for run in found)


@SHARED
@given(told=CONTENTS)
@example(
    told=GroupedNotices(
        notices=(
            Subscribed(who="U1", workspace_id=1, selector="all", filters=Filters(), changed=True),
            Unsubscribed(who="U1", workspace_id=1, selector="all"),
        )
    )
)
@example(told=Subscribed(who="\ud800\0", workspace_id=1, selector="é😀", filters=Filters(), changed=False))
def test_any_content_comes_back(told: Content) -> None:
    """What is written of a content is plain ASCII and is read as the same content."""
    text = content_to_json(told)
    assert text.isascii()
    assert content_from_json(text) == told


def test_every_content_is_tried() -> None:
    """No kind of content of the module was left out of the union, or of the test above."""
    named = {kind for kind in vars(contents).values() if isinstance(kind, type) and hasattr(kind, "what")}
    assert named == set(KINDS)


@pytest.mark.parametrize("text", ["", "{}", '{"what": "unheard_of"}', '{"what": "recovered"}'])
async def test_an_unreadable_content_is_marked(store: Store, read_sql: ReadSql, text: str) -> None:
    """A message that another version wrote hides no other of the channel."""
    await owe(store, notice())
    await read_sql(f"UPDATE outbox SET content = '{text}'")  # noqa: S608  # the test's own words
    await owe(store, notice("other"))
    async with store.read() as look:
        found = await look.outbox.pending(CHANNEL, limit=9)
    assert [each.is_readable for each in found] == [False, True]


async def test_odd_characters_fail_nothing(store: Store) -> None:
    """A name with characters that no database takes is stored with a replacement, and found by it."""
    workspace_id = await a_workspace(store)
    odd = integration(workspace_id, "id\0", integration_name="Users \ud800")
    async with store.write() as work:
        await work.integrations.save([odd, integration(workspace_id, "fine")])
    async with store.read() as look:
        found = await look.integrations.get(workspace_id, "id\0")
        assert await look.integrations.get_many(workspace_id, ["id\0"]) == {
            "id\N{REPLACEMENT CHARACTER}": found
        }
        assert len(await look.integrations.all(workspace_id)) == 2
    assert found
    assert found.integration.integration_name == "Users \N{REPLACEMENT CHARACTER}"


async def test_a_time_without_zone_is_refused(store: Store) -> None:
    """It is an error of the program, not trouble of the database."""
    with pytest.raises(ValueError, match="without zone"):
        async with store.write() as work:
            await work.outbox.add([notice()], now=NOW.replace(tzinfo=None))
