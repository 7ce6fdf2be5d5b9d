"""An incident that has come back before: all is good again, and it is over when that has held.

Also one that nobody watches any more.
"""

from __future__ import annotations

from cdi_bot.core.model.incident import Incident
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import BUSY, UNSEEN
from cdi_bot.slack.render.kit.text import date


class Recovering(KindRenderer):
    """Speaks for an incident of any kind while it is recovering: in the end, as its `kind` does."""

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
            "Recovering: good at the moment, came back {count} time before",
            "Recovering: good at the moment, came back {count} times before",
            incident.reopened,
        )

    def since(self, view: IncidentView, i18n: Translator) -> list[str]:
        incident = view.incident
        good = incident.recovered_since
        said = [i18n("Good since {when}").format(when=date(good))] if good else []
        was = i18n("Before: {state}").format(state=self._kind.short_state(incident, i18n))
        return [*said, was]

    def outlook(self, view: IncidentView, i18n: Translator) -> str | None:
        until = view.incident.settles_at
        text = i18n("Recovered if it stays good until {when}.")
        return text.format(when=date(until)) if until else None

    def advice(self, view: IncidentView, i18n: Translator) -> str | None:
        return self._kind.left_to_do(view, i18n)

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        return self._kind.recovery(incident, i18n)


class Unwatched(Recovering):
    """Speaks for an incident that is over because its workspace was removed."""

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("no longer watched")

    def recovery_sign(self, incident: Incident) -> str:
        return UNSEEN

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        return i18n("is no longer watched: its Braze workspace was removed")
