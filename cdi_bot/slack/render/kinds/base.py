"""What every kind of incident has to say, and what is said of several incidents together.

To add a kind: write a module with its `KindRenderer`, and put it into the table.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import DUBIOUS, GOOD
from cdi_bot.slack.render.kit.text import date, escape


@dataclass(frozen=True, slots=True)
class TopicTexts:
    """A topic of subscriptions in plain text."""

    name: str  # within a sentence
    title: str  # in the form
    meaning: str  # in the form, below the title


class GroupTexts:
    """What is said of several incidents together; these texts suit incidents of different kinds."""

    def count_open(self, count: int, i18n: Translator) -> str:
        """Say in plain text how many integrations are unhealthy."""
        return i18n("{count} unhealthy").format(count=i18n.number(count))

    def share_open(self, i18n: Translator) -> str:
        """Return the text that says how many of how many (`{count}`, `{total}`, `{what}`) are unhealthy `{since}`."""
        return i18n("{count} of {total} {what} unhealthy since {since}")

    def count_still_open(self, count: int, i18n: Translator) -> str:
        """Say in plain text how many are still unhealthy, with nobody's acknowledgement."""
        return i18n("{count} still unhealthy, not acknowledged").format(count=i18n.number(count))

    def count_back(self, count: int, i18n: Translator) -> str:
        """Say in plain text how many are unhealthy that had recovered."""
        return i18n("{count} unhealthy again").format(count=i18n.number(count))


class KindRenderer(GroupTexts, ABC):
    """What is said of incidents of one kind.

    A card has four lines: `what` happened with the decisive number, `since` when and what is usual, the `outlook`
    (whether it fixes itself), and `advice`. One that is over has two: `over` and `left_to_do`.
    """

    severe = False
    """Whether it is marked red: rows are lost, or nothing is known."""

    states_run_status = False
    """Whether its short state is the newest run's status, so that a list need not show that status as well."""

    replaces_next_run = False
    """Whether its short state is shown in place of the next run, which nobody can foresee."""

    def sign(self, incident: Incident) -> str:
        """Return the sign of an open incident."""
        return DUBIOUS

    @abstractmethod
    def short_state(self, incident: Incident, i18n: Translator) -> str:
        """Say in a word or two, as plain text, what is wrong."""

    @abstractmethod
    def headline(self, incident: Incident, i18n: Translator) -> str:
        """Say in plain text what is wrong, for an open incident."""

    def what(self, view: IncidentView, i18n: Translator) -> str:
        """Say in mrkdwn what happened, with the decisive number: it follows the name."""
        return escape(self.headline(view.incident, i18n))

    def since(self, view: IncidentView, i18n: Translator) -> list[str]:
        """Return in mrkdwn since when it is so, how often, and what is usual."""
        return [since_when(view, i18n)]

    @abstractmethod
    def outlook(self, view: IncidentView, i18n: Translator) -> str | None:
        """Say in mrkdwn whether it fixes itself, and when the next run is expected."""

    @abstractmethod
    def advice(self, view: IncidentView, i18n: Translator) -> str | None:
        """Say in mrkdwn what to do next; `None` where there is nothing to say."""

    def recovery_sign(self, incident: Incident) -> str:
        """Return the sign of an incident that is over."""
        return GOOD

    @abstractmethod
    def recovery(self, incident: Incident, i18n: Translator) -> str:
        """Say in plain text that it is over, and after how long: it follows the name."""

    def over(self, view: IncidentView, i18n: Translator) -> str:
        """Say in plain text that it is over: it was expected, or has ended by itself."""
        if view.is_expected:
            return i18n("was expected: {state}").format(state=self.short_state(view.incident, i18n))
        return self.recovery(view.incident, i18n)

    def left_to_do(self, view: IncidentView, i18n: Translator) -> str | None:
        """Say in mrkdwn whether lost rows came back, and what is left to do; `None` where there is nothing to say."""
        return None

    def may_miss_rows(self, view: IncidentView) -> bool:
        """Whether rows that did not arrive meanwhile may still be missing, now that it is over."""
        return False

    def end(self, incident: Incident) -> datetime:
        """Return when an incident that is over ended: when the good run did, else when the good state began."""
        good = incident.resolved_by
        since = incident.recovered_since or incident.resolved_at or incident.opened_at
        return (good.sync_finish_time if good else None) or since

    def length(self, incident: Incident) -> timedelta:
        """Return how long an incident that is over lasted."""
        return max(self.end(incident) - incident.began, timedelta(0))

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        """Name the topics by which a channel subscribes to this kind."""
        return {}


def since_when(view: IncidentView, i18n: Translator) -> str:
    """Say in mrkdwn since when it is so."""
    return i18n("Since {when}").format(when=date(view.incident.failing_since))


def next_run(view: IncidentView, i18n: Translator) -> list[str]:
    """Say in mrkdwn when the next run is due; nothing where nobody knows."""
    integration, shown = view.integration, view.incident.last_failed
    if integration is None:
        return []
    if integration.is_inactive:
        return [i18n("It is paused in Braze: no next run.")]
    due = integration.next_scheduled_run
    if due is None or due <= max(view.incident.opened_at, shown.sync_start_time if shown else due):
        return []
    return [i18n("Next run: {when}.").format(when=date(due))]


def came_back(incident: Incident, i18n: Translator) -> str:
    """Say in mrkdwn how often an incident came back, and since when."""
    return i18n.counted(
        "Came back {count} time since {when}",
        "Came back {count} times since {when}",
        incident.reopened,
        when=date(incident.began),
    )
