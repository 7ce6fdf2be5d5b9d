"""The answers to whoever changed something beside subscriptions, or asks what is set; values as in `answers.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.integration_settings import IntegrationSettings, SettingName
from cdi_bot.core.model.subscription import Selection, Snooze


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """Open incidents are acknowledged, handed on or taken back: the integration's, or (`None`) all of the channel.

    `already_by` is who had acknowledged them before, or `NOBODY`, where nothing was to be changed. `is_shown`: a card
    or a message in the channel shows the change. `to` is whom they were handed on to, `NOBODY` where it was taken back.
    """

    integration: Integration | None
    already_by: str | None
    is_shown: bool
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTakeOver:
    """Nothing can be handed on to this app, guest or person from outside: they can't acknowledge anything."""

    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedExpected:
    """An observation was expected, by `already_by` before; by nobody before, the channel said so often of this reason.

    Then, so many `times`, the person is asked whether the channel should be told of this reason at all.
    """

    integration: Integration
    reason: str
    times: int
    already_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """That something was expected was taken back by somebody before."""

    integration: Integration
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToMark:
    """The incident is over, or (no `integration`) too old to be kept: there is nothing to mark, or to take back."""

    integration: Integration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedOff:
    """The channel is no longer told of a reason, which a notice says there; `unchanged` if it was not told before."""

    integration: Integration
    reason: str
    unchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationSet:
    """The channel's incidents go to a channel or person, or (`to` is `None`) nowhere; `unchanged` if they did before.

    `to` is an id, `after` how long people have to acknowledge them.
    """

    after: timedelta
    to: str | None
    unchanged: bool


SAME_CHANNEL, A_BOT = "same_channel", "a_bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadTarget:
    """Nothing can be escalated to that channel or person: Slack's word for why, or one of ours."""

    target: Channel
    reason: str


ExpectedAnswer = MarkedExpected | TakenBack | NothingToMark | SwitchedOff


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeSet:
    """What a selector takes in is snoozed in the channel; `unchanged` if it was before, as long and for this reason."""

    what: Selection
    snooze: Snooze
    unchanged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToSnooze:
    """Nothing that a selector takes in is open, so that there is no recovery to snooze it until."""

    what: Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeEnded:
    """The snoozes of what a selector takes in have ended; `was_snoozed` is False if there were none.

    `what` is `None` for one that ended already. `still` is one that silences it all the same, with what that takes in.
    """

    what: Selection | None
    was_snoozed: bool
    still: tuple[Snooze, Selection] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeList:
    """`/cdi snoozes`: those of the channel, each with what it takes in."""

    channel: Channel
    rows: tuple[tuple[Snooze, Selection], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettingSet:
    """Something is set for integrations, which a notice says in the channel; `unchanged` if it was before.

    `value` is a mention, a web address, or `on`; `None` for nothing. `total` is how many integrations match now; where
    none does, `nearest` are those with a similar name.
    """

    what: Selection
    setting: SettingName
    value: str | None
    total: int
    unchanged: bool
    nearest: tuple[Integration, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettingsShown:
    """What is set for which integrations: the most specific selectors first, workspace by workspace."""

    rows: tuple[tuple[IntegrationSettings, Selection], ...]
