"""What was synced last is older than the channel asked for."""

from __future__ import annotations

from datetime import timedelta

from cdi_bot.core.freshness_limit import FreshnessLimit, read_limit
from cdi_bot.core.model.incident import Incident
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.source import source_of
from cdi_bot.core.rules.stale import newest_mark
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, next_run, since_when
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import age, date, duration, freshness_text

_LONGEST = 1e10
"""Seconds, some three hundred years: an absurd watermark is not older."""


class Stale(KindRenderer):
    """Something newer should have come: `reason` is the limit, `last_failed` the run that brought the newest."""

    def sign(self, incident: Incident) -> str:
        return "📅"

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("stale")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        limit = _limit(incident)
        old = timedelta(seconds=min(incident.measured.observed, _LONGEST)) if incident.measured else None
        if limit.longest is None:
            text = (
                i18n("Stale: no good run yet, due by {limit}")
                if old is None
                else i18n("Stale: last good run {age} ago, due by {limit}")
            )
        elif old is None:
            text = i18n("Stale: nothing synced yet, limit {limit}")
        elif _has_mark(incident.last_failed):
            text = i18n("Stale: newest UPDATED_AT synced is {age} old, limit {limit}")
        else:
            text = i18n("Stale: last good run started {age} ago, limit {limit}")
        return text.format(age=age(old or timedelta(0), i18n), limit=freshness_text(limit, i18n))

    def since(self, view: IncidentView, i18n: Translator) -> list[str]:
        newest = newest_mark(view.incident.last_failed) if view.incident.last_failed else None
        said = [since_when(view, i18n)]
        return [*said, i18n("newest {when}").format(when=date(newest))] if newest else said

    def outlook(self, view: IncidentView, i18n: Translator) -> str | None:
        return i18n.sentences([i18n("Ends by itself when newer rows are synced."), *next_run(view, i18n)])

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        source = source_of(view.integration)
        check = (
            i18n("Check that whatever writes the files still runs, and that they hold rows.")
            if source and source.is_files
            else i18n(
                "Check that whatever fills the source still runs, and that changed rows get a new `UPDATED_AT`."
            )
        )
        return i18n.sentences([check, i18n("`/cdi subscriptions` changes the limit.")])

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        run = incident.resolved_by
        if run is None:
            return i18n("is no longer checked for freshness: it is paused, or the limit was changed")
        length, mark = duration(self.length(incident), i18n), newest_mark(run)
        if mark is None or _limit(incident).longest is None:
            return i18n("recovered – a good run came after {length}").format(length=length)
        seen = incident.recovered_since or incident.resolved_at or incident.opened_at
        return i18n("recovered – newest UPDATED_AT synced is {age} old, after {length}").format(
            length=length, age=age(max(seen - mark, timedelta(0)), i18n)
        )

    def share_open(self, i18n: Translator) -> str:
        return i18n("{count} of {total} {what} stale since {since}")

    def count_open(self, count: int, i18n: Translator) -> str:
        return i18n("{count} stale").format(count=i18n.number(count))


def _limit(incident: Incident) -> FreshnessLimit:
    return read_limit(incident.reason or "") or FreshnessLimit(longest=timedelta(0))


def _has_mark(run: Run | None) -> bool:
    return run is not None and newest_mark(run) is not None
