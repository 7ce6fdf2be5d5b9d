"""A planned run has not started."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cdi_bot.core.model.incident import Incident, LateReason, Topic
from cdi_bot.core.model.source import source_of
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts, next_run, since_when
from cdi_bot.slack.render.kinds.flaws import length
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import short_status
from cdi_bot.slack.render.kit.text import date, duration, escape


class Late(KindRenderer):
    """A planned run has not started: `failing_since` is the planned start, `resolved_by` the run that began at last."""

    replaces_next_run = True

    def sign(self, incident: Incident) -> str:
        return "⏰"

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("late")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        if not _by_rhythm(incident):
            return i18n("Late: no run has started at its planned time")
        if incident.measured is None:
            return i18n("Late: a run usually starts by now")
        if _are_fewer(incident):
            text = i18n("Late: a run every {observed}, usually every {usual} or sooner")
        else:
            text = i18n("Late: no run for {observed}, usually at most {usual}")
        return text.format(
            observed=length(incident.measured.observed, i18n), usual=length(incident.measured.usual, i18n)
        )

    def what(self, view: IncidentView, i18n: Translator) -> str:
        if _by_rhythm(view.incident):
            return escape(self.headline(view.incident, i18n))
        since, told = view.incident.failing_since, view.incident.opened_at
        return i18n("Late: due {when}, not started {length} later").format(
            when=date(since), length=duration(told - since, i18n)
        )

    def since(self, view: IncidentView, i18n: Translator) -> list[str]:
        said = [since_when(view, i18n), i18n("no schedule known")] if _by_rhythm(view.incident) else []
        if not view.past:
            return said
        last = view.past[0]
        text = i18n("last run {when}: {status}") if said else i18n("Last run {when}: {status}")
        status = escape(short_status(last.job_status, i18n))
        return [*said, text.format(when=date(last.sync_start_time), status=status)]

    def outlook(self, view: IncidentView, i18n: Translator) -> str | None:
        end = (
            i18n("Ends by itself when as many runs start as usual.")
            if _are_fewer(view.incident)
            else i18n("Ends by itself when a run starts.")
        )
        return i18n.sentences([end, *next_run(view, i18n)])

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        source = source_of(view.integration)
        if source and source.is_files:
            return i18n("A run starts for each new file: check that whatever writes the files still runs.")
        if _by_rhythm(view.incident):
            return i18n(
                "Check what starts this sync: a call of the API, or its schedule in Braze. A paused sync does not "
                "resume by itself."
            )
        return i18n(
            "Open it in Braze: is it active, and is its schedule what you expect? A paused sync does not resume by "
            "itself."
        )

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        if not _by_rhythm(incident) and incident.resolved_by is None:
            return i18n("is no longer late – no run is planned any more")
        if not _by_rhythm(incident):
            text = i18n("started – {length} after it was due")
        elif _are_fewer(incident):
            text = i18n("recovered – as many runs as usual start again, after {length}")
        else:
            text = i18n("recovered – runs start again, after {length}")
        return text.format(length=duration(self.length(incident), i18n))

    def end(self, incident: Incident) -> datetime:
        began = incident.resolved_by  # it may still be running
        if began:
            return began.sync_start_time
        return incident.recovered_since or incident.resolved_at or incident.opened_at

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("a run did not start when it should have")
        return {Topic.LATE: TopicTexts(i18n("late runs"), i18n("Late runs"), meaning)}

    def share_open(self, i18n: Translator) -> str:
        return i18n("{count} of {total} {what} late since {since}")

    def count_open(self, count: int, i18n: Translator) -> str:
        return i18n.counted("{count} late", "{count} late", count)


def _by_rhythm(incident: Incident) -> bool:
    return incident.reason == LateReason.RHYTHM


def _are_fewer(incident: Incident) -> bool:
    """Whether runs do start, but fewer than usual."""
    return _by_rhythm(incident) and incident.last_failed is not None
