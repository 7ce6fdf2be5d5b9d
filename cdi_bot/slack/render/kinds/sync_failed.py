"""Runs fail."""

from __future__ import annotations

from collections.abc import Mapping

from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.core.rules.small_losses import is_usual_loss
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts
from cdi_bot.slack.render.kit.advice import failed_rows_advice, status_advice
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import (
    BAD,
    GOOD,
    failed,
    long_status,
    run_fields,
    run_sign,
    short_status,
)
from cdi_bot.slack.render.kit.text import date, duration, escape, share


class SyncFailed(KindRenderer):
    """The newest run ended other than in success."""

    severe = True
    states_run_status = True

    def sign(self, incident: Incident) -> str:
        return run_sign(incident.last_failed)

    def short_state(self, incident: Incident, i18n: Translator) -> str:
        run = incident.last_failed
        if is_usual_loss(incident):
            return i18n("always loses a few rows")
        return short_status(run.job_status, i18n) if run else i18n("Failing")

    def headline(self, incident: Incident, i18n: Translator) -> str:
        run = incident.last_failed
        if run and is_usual_loss(incident):
            return i18n("Partial: always loses a few rows, {share} in the newest run").format(
                share=share(run.failed_share or 0, i18n)
            )
        state = long_status(run.job_status, i18n) if run else i18n("Failing")
        if incident.failed_in_a_row > 1:
            return i18n.counted(
                "{state}, {count} run in a row",
                "{state}, {count} runs in a row",
                incident.failed_in_a_row,
                state=state,
            )
        return state

    def facts(self, view: IncidentView, i18n: Translator) -> list[tuple[str, str]]:
        incident = view.incident
        run = incident.last_failed if incident.is_open else incident.resolved_by
        known = run_fields(run, i18n) if run else []
        if incident.is_open:
            return [*known, (i18n("Failing"), in_a_row(incident, i18n))]
        return [*known, *self._before(incident, i18n)]

    def _before(self, incident: Incident, i18n: Translator) -> list[tuple[str, str]]:
        """Say what it recovered from, so that a card that is posted late says both."""
        said = [(i18n("Was failing since"), date(self.begin(incident)))]
        run = incident.last_failed
        if run:
            last = i18n("{status}, started {when}, rows failed: {failed}").format(
                status=escape(short_status(run.job_status, i18n)),
                when=date(run.sync_start_time),
                failed=failed(run, i18n),
            )
            said.append((i18n("Last failed run"), last))
        return said

    def advice(self, view: IncidentView, i18n: Translator) -> str | None:
        run = view.incident.last_failed
        if run is None:
            return None
        advice = status_advice(run.job_status, view.integration, i18n)
        return i18n.sentences([advice, usual_loss_note(i18n)]) if is_usual_loss(view.incident) else advice

    def back(self, i18n: Translator) -> str:
        return i18n("{name} is failing again. {state}")

    def still_to_do(self, view: IncidentView, i18n: Translator) -> str | None:
        run = view.incident.last_failed
        if run is None or run.job_status != "partial":
            return None
        missing = i18n("The failed rows are still missing, unless somebody has fixed them.")
        return i18n.sentences([missing, failed_rows_advice(view.integration, i18n)])

    def reminder(self, i18n: Translator) -> str:
        return i18n("{name} is still failing, and nobody has acknowledged it. {state}")

    def recovery_sign(self, incident: Incident) -> str:
        return BAD if is_replaced(incident) else GOOD

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        if is_replaced(incident):
            return i18n("Was always losing a few rows, until it failed in another way: see the newer message")
        length = duration(self.length(incident), i18n)
        return i18n.counted(
            "Recovered after {length}: {count} run failed",
            "Recovered after {length}: {count} runs failed",
            incident.failed_runs,
            length=length,
        )

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        return {
            Topic.ERROR: TopicTexts(i18n("errors"), i18n("Errors"), i18n("no rows arrived")),
            Topic.PARTIAL: TopicTexts(i18n("partial runs"), i18n("Partial runs"), i18n("some rows failed")),
            Topic.CONFIG_ERROR: TopicTexts(
                i18n("configuration errors"),
                i18n("Configuration errors"),
                i18n("every run fails until it is fixed"),
            ),
        }

    def share_open(self, i18n: Translator) -> str:
        return i18n("{count} of {total} {what} failing since {since}")

    def count_open(self, count: int, i18n: Translator) -> str:
        return i18n.counted("{count} integration is failing", "{count} integrations are failing", count)

    def count_still_open(self, count: int, i18n: Translator) -> str:
        return i18n.counted(
            "{count} integration is still failing, and nobody has acknowledged it",
            "{count} integrations are still failing, and nobody has acknowledged them",
            count,
        )

    def count_back(self, count: int, i18n: Translator) -> str:
        return i18n.counted(
            "{count} integration is failing again", "{count} integrations are failing again", count
        )

    def count_recovered(self, count: int, i18n: Translator) -> str:
        return i18n.counted("{count} integration recovered", "{count} integrations recovered", count)


def is_replaced(incident: Incident) -> bool:
    """Whether another failure took the place of a loss that is usual: no good run ended it."""
    return is_usual_loss(incident) and not incident.is_open and incident.resolved_by is None


def usual_loss_note(i18n: Translator) -> str:
    """Say what is still told of a source that always loses a few rows."""
    return i18n("You are told again when it loses many more, and when it has lost none for a day.")


def in_a_row(incident: Incident, i18n: Translator) -> str:
    """Say in mrkdwn how many runs failed in a row, and since when."""
    return i18n.counted(
        "{count} run, since {when}",
        "{count} runs in a row, since {when}",
        incident.failed_in_a_row,
        when=date(incident.failing_since),
    )
