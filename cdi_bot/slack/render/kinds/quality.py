"""Runs succeed, but what they sync looks wrong."""

from __future__ import annotations

from collections.abc import Mapping

from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.core.rules.quality import QualityReason
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import run_fields
from cdi_bot.slack.render.kit.text import date, duration


class Quality(KindRenderer):
    """Runs succeed without rows, or with a watermark in the future: `reason` says which."""

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("no rows any more") if _has_no_rows(incident) else i18n("watermark in the future")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        if _has_no_rows(incident):
            return i18n("Quality: runs succeed, but bring no rows any more")
        return i18n("Quality: the last timestamp synced lies in the future, so Braze skips older rows")

    def facts(self, view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
        incident = view.incident
        run = incident.last_failed if incident.is_open else incident.resolved_by
        since = i18n("No rows since") if _has_no_rows(incident) else i18n("First seen in the run of")
        return [*(run_fields(run, i18n) if run else []), (since, date(incident.failing_since))]

    def advice(self, incident: Incident, i18n: Translator) -> str:
        if _has_no_rows(incident):
            return i18n(
                "Check that whatever fills the source still runs, and that changed rows get a new update time. "
                "If no rows are meant to come, acknowledge this."
            )
        return i18n(
            "Braze skips rows whose update time lies before this timestamp, and reports success all the same. Find the "
            "rows whose update time lies in the future and mend them at the source; update times have to be in UTC. "
            "Rows that were skipped meanwhile come only with a later update time."
        )

    def reminder(self, i18n: Translator) -> str:
        return i18n("{name} still looks wrong, and nobody has acknowledged it. {state}")

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        if _has_no_rows(incident):
            text = i18n("Rows come again, after {length} without")
        else:
            text = i18n("The last timestamp synced lies in the past again, after {length}")
        return text.format(length=duration(self.length(incident), i18n))

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("runs succeed, but bring far more or fewer rows than usual")
        return {Topic.QUALITY: TopicTexts(i18n("odd rows"), i18n("Odd rows"), meaning)}


def _has_no_rows(incident: Incident) -> bool:
    return incident.reason == QualityReason.NO_ROWS
