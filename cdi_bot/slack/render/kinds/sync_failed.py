"""Runs fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from cdi_bot.core.model.incident import Incident, Topic
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.core.model.source import source_of
from cdi_bot.core.rules.small_losses import is_usual_loss, usual_share
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import KindRenderer, TopicTexts, next_run, since_when
from cdi_bot.slack.render.kit.advice import missing_rows_advice, status_advice, status_outlook
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import BAD, GOOD, run_sign, short_status
from cdi_bot.slack.render.kit.text import STATUS, date, duration, escape, plain, share

_FEWEST = 3
"""Fewer runs than these say nothing about what is usual."""

_NOTHING_SYNCED = ("error", "config_error")


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
        state = self._state(incident, i18n)
        if incident.failed_in_a_row > 1 and not is_usual_loss(incident):
            return i18n.listed([state, in_a_row(incident, i18n)])
        return state

    def _state(self, incident: Incident, i18n: Translator) -> str:
        run = incident.last_failed
        if run is None:
            return i18n("Failing")
        state = failure(run, i18n)
        return (
            i18n("Always loses some rows: {state}").format(state=state) if is_usual_loss(incident) else state
        )

    def what(self, view: IncidentView, i18n: Translator) -> str:
        run = view.incident.last_failed
        good = next((run for run in view.past if run.has_synced), None)
        if run is None or good is None or run.job_status not in _NOTHING_SYNCED:
            return escape(self._state(view.incident, i18n))
        text = i18n("{status}: nothing synced since {when}")
        ended = good.sync_finish_time or good.sync_start_time
        return text.format(status=short_status(run.job_status, i18n), when=date(ended))

    def since(self, view: IncidentView, i18n: Translator) -> list[str]:
        incident = view.incident
        said = [since_when(view, i18n)]
        if incident.failed_in_a_row:
            said.append(in_a_row(incident, i18n))
        return [*said, *_usual(view, i18n)]

    def outlook(self, view: IncidentView, i18n: Translator) -> str | None:
        run = view.incident.last_failed
        if run is None:
            return None
        said = [status_outlook(run.job_status, view.integration, i18n), *next_run(view, i18n)]
        if is_usual_loss(view.incident):
            said.append(i18n("You are told again when it loses many more, or none for a day."))
        return i18n.sentences(said)

    def advice(self, view: IncidentView, i18n: Translator) -> str | None:
        run = view.incident.last_failed
        return status_advice(run.job_status, view.integration, i18n) if run else None

    def left_to_do(self, view: IncidentView, i18n: Translator) -> str | None:
        run, source = view.incident.last_failed, source_of(view.integration)
        if is_replaced(view.incident):
            return None
        if view.rows_lost or (run and run.job_status == "partial"):
            missing = i18n("The failed rows are still missing, unless somebody fixed them.")
            if view.rows_lost:
                missing = i18n.counted(
                    "{count} failed row is still missing, unless somebody fixed it.",
                    "{count} failed rows are still missing, unless somebody fixed them.",
                    view.rows_lost,
                )
            return i18n.sentences([missing, missing_rows_advice(view.integration, i18n)])
        if run is None or run.job_status not in _NOTHING_SYNCED:
            return None
        if source and source.is_files:
            return i18n("Failed files are not retried: upload them again.")
        return i18n("The rows of the failed runs were retried.")

    def recovery_sign(self, incident: Incident) -> str:
        return BAD if is_replaced(incident) else GOOD

    def recovery(self, incident: Incident, i18n: Translator) -> str:
        if is_replaced(incident):
            return i18n("no longer loses only a few rows: see the newer message")
        length = duration(self.length(incident), i18n)
        text = i18n.counted(
            "recovered – {count} run failed over {length}",
            "recovered – {count} runs failed over {length}",
            incident.failed_runs,
            length=length,
        )
        good = incident.resolved_by
        if good is None or good.rows_synced is None or good.outcome is not Outcome.GOOD:
            return text
        rows = i18n.counted("{count} row synced", "{count} rows synced", good.rows_synced)
        return i18n.listed([text, rows])

    def topics(self, i18n: Translator) -> Mapping[Topic, TopicTexts]:
        return {
            Topic.ERROR: TopicTexts(i18n("errors"), i18n("Errors"), i18n("no rows synced")),
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
        return i18n("{count} failing").format(count=i18n.number(count))

    def count_still_open(self, count: int, i18n: Translator) -> str:
        return i18n("{count} still failing, not acknowledged").format(count=i18n.number(count))

    def count_back(self, count: int, i18n: Translator) -> str:
        return i18n("{count} failing again").format(count=i18n.number(count))


def failure(run: Run, i18n: Translator) -> str:
    """Say in plain text how a run failed, with the decisive number."""
    status, lost, rows = run.job_status, run.rows_failed_with_errors, run.rows_synced
    if status == "partial" and lost is not None and rows is not None and run.failed_share is not None:
        return i18n("{failed} of {rows} rows failed ({share})").format(
            failed=i18n.number(lost), rows=i18n.number(lost + rows), share=share(run.failed_share, i18n)
        )
    if status == "partial":
        return i18n("Partial: some rows failed")
    if status in _NOTHING_SYNCED:
        return i18n("{status}: no rows synced").format(status=short_status(status, i18n))
    if status == "limit_exceeded":
        state = i18n("Data limit exceeded: Braze stopped the run")
    else:
        state = i18n("Undocumented status “{status}”").format(status=plain(status, STATUS))
    return (
        i18n.listed([state, i18n.counted("{count} row synced", "{count} rows synced", rows)])
        if rows
        else state
    )


def in_a_row(incident: Incident, i18n: Translator) -> str:
    """Say in plain text how many runs failed in a row."""
    return i18n.counted("{count} run failed", "{count} runs failed in a row", incident.failed_in_a_row)


def _usual(view: IncidentView, i18n: Translator) -> list[str]:
    """Say in plain text what runs usually bring, or lose; nothing where too few are known."""
    run = view.incident.last_failed
    if is_usual_loss(view.incident):
        lossy = usual_share(run for run in view.past if run.job_status == "partial")
        return [i18n("usually {share}").format(share=share(lossy, i18n))] if lossy else []
    if run and run.job_status == "partial":
        lost = _middle(run.rows_failed_with_errors for run in view.past)
        return [] if lost is None else [i18n("usually {rows} failed").format(rows=i18n.number(lost))]
    rows = _middle(run.rows_synced for run in view.past if run.outcome is Outcome.GOOD)
    return [i18n("usually {rows} rows a run").format(rows=i18n.number(rows))] if rows else []


def _middle(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return round(median(known)) if len(known) >= _FEWEST else None


def is_replaced(incident: Incident) -> bool:
    """Whether another failure took the place of a loss that is usual: no good run ended it."""
    return is_usual_loss(incident) and not incident.is_open and incident.resolved_by is None
