"""Runs succeed, but what they sync looks wrong."""

from __future__ import annotations

from collections.abc import Mapping

from cdi_bot.core.model.incident import Incident, QualityReason, Topic
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts
from cdi_bot.slack.render.kinds.flaws import UNUSUAL, fixes_itself, flaw_advice, flaw_headline, flaw_texts
from cdi_bot.slack.render.kit.advice import missing_rows_advice
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import duration, escape

_STILL_MISSING = {QualityReason.WATERMARK_AHEAD, QualityReason.HOLLOW, QualityReason.FAILED_SHARE}
"""Where rows that were passed over do not come with the end of it."""


class Quality(KindRenderer):
    """Runs succeed, but what they sync looks wrong: `reason` says in which way, `measured` in numbers."""

    def sign(self, incident: Incident) -> str:
        return UNUSUAL

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return flaw_texts(incident.reason, i18n).name

    def headline(self, incident: Incident, i18n: Translator) -> str:
        return flaw_headline(incident.reason, incident.measured, i18n)

    def outlook(self, view: IncidentView, i18n: Translator) -> str | None:
        return escape(fixes_itself(view.incident.reason, view.incident.measured, i18n))

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        return flaw_advice(view.incident.reason, view.integration, i18n)

    def left_to_do(self, view: IncidentView, i18n: Translator) -> str | None:
        if view.incident.reason not in _STILL_MISSING or view.is_expected:
            return None
        missing = i18n("Rows that did not arrive meanwhile are still missing.")
        return i18n.sentences([missing, missing_rows_advice(view.integration, i18n)])

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        return flaw_texts(incident.reason, i18n).over.format(length=duration(self.length(incident), i18n))

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("runs succeed, but rows are fewer, more or older than usual")
        return {Topic.QUALITY: TopicTexts(i18n("unusual data"), i18n("Unusual data"), meaning)}

    def share_open(self, i18n: Translator) -> str:
        return i18n("{count} of {total} {what} with unusual data since {since}")

    def count_open(self, count: int, i18n: Translator) -> str:
        return i18n("{count} with unusual data").format(count=i18n.number(count))
