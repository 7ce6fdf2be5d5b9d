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
from cdi_bot.slack.render.kit.advice import with_source
from cdi_bot.slack.render.kit.blocks import Block, fields, next_step, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import DUBIOUS, GOOD
from cdi_bot.slack.render.kit.text import bold_name, code, date, escape, mentions, subject


@dataclass(frozen=True, slots=True)
class TopicTexts:
    """A topic of subscriptions in plain text."""

    name: str  # within a sentence
    title: str  # in the form
    meaning: str  # in the form, below the title


class GroupTexts:
    """What is said of several incidents together; these texts fit incidents of different kinds."""

    def count_open(self, count: int, i18n: Translator) -> str:
        """Say in plain text how many integrations are unhealthy."""
        return i18n.counted("{count} integration is not well", "{count} integrations are not well", count)

    def share_open(self, i18n: Translator) -> str:
        """Return the text that says how many of how many (`{count}`, `{total}`, `{what}`) are unhealthy `{since}`."""
        return i18n("{count} of {total} {what} not well since {since}")

    def count_still_open(self, count: int, i18n: Translator) -> str:
        """Say in plain text how many are still unhealthy, with nobody's acknowledgement."""
        return i18n.counted(
            "{count} integration is still not well, and nobody has acknowledged it",
            "{count} integrations are still not well, and nobody has acknowledged them",
            count,
        )

    def count_back(self, count: int, i18n: Translator) -> str:
        """Say in plain text how many are unhealthy that had recovered."""
        return i18n.counted(
            "{count} integration is not well again", "{count} integrations are not well again", count
        )

    def count_recovered(self, count: int, i18n: Translator) -> str:
        """Say in plain text how many have recovered."""
        return i18n.counted("{count} integration is well again", "{count} integrations are well again", count)


class KindRenderer(GroupTexts, ABC):
    """What is said of incidents of one kind: of one alone, and of several."""

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

    def notification(self, incident: Incident, i18n: Translator) -> str:
        """Say in mrkdwn, where there is room for a line only, what is wrong with an open incident."""
        return escape(self.headline(incident, i18n))

    def facts(self, view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
        """Return what a card shows beside the headline, as labels and mrkdwn values."""
        return []

    @abstractmethod
    def advice(self, view: IncidentView, i18n: Translator) -> str | None:
        """Say in mrkdwn what to do next; `None` where there is nothing to say."""

    @abstractmethod
    def reminder(self, i18n: Translator) -> str:
        """Return the text that reminds of an open incident, in mrkdwn, with `{name}` and `{state}`."""

    def back(self, i18n: Translator) -> str:
        """Return the text that an incident is back that was over, in mrkdwn, with `{name}` and `{state}`."""
        return i18n("{name} is not well again. {state}")

    def recovery_sign(self, incident: Incident) -> str:
        """Return the sign of an incident that is over."""
        return GOOD

    @abstractmethod
    def recovery(self, incident: Incident, i18n: Translator) -> str:
        """Say in plain text that it is over, and after how long."""

    def still_to_do(self, view: IncidentView, i18n: Translator) -> str | None:
        """Say in mrkdwn what is not repaired by its being over; `None` where there is no such thing."""
        return None

    def short_recovery(self, i18n: Translator) -> str:
        """Say in a word or two, as plain text, that it is over."""
        return i18n("recovered")

    def end(self, incident: Incident) -> datetime:
        """Return when an incident that is over ended: when the good run did, else when the good state began."""
        good = incident.resolved_by
        since = incident.recovered_since or incident.resolved_at or incident.opened_at
        return (good.sync_finish_time if good else None) or since

    def begin(self, incident: Incident) -> datetime:
        """Return when an incident began. `failing_since` moves on with a good run between two failures."""
        return min(incident.opened_at, incident.failing_since)

    def length(self, incident: Incident) -> timedelta:
        """Return how long an incident that is over lasted."""
        return max(self.end(incident) - self.begin(incident), timedelta(0))

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        """Name the topics by which a channel subscribes to this kind."""
        return {}

    def card(self, view: IncidentView, i18n: Translator) -> list[Block]:
        """Say of which integration this is, what is wrong, what is known of it, and what to do next."""
        incident = view.incident
        known = self.facts(view, i18n)
        if incident.integration_id:
            known = [(i18n("Integration id"), code(incident.integration_id)), *known]
        advice = self.advice(view, i18n) if incident.is_open else self.still_to_do(view, i18n)
        return [self.head(view, i18n), fields(known), *([next_step(advice, i18n)] if advice else [])]

    def over(self, view: IncidentView, i18n: Translator) -> str:
        """Say in plain text that it is over: it was expected, or has ended by itself."""
        if view.is_expected:
            return i18n("Expected: {state}").format(state=self.short_state(view.incident, i18n))
        return self.recovery(view.incident, i18n)

    def head(self, view: IncidentView, i18n: Translator) -> Block:
        """Say of which integration this is, and what is wrong or how it ended."""
        incident = view.incident
        name = (
            with_source(bold_name(view.integration, view.dashboard_url), view.integration, i18n)
            if view.integration
            else escape(subject(view, i18n))
        )
        if not incident.is_open:
            return section(f"{self.recovery_sign(incident)} {name}\n{escape(self.over(view, i18n))}")
        lines = [
            f"{self.sign(incident)} {name}",
            escape(self.headline(incident, i18n)),
            None if incident.is_recovering else mentions(view.mention),
        ]
        return section("\n".join(filter(None, lines)))


def came_back(incident: Incident, i18n: Translator) -> str:
    """Say in mrkdwn how often an incident came back, and since when."""
    return i18n.counted(
        "It came back {count} time since {when}",
        "It came back {count} times since {when}",
        incident.reopened,
        when=date(min(incident.opened_at, incident.failing_since)),
    )
