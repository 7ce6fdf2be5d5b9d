"""An incident that has come back before: all is good again, and it is over when that has held."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.model.incident import Incident
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import BUSY
from cdi_bot.slack.render.kit.text import date


class Recovering(KindRenderer):
    """Speaks for an incident of any kind while it is recovering: with its `kind`'s facts of the end."""

    def __init__(self, kind: KindRenderer) -> None:
        self._kind = kind

    def sign(self, incident: Incident) -> str:
        return BUSY

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("recovering")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        if not incident.reopened:
            return i18n("Recovering: good at the moment")
        return i18n.counted(
            "Recovering: good at the moment, but it came back {count} time before",
            "Recovering: good at the moment, but it came back {count} times before",
            incident.reopened,
        )

    def facts(self, view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
        incident = view.incident
        since = incident.recovered_since
        known = [(i18n("Recovering since"), date(since))] if since else []
        return [*known, *self._kind.facts(replace(view, incident=replace(incident, resolved_at=since)), i18n)]

    def advice(self, view: IncidentView, i18n: Translator) -> str | None:
        until = view.incident.settles_at
        text = i18n("If it stays good until {when}, its recovery is told then. If not, this message goes on.")
        return text.format(when=date(until)) if until else None

    def reminder(self, i18n: Translator) -> str:
        return self._kind.reminder(i18n)

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        return self._kind.recovery(incident, i18n)
