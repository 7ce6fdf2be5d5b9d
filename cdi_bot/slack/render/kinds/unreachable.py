"""Braze can't be reached: the only kind that concerns a whole workspace, so its card names no integration."""

from __future__ import annotations

from cdi_bot.core.model.incident import Incident
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer
from cdi_bot.slack.render.kit.blocks import Block, next_step, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import braze_advice, reason_text
from cdi_bot.slack.render.kit.runs import UNSEEN
from cdi_bot.slack.render.kit.text import date, duration, escape, mentions


class Unreachable(KindRenderer):
    """Braze can't be reached: `reason` says why, as a code."""

    severe = True

    def sign(self, incident: Incident) -> str:
        return UNSEEN

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("can't be asked")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        return i18n("Braze can't be asked: {reason}").format(reason=reason_text(incident.reason, i18n))

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        return braze_advice(view.incident.reason, i18n)

    def reminder(self, i18n: Translator) -> str:
        return i18n("I still can't see. {state}")

    def back(self, i18n: Translator) -> str:
        return i18n("Braze can't be reached again. {state}")

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        return i18n("Braze answers again after {length}").format(length=duration(self.length(incident), i18n))

    def card(self, view: IncidentView, i18n: Translator) -> list[Block]:
        incident = view.incident
        why = escape(reason_text(incident.reason, i18n))
        since = date(incident.failing_since)
        if not incident.is_open:
            again = i18n(
                "Braze answers again. I could not see it for {length}, since {when}, because: {reason}."
            )
            text = again.format(length=duration(self.length(incident), i18n), when=since, reason=why)
            caught = i18n("Runs that ended in the meantime are being looked at now.")
            return [section(f"{self.recovery_sign(incident)} {text}\n{caught}")]
        text = i18n("I can't see Braze since {when}, because: {reason}.").format(when=since, reason=why)
        rest = i18n("While this lasts, no news of an integration means nothing: it may be well or failing.")
        lines = [f"{UNSEEN} *{text}*", rest, mentions(view.mention)]
        return [section("\n".join(filter(None, lines))), next_step(self.advice(view, i18n), i18n)]
