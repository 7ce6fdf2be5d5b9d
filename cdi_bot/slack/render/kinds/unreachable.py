"""Braze can't be reached: the only kind that concerns a whole workspace, so its card names no integration."""

from __future__ import annotations

from cdi_bot.core.model.incident import Incident
from cdi_bot.delivery.views import IncidentView
from cdi_bot.monitoring.braze_port import BrazeReason
from cdi_bot.slack.render.kinds.base import KindRenderer
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import UNREACHABLE, braze_advice, reason_text
from cdi_bot.slack.render.kit.text import date, duration, escape

_UNTIL_SOMEBODY_ACTS = frozenset(
    {
        BrazeReason.BAD_KEY,
        BrazeReason.KEY_LOST,
        BrazeReason.NO_PERMISSION,
        BrazeReason.INVALID_URL,
        BrazeReason.MEDIA_TYPE,
    }
)


class Unreachable(KindRenderer):
    """Braze can't be reached: `reason` says why, as a code."""

    severe = True

    def sign(self, incident: Incident) -> str:
        return UNREACHABLE

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("can't be reached")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        return i18n("Can't be reached: {reason}").format(reason=reason_text(incident.reason, i18n))

    def what(self, view: IncidentView, i18n: Translator) -> str:
        incident = view.incident
        return i18n("Can't be reached since {when}: {reason}").format(
            when=date(incident.failing_since), reason=escape(reason_text(incident.reason, i18n))
        )

    def since(self, view: IncidentView, i18n: Translator) -> list[str]:
        if not view.unwatched:
            return []
        return [
            i18n.counted(
                "{count} integration of this channel is not watched",
                "{count} integrations of this channel are not watched",
                view.unwatched,
            )
        ]

    def outlook(self, view: IncidentView, i18n: Translator) -> str | None:
        if view.incident.reason in _UNTIL_SOMEBODY_ACTS:
            return i18n("Does not fix itself: nothing is watched until then.")
        return i18n("Ends by itself when Braze answers again: the bot keeps asking.")

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        return braze_advice(view.incident.reason, i18n)

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        return i18n("can be reached again after {length}").format(
            length=duration(self.length(incident), i18n)
        )

    def left_to_do(self, view: IncidentView, i18n: Translator) -> str | None:
        return i18n("Runs that ended in the meantime are reported now.")
