"""A planned run has not begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cdi_bot.core.model.incident import Incident, LateReason, Topic
from cdi_bot.core.model.source import source_of
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts
from cdi_bot.slack.render.kinds.flaws import length
from cdi_bot.slack.render.kit.advice import Effect, effect_of
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import date, duration


class Late(KindRenderer):
    """A planned run has not begun: `failing_since` is the planned start, `resolved_by` the run that began at last."""

    replaces_next_run = True

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("late")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        if incident.reason != LateReason.RHYTHM:
            return i18n("Late: no run has begun at its planned time")
        if incident.measured is None:
            return i18n("Late: runs usually begin by now; no schedule is known")
        if _are_fewer(incident):
            text = i18n("Late: a run every {observed}, usually every {usual} or sooner; no schedule is known")
        else:
            text = i18n("Late: {observed} without a run, usually at most {usual}; no schedule is known")
        return text.format(
            observed=length(incident.measured.observed, i18n), usual=length(incident.measured.usual, i18n)
        )

    def facts(self, view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
        began = view.incident.resolved_by
        label = i18n("Late since") if _by_rhythm(view.incident) else i18n("Planned for")
        known = [(label, date(view.incident.failing_since))]
        return [*known, (i18n("Started"), date(began.sync_start_time))] if began else known

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        if _by_rhythm(view.incident):
            end = (
                i18n("It ends by itself when as many runs begin as usual.")
                if _are_fewer(view.incident)
                else i18n("It ends by itself with the next run.")
            )
            return i18n.sentences([end, _check_the_start(view, i18n)])
        check = i18n(
            "Open the integration in Braze: check that it is active, because a paused one does not go on by itself, "
            "and that its schedule is what you expect."
        )
        if effect_of(view.integration) is not Effect.CHANGES_DATA:
            return check
        return i18n.sentences([check, i18n("A sync started by hand shows whether it runs at all.")])

    def reminder(self, i18n: Translator) -> str:
        return i18n("{name} is still late, and nobody has acknowledged it. {state}")

    def back(self, i18n: Translator) -> str:
        return i18n("{name} is late again. {state}")

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        if _by_rhythm(incident):
            text = (
                i18n("As many runs as usual begin again, after {length}")
                if _are_fewer(incident)
                else i18n("Runs begin again, after {length}")
            )
            return text.format(length=duration(self.length(incident), i18n))
        if incident.resolved_by is None:
            return i18n("No longer late: no run is planned any more")
        return i18n("A run has begun, {length} after its planned time").format(
            length=duration(self.length(incident), i18n)
        )

    def short_recovery(self, i18n: Translator) -> str:
        return i18n("no longer late")

    def begin(self, incident: Incident) -> datetime:
        return incident.failing_since

    def end(self, incident: Incident) -> datetime:
        began = incident.resolved_by  # it may still be running
        if began:
            return began.sync_start_time
        return incident.recovered_since or incident.resolved_at or incident.opened_at

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("a run did not begin when it should have")
        return {Topic.LATE: TopicTexts(i18n("late runs"), i18n("Late runs"), meaning)}

    def share_open(self, i18n: Translator) -> str:
        return i18n("{count} of {total} {what} late since {since}")

    def count_open(self, count: int, i18n: Translator) -> str:
        return i18n.counted("{count} integration is late", "{count} integrations are late", count)


def _by_rhythm(incident: Incident) -> bool:
    return incident.reason == LateReason.RHYTHM


def _are_fewer(incident: Incident) -> bool:
    """Whether runs do begin, but fewer than usual."""
    return _by_rhythm(incident) and incident.last_failed is not None


def _check_the_start(view: IncidentView, i18n: Translator) -> str:
    source = source_of(view.integration)
    if source and source.is_files:
        return i18n("A run begins for each new file: check that whatever writes the files still runs.")
    return i18n(
        "Check what starts this sync: a call of the API, or its schedule in "
        "Braze, where a paused one does not go on by itself."
    )
