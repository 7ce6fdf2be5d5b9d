"""A run takes much longer than usual."""

from __future__ import annotations

from collections.abc import Mapping

from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.core.model.source import Source, source_of
from cdi_bot.core.rules.slow import was_over
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts, since_when
from cdi_bot.slack.render.kinds.flaws import length
from cdi_bot.slack.render.kit.advice import Effect, effect_of
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import GOOD, run_sign, short_status
from cdi_bot.slack.render.kit.text import date, duration, escape


class Slow(KindRenderer):
    """A run goes on much longer than usual: `resolved_by` is the same run once it ended, however it did.

    Or several in a row took longer than ever: then it is the one that was as usual again.
    """

    def sign(self, incident: Incident) -> str:
        return "🐢"

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("slow")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        if incident.measured is None:
            return i18n("Slow: a run takes far longer than usual")
        usual = length(incident.measured.usual, i18n)
        if not was_over(incident):
            return i18n("Slow: still running, usually takes {usual}").format(usual=usual)
        return i18n("Slow: the newest runs took {observed} or longer, usually {usual}").format(
            observed=length(incident.measured.observed, i18n), usual=usual
        )

    def what(self, view: IncidentView, i18n: Translator) -> str:
        incident = view.incident
        if was_over(incident):
            return escape(self.headline(incident, i18n))
        said = [i18n("Slow: running since {when}").format(when=date(incident.failing_since))]
        if incident.measured:
            usual = length(incident.measured.usual, i18n)
            said.append(i18n("usually takes {usual}").format(usual=usual))
        return i18n.listed(said)

    def since(self, view: IncidentView, i18n: Translator) -> list[str]:
        if was_over(view.incident):
            return [since_when(view, i18n)]
        lengths = [run.duration for run in view.past if run.duration is not None]
        if not lengths:
            return []
        longest = duration(max(lengths), i18n)
        return [
            i18n.counted(
                "Longest of the {count} run before: {length}",
                "Longest of the {count} runs before: {length}",
                len(lengths),
                length=longest,
            )
        ]

    def outlook(self, view: IncidentView, i18n: Translator) -> str | None:
        if was_over(view.incident):
            return i18n("Ends by itself when runs take as long as usual again.")
        return i18n("The next run waits until this one has ended.")

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        source = source_of(view.integration)
        if effect_of(view.integration) is Effect.MESSAGES_CUSTOMERS:
            return i18n(
                "A Canvas sync enters about 3.75 million users an hour, so a long run can be normal: compare its rows "
                "in Braze."
            )
        if source and source.is_files:
            return i18n("Check whether the file is far larger than usual.")
        if source is Source.DATABRICKS:
            return i18n(
                "In Databricks, check whether the SQL warehouse is still starting, and whether the query waits or "
                "reads far more rows than before."
            )
        return i18n(
            "In the warehouse, check whether the query of this sync waits, or reads far more rows than before."
        )

    def recovery_sign(self, incident: Incident) -> str:
        # Its end need not be a good one.
        return run_sign(incident.resolved_by) if incident.resolved_by and not was_over(incident) else GOOD

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        run = incident.resolved_by  # where it failed, an incident of its own says what that means
        if run is None:
            return i18n("is no longer slow – Braze doesn't list this run any more")
        lasted = duration(self.length(incident), i18n)
        if was_over(incident):
            return i18n("recovered – runs take as long as usual again, after {length}").format(length=lasted)
        status = short_status(run.job_status, i18n)
        if incident.measured is None:
            return i18n("ended after {length} – {status}").format(length=lasted, status=status)
        usual = length(incident.measured.usual, i18n)
        return i18n("ended after {length}, usually {usual} – {status}").format(
            length=lasted, usual=usual, status=status
        )

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("a run takes much longer than usual")
        return {Topic.SLOW: TopicTexts(i18n("slow runs"), i18n("Slow runs"), meaning)}

    def share_open(self, i18n: Translator) -> str:
        return i18n("{count} of {total} {what} slow since {since}")

    def count_open(self, count: int, i18n: Translator) -> str:
        return i18n.counted("{count} slow", "{count} slow", count)
