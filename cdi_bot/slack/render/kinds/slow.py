"""A run takes much longer than usual."""

from __future__ import annotations

from collections.abc import Mapping

from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.core.model.source import Source, source_of
from cdi_bot.core.rules.slow import was_over
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts
from cdi_bot.slack.render.kinds.flaws import length
from cdi_bot.slack.render.kit.advice import Effect, effect_of
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import GOOD, run_fields, run_sign, short_status
from cdi_bot.slack.render.kit.text import date, duration, escape


class Slow(KindRenderer):
    """A run goes on much longer than usual: `resolved_by` is the same run once it ended, however it did.

    Or several in a row took longer than ever: then it is the one that was as usual again.
    """

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        return i18n("slow")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        if not was_over(incident) or incident.measured is None:
            return i18n("Slow: a run goes on far longer than usual")
        return i18n("Slow: the newest runs took {observed} or longer, usually {usual}").format(
            observed=length(incident.measured.observed, i18n), usual=length(incident.measured.usual, i18n)
        )

    def facts(self, view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
        if was_over(view.incident):
            return [(i18n("Slow since"), date(view.incident.failing_since))]
        ended = view.incident.resolved_by
        known = run_fields(ended, i18n) if ended else [(i18n("Started"), date(view.incident.failing_since))]
        length_before = view.incident.usual_length
        usual = [(i18n("Usually takes"), duration(length_before, i18n))] if length_before else []
        status = [(i18n("Ended in"), escape(short_status(ended.job_status, i18n)))] if ended else []
        return [*status, *known, *usual]

    def advice(self, view: IncidentView, i18n: Translator) -> str:
        source = source_of(view.integration)
        if source and source.is_files:
            said = [i18n("Look whether the file is far larger than usual.")]
        else:
            said = [
                i18n(
                    "Look in the warehouse whether the query of this sync still runs or waits, and whether far more "
                    "rows than usual have changed."
                )
            ]
        if source is Source.DATABRICKS:
            said.append(i18n("A SQL warehouse that was stopped has to start first."))
        if effect_of(view.integration) is Effect.MESSAGES_CUSTOMERS:
            said.append(
                i18n(
                    "A sync that triggers a Canvas enters about 3.75 million users an hour: long runs are normal."
                )
            )
        end = (
            i18n("It ends by itself when runs take as long as usual again.")
            if was_over(view.incident)
            else i18n(
                "The next run begins only after this one has ended; if it does not end, ask Braze's support."
            )
        )
        return i18n.sentences([*said, end])

    def reminder(self, i18n: Translator) -> str:
        return i18n("{name} is still slow, and nobody has acknowledged it. {state}")

    def back(self, i18n: Translator) -> str:
        return i18n("{name} is slow again. {state}")

    def recovery_sign(self, incident: Incident) -> str:
        # Its end need not be a good one.
        return run_sign(incident.resolved_by) if incident.resolved_by else GOOD

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        run = incident.resolved_by  # where it failed, an incident of its own says what that means
        if run is None:
            return i18n("No longer slow: Braze does not tell of this run any more")
        if was_over(incident):
            return i18n("Runs take as long as usual again, after {length}").format(
                length=duration(self.length(incident), i18n)
            )
        return i18n("The slow run has ended after {length}: {status}").format(
            length=duration(self.length(incident), i18n), status=short_status(run.job_status, i18n)
        )

    def short_recovery(self, i18n: Translator) -> str:
        return i18n("no longer slow")

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        meaning = i18n("a run takes much longer than usual")
        return {Topic.SLOW: TopicTexts(i18n("slow runs"), i18n("Slow runs"), meaning)}

    def share_open(self, i18n: Translator) -> str:
        return i18n("{count} of {total} {what} slow since {since}")

    def count_open(self, count: int, i18n: Translator) -> str:
        return i18n.counted("{count} integration is slow", "{count} integrations are slow", count)
