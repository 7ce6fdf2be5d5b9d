"""Runs succeed, but what they sync looks wrong."""

from __future__ import annotations

from collections.abc import Mapping

from cdi_bot.core.model.incident import Incident, QualityReason, Topic
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts
from cdi_bot.slack.render.kit.advice import source_of
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
        return i18n(
            "Quality: the newest UPDATED_AT synced lies in the future, so Braze skips rows with an earlier one"
        )

    def facts(self, view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
        incident = view.incident
        run = incident.last_failed if incident.is_open else incident.resolved_by
        since = i18n("No rows since") if _has_no_rows(incident) else i18n("First seen in the run of")
        return [*(run_fields(run, i18n) if run else []), (since, date(incident.failing_since))]

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        source = source_of(view.integration)
        if _has_no_rows(view.incident):
            check = (
                i18n("Check that whatever writes the files still runs, and that they hold rows.")
                if source and source.is_files
                else i18n(
                    "Check that whatever fills the source still runs, and that changed rows get a new `UPDATED_AT`."
                )
            )
            return i18n.sentences([check, i18n("If no rows are meant to come, acknowledge this.")])
        if source and source.is_files:
            return i18n(
                "Files have no `UPDATED_AT`: look in Braze at what the last runs synced, and upload each file again "
                "whose rows are missing."
            )
        return i18n(
            "Correct `UPDATED_AT` in the source (it has to be in UTC), remove the rows that were synced already, and "
            "create a new integration for the table: the watermark of this one never goes back. Until then Braze skips "
            "every row with an earlier `UPDATED_AT`, and reports success all the same."
        )

    def still_to_do(self, view: IncidentView, i18n: Translator) -> str | None:
        if _has_no_rows(view.incident):
            return None
        return i18n("Rows that were skipped meanwhile are still missing: they come with a new `UPDATED_AT`.")

    def reminder(self, i18n: Translator) -> str:
        return i18n("{name} still looks wrong, and nobody has acknowledged it. {state}")

    def back(self, i18n: Translator) -> str:
        return i18n("{name} looks wrong again. {state}")

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        if _has_no_rows(incident):
            text = i18n("Rows come again, after {length} without")
        else:
            text = i18n("The newest UPDATED_AT synced is no longer in the future, after {length}")
        return text.format(length=duration(self.length(incident), i18n))

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("runs succeed, but rows stop coming or UPDATED_AT is in the future")
        return {Topic.QUALITY: TopicTexts(i18n("doubtful data"), i18n("Doubtful data"), meaning)}


def _has_no_rows(incident: Incident) -> bool:
    return incident.reason == QualityReason.NO_ROWS
