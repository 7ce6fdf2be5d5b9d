"""What people set for a channel, on a real store and before the stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from cdi_bot.core.digest_schedule import Schedule, zone_named
from cdi_bot.core.hours import read_hours
from cdi_bot.core.model.channel import ChannelSettings, DigestChanged, LanguageChanged
from cdi_bot.core.model.configuration import OF_CHANNELS
from cdi_bot.core.model.escalation import EscalationChanged
from cdi_bot.sandbox.slack.seed_data import BOT
from cdi_bot.usecases.answers import (
    DigestSet,
    LanguageSet,
    NeedsInvite,
    OwnedByFile,
    SettingsShown,
    UnknownLanguage,
)
from cdi_bot.usecases.base import setting
from cdi_bot.usecases.change_answers import BadTarget, EscalationSet
from cdi_bot.usecases.channel_settings import ChangeChannelSettings
from tests.rigs.people import ALERTS, MARKETING, PRIVATE, Desk, responder

ANN, BOB = "U0MARA0001", "U0KENJI001"
LANGUAGES = ("en", "ja")
NINE = Schedule(at=time(9))
TOKYO = "Asia/Tokyo"
NEXT = datetime(2026, 3, 3, 0, tzinfo=UTC)  # nine o'clock in Tokyo on the day after the desk's
LAST = datetime(2026, 3, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class At:
    """A desk, and the part of it that is looked at here."""

    responder: Desk
    channels: ChangeChannelSettings

    async def settings(self) -> ChannelSettings | None:
        """What is stored."""
        async with self.responder.store.read() as uow:
            return await uow.channels.settings(ALERTS)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[At]:
    """A desk at which channels can be set."""
    async with responder(tmp_path) as made:
        yield At(
            made,
            ChangeChannelSettings(
                store=made.store,
                messenger=made.messenger,
                workspaces=made.app.workspaces,
                access=made.access,
                lookup=made.app.lookup,
                languages=LANGUAGES,
                clock=made.clock,
                wake=lambda: made.woken.append(made.clock()),
            ),
        )


async def test_a_language_is_set_and_told_once(at: At) -> None:
    """A notice in the channel says who chose it; choosing it again changes nothing and sends nothing."""
    assert await at.channels.set_language(ALERTS, ANN, "ja") == LanguageSet(language="ja", unchanged=False)
    assert await at.channels.set_language(ALERTS, BOB, "ja") == LanguageSet(language="ja", unchanged=True)
    assert await at.responder.owed() == [LanguageChanged(who=ANN, language="ja")]
    settings = await at.settings()
    assert settings == ChannelSettings(channel=ALERTS, language="ja")
    assert await at.channels.set_language(ALERTS, BOB, None) == LanguageSet(language=None, unchanged=False)


async def test_only_languages_that_there_are(at: At) -> None:
    """Another one is refused with those to choose from, and nothing is stored."""
    answer = await at.channels.set_language(ALERTS, ANN, "fr")
    assert answer == UnknownLanguage(given="fr", languages=LANGUAGES)
    assert await at.settings() is None


async def test_a_digest_is_set_in_a_zone(at: At) -> None:
    """It is due by that zone's clocks; what was due before it was set is not sent."""
    answer = await at.channels.set_digest(ALERTS, ANN, NINE, TOKYO)
    assert answer == DigestSet(digest="daily 09:00", zone=TOKYO, next_due=NEXT, unchanged=False)
    settings = await at.settings()
    assert settings is not None
    assert (settings.digest, settings.zone, settings.digest_until) == ("daily 09:00", TOKYO, LAST)
    again = await at.channels.set_digest(ALERTS, BOB, NINE, TOKYO)
    assert again == DigestSet(digest="daily 09:00", zone=TOKYO, next_due=NEXT, unchanged=True)
    assert await at.responder.owed() == [
        DigestChanged(who=ANN, digest="daily 09:00", zone=TOKYO, next_due=NEXT)
    ]
    moved = await at.channels.set_digest(ALERTS, BOB, NINE, "Europe/Berlin")
    assert isinstance(moved, DigestSet)
    assert not moved.unchanged


async def test_settings_leave_each_other_alone(at: At) -> None:
    """Ending the digest keeps the language, choosing a language keeps the digest; both are shown."""
    await at.channels.set_digest(ALERTS, ANN, NINE, TOKYO)
    await at.channels.set_language(ALERTS, BOB, "ja")
    assert await at.channels.show(ALERTS) == SettingsShown(
        language="ja", digest="daily 09:00", zone=TOKYO, next_due=NEXT, languages=LANGUAGES
    )
    answer = await at.channels.set_digest(ALERTS, ANN, None, "UTC")
    assert answer == DigestSet(digest=None, zone="UTC", next_due=None, unchanged=False)
    shown = await at.channels.show(ALERTS)
    assert (shown.language, shown.digest) == ("ja", None)
    answer = await at.channels.set_digest(ALERTS, ANN, None, "UTC")
    assert isinstance(answer, DigestSet)
    assert answer.unchanged


async def test_a_channel_that_said_nothing(at: At) -> None:
    """Nothing is set, and nothing is stored by asking."""
    assert await at.channels.show(ALERTS) == SettingsShown(
        language=None, digest=None, zone=None, next_due=None, languages=LANGUAGES
    )


async def test_no_digest_where_the_bot_may_not_post(at: At) -> None:
    """A private channel that it is no member of is told to invite it first."""
    assert await at.channels.set_digest(PRIVATE, ANN, NINE, TOKYO) == NeedsInvite()


@pytest.mark.parametrize("name", ["Nowhere/At_All", "", "../../etc/passwd", "\0"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    """A zone that this machine does not know stops no digest."""
    assert zone_named(name) is UTC


HALF_AN_HOUR = timedelta(minutes=30)


async def test_an_escalation_is_set_told_and_ended(at: At) -> None:
    """The channel is told once each time; setting the same again changes nothing."""
    to = MARKETING.channel_id
    answer = await at.channels.set_escalation(ALERTS, ANN, HALF_AN_HOUR, to)
    assert answer == EscalationSet(after=HALF_AN_HOUR, to=to, unchanged=False)
    again = await at.channels.set_escalation(ALERTS, BOB, HALF_AN_HOUR, to)
    assert again == EscalationSet(after=HALF_AN_HOUR, to=to, unchanged=True)
    settings = await at.settings()
    assert settings is not None
    assert (settings.escalate_after, settings.escalation_target) == (1800, MARKETING)
    assert settings.escalate_since == at.responder.clock.now
    shown = await at.channels.show(ALERTS)
    assert (shown.escalate_after, shown.escalate_to) == (HALF_AN_HOUR, to)
    await at.channels.set_escalation(ALERTS, BOB, HALF_AN_HOUR, None)
    assert await at.responder.owed() == [
        EscalationChanged(who=ANN, after=1800, to=to),
        EscalationChanged(who=BOB, after=0, to=None),
    ]
    assert (await at.channels.show(ALERTS)).escalate_to is None
    async with at.responder.store.read() as uow:
        trail = await uow.audit.newest(ALERTS, limit=9)
    assert [(each.action, each.subject) for each in trail] == [
        ("escalate", "off"),
        ("escalate", f"30m {to}"),
    ]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (ALERTS.channel_id, "same_channel"),
        (PRIVATE.channel_id, "not_in_channel"),
        (BOT, "a_bot"),
        ("U0NOBODY01", "user_not_found"),
    ],
)
async def test_nothing_is_escalated_where_nothing_can_be_posted(at: At, to: str, reason: str) -> None:
    """Whoever sets it is told at once, and nothing is stored."""
    answer = await at.channels.set_escalation(ALERTS, ANN, HALF_AN_HOUR, to)
    assert answer == BadTarget(target=replace(ALERTS, channel_id=to), reason=reason)
    assert await at.settings() is None


async def test_what_a_configuration_file_owns_is_not_changed_in_chat(at: At) -> None:
    """Whatever is asked for, the answer names the file; a setting that it leaves alone is the channel's."""
    async with at.responder.store.write() as uow:
        items = [setting(ALERTS, field) for field in OF_CHANNELS if field not in {"digest", "hours"}]
        await uow.file_items.replace(items, "bot.toml")
    refused = OwnedByFile(file="bot.toml")
    hours = read_hours(["mon-fri", "08:00-19:00"])
    assert await at.channels.set_language(ALERTS, ANN, "ja") == refused
    assert await at.channels.set_workspace(ALERTS, ANN, None) == refused
    assert await at.channels.set_contacts(ALERTS, ANN, mention=True) == refused
    assert await at.channels.set_escalation(ALERTS, ANN, timedelta(minutes=30), None) == refused
    # These two would move the zone, which is the file's.
    assert await at.channels.set_digest(ALERTS, ANN, NINE, TOKYO) == refused
    assert await at.channels.set_hours(ALERTS, ANN, hours, TOKYO) == refused
    async with at.responder.store.write() as uow:
        await uow.file_items.replace([setting(ALERTS, "hours")], "bot.toml")
    assert isinstance(await at.channels.set_digest(ALERTS, ANN, NINE, TOKYO), DigestSet)
    assert await at.channels.set_hours(ALERTS, ANN, None, None) == refused
    assert isinstance(await at.channels.set_language(ALERTS, ANN, "ja"), LanguageSet)
