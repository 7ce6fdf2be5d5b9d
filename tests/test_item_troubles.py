"""The register of what goes wrong with single items."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from cdi_bot.core.model.channel import Channel
from cdi_bot.item_troubles import FORGOTTEN_AFTER, ItemTroubles, Work
from cdi_bot.store import RowRefused, StoreTrouble
from tests.sandbox.braze_kit import Clock

ONE, OTHER = (1, "one"), (1, "other")
CHANNEL = Channel(team_id="T1", channel_id="C1")


def fail(troubles: ItemTroubles, error: BaseException, detail: str = "") -> bool:
    """Have work fail with the first item; tells whether the register took it for that item's trouble."""
    with troubles.guard(Work.JUDGE, ONE, detail) as attempt:
        raise error
    return attempt.failed


def test_trouble_stands_until_the_same_work_succeeds_with_the_item() -> None:
    """Neither other work nor another item ends it; it is logged when it begins and when it ends, with its time."""
    clock = Clock()
    troubles, began = ItemTroubles(clock), clock.now
    with capture_logs() as logs:
        for _ in range(3):
            assert fail(troubles, ValueError("odd"))
            clock.advance(60)
        with troubles.guard(Work.JUDGE, OTHER), troubles.guard(Work.RECORD, ONE):
            pass
        (trouble,) = troubles.of([ONE])
        assert (trouble.work, trouble.item, trouble.since) == (Work.JUDGE, ONE, began)
        assert troubles.of([OTHER]) == []
        with troubles.guard(Work.JUDGE, ONE) as attempt:
            pass
    assert not attempt.failed
    assert troubles.present() == []
    assert [(line["event"], line["work"], line["integration"]) for line in logs] == [
        ("item failed", "judge", "one"),
        ("item works again", "judge", "one"),
    ]


def test_items_are_counted_by_work() -> None:
    """One that fails in two parts of the same work counts once."""
    troubles = ItemTroubles(Clock())
    fail(troubles, ValueError("odd"), "late")
    fail(troubles, ValueError("odd"), "slow")
    troubles.note(Work.DIGEST, CHANNEL, "no schedule")
    assert troubles.counts() == {Work.JUDGE: 1, Work.DIGEST: 1}
    assert len(troubles.present()) == 3


@pytest.mark.parametrize("error", [StoreTrouble("the database is away"), KeyboardInterrupt()])
def test_what_is_no_item_s_trouble_goes_further(error: BaseException) -> None:
    """A database that can't be used would fail with every item; but a row that it refuses is that item's."""
    troubles = ItemTroubles(Clock())
    with pytest.raises(type(error)):
        fail(troubles, error)
    assert troubles.present() == []
    assert fail(troubles, RowRefused("not this one"))


def test_what_is_not_tried_any_more_is_forgotten() -> None:
    """An incident that ended, a channel that left: nothing succeeds with them, and nothing fails either."""
    clock = Clock()
    troubles = ItemTroubles(clock)
    fail(troubles, ValueError("odd"))
    clock.advance(FORGOTTEN_AFTER.total_seconds() - 1)
    assert troubles.counts() == {Work.JUDGE: 1}
    fail(troubles, ValueError("odd"))
    clock.advance(FORGOTTEN_AFTER.total_seconds() - 1)
    assert troubles.counts() == {Work.JUDGE: 1}
    clock.advance(timedelta(seconds=2).total_seconds())
    assert troubles.counts() == {}
