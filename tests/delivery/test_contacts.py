"""Whom Braze names as contacts is looked up in Slack ahead of time, a few at once, and never asked for by an alert."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cdi_bot.delivery.contacts import AT_ONCE, MOST_KEPT, REST, Contacts
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from tests.rigs.adapters import Members
from tests.rigs.whole import Whole, whole
from tests.sandbox.braze_kit import Clock


class Book(Members):
    """A team in which each address of the domain belongs to somebody."""

    def __init__(self) -> None:
        """Have been asked nothing yet."""
        super().__init__()
        self.asked: list[str] = []
        self.trouble: SlackTrouble | None = None

    async def by_email(self, address: str) -> str | None:
        """Find whoever has the address."""
        self.asked.append(address)
        if self.trouble:
            raise self.trouble
        return f"U{address[0].upper()}" if address.endswith("@here.example") else None


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Whole]:
    """A bot whose channel is subscribed to an integration with two contacts."""
    async with whole(tmp_path) as everything:
        everything.create(
            "Users", integration_id="users", contact_emails="Ann@here.example, b@elsewhere.example"
        )
        await everything.run(3)
        await everything.subscribe()
        await everything.run(1)
        yield everything


@pytest.fixture
def book() -> Book:
    """What Slack knows."""
    return Book()


@pytest.fixture
def contacts(bot: Whole, book: Book) -> Contacts:
    """Contacts of that bot's integrations."""
    return Contacts(store=bot.store, directory=book, clock=Clock())


async def test_they_are_known_before_they_are_needed(contacts: Contacts, book: Book) -> None:
    """Of what is subscribed to, whoever Slack knows; asked once a day."""
    assert contacts.of("ann@here.example") is None
    await contacts.tick()
    assert book.asked == ["ann@here.example", "b@elsewhere.example"]
    assert contacts.of("ANN@here.example; b@elsewhere.example, ann@here.example") == "<@UA>"
    await contacts.tick()
    assert len(book.asked) == 2


async def test_a_few_are_asked_for_at_once_and_few_are_kept(contacts: Contacts, book: Book) -> None:
    """However many there are."""
    for number in range(2 * MOST_KEPT):
        contacts.of(f"c{number}@here.example")
    await contacts.tick()
    assert len(book.asked) == AT_ONCE
    for _ in range(2 * MOST_KEPT // AT_ONCE):
        await contacts.tick()
    assert len(book.asked) == len(set(book.asked)) == MOST_KEPT + 2  # those of the integration came later


@pytest.mark.parametrize(
    ("trouble", "pause"),
    [
        (SlackTrouble("missing_scope", verdict=SlackVerdict.REFUSED), REST),
        (SlackTrouble("ratelimited", verdict=SlackVerdict.RETRY, retry_after=90), timedelta(seconds=90)),
    ],
    ids=["without the scope", "limited"],
)
async def test_it_rests_when_slack_refuses(
    contacts: Contacts, book: Book, trouble: SlackTrouble, pause: timedelta
) -> None:
    """And goes on later, with what it wanted to know."""
    clock = contacts.clock
    assert isinstance(clock, Clock)
    book.trouble = trouble
    await contacts.tick()
    clock.advance(pause.total_seconds() - 1)
    await contacts.tick()
    assert len(book.asked) == 1
    book.trouble = None
    clock.advance(1)
    await contacts.tick()
    assert contacts.of("ann@here.example") == "<@UA>"


def test_what_is_no_address_is_not_asked_for(contacts: Contacts) -> None:
    """Braze's text may hold anything."""
    assert contacts.of("nobody, two words@here.example,, @" + "x" * 300) is None
    assert contacts.of(None) is None
