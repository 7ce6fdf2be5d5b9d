"""Runs succeed, but what they sync looks wrong."""

from __future__ import annotations

from collections.abc import Mapping

from cdi_bot.core.model.incident import Incident, QualityReason, Topic
from cdi_bot.core.model.source import source_of
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts
from cdi_bot.slack.render.kinds.flaws import fixes_itself, flaw_advice, flaw_headline, flaw_texts
from cdi_bot.slack.render.kit.blocks import Block, next_step, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import date, duration, escape

_STILL_MISSING = {QualityReason.WATERMARK_AHEAD, QualityReason.HOLLOW, QualityReason.FAILED_SHARE}
"""Where rows that were passed over do not come with the end of it."""


class Quality(KindRenderer):
    """Runs succeed, but what they sync looks wrong: `reason` says in which way, `measured` in numbers."""

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return flaw_texts(incident.reason, i18n).name

    def headline(self, incident: Incident, i18n: Translator) -> str:
        return flaw_headline(incident.reason, incident.measured, i18n)

    def notification(self, incident: Incident, i18n: Translator) -> str:
        """Add since when, and whether it fixes itself."""
        return i18n("{headline}. {known}").format(
            headline=escape(self.headline(incident, i18n)), known=self._known(incident, i18n)
        )

    def card(self, view: IncidentView, i18n: Translator) -> list[Block]:
        """Say what looks wrong in numbers, since when, whether it fixes itself, and what to do next."""
        incident = view.incident
        if not incident.is_open:
            still = None if view.is_expected else self.still_to_do(view, i18n)
            return [self.head(view, i18n), *([next_step(still, i18n)] if still else [])]
        known = section(self._known(incident, i18n))
        return [self.head(view, i18n), known, next_step(self.advice(view, i18n), i18n)]

    def _known(self, incident: Incident, i18n: Translator) -> str:
        """Say in mrkdwn since when it looks so, and whether it fixes itself."""
        since = i18n("Since {when}.").format(when=date(incident.failing_since))
        return i18n.sentences([since, escape(fixes_itself(incident.reason, incident.measured, i18n))])

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        return flaw_advice(view.incident.reason, view.integration, i18n)

    def still_to_do(self, view: IncidentView, i18n: Translator) -> str | None:
        if view.incident.reason not in _STILL_MISSING:
            return None
        source = source_of(view.integration)
        if source and source.is_files:
            return i18n("Rows that did not arrive meanwhile are still missing: upload their files again.")
        return i18n(
            "Rows that did not arrive meanwhile are still missing: they come with a new `UPDATED_AT`."
        )

    def reminder(self, i18n: Translator) -> str:
        return i18n("{name} still looks wrong, and nobody has acknowledged it. {state}")

    def back(self, i18n: Translator) -> str:
        return i18n("{name} looks wrong again. {state}")

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        return flaw_texts(incident.reason, i18n).over.format(length=duration(self.length(incident), i18n))

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("runs succeed, but rows are fewer, more or older than usual")
        return {Topic.QUALITY: TopicTexts(i18n("doubtful data"), i18n("Doubtful data"), meaning)}

    def share_open(self, i18n: Translator) -> str:
        return i18n("{count} of {total} {what} looking wrong since {since}")
