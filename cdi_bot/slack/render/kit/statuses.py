"""What late, slow and quality incidents are called, what they mean, and what to do next. Pure."""

from __future__ import annotations

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.run import Run
from cdi_bot.core.rules.quality import QualityReason
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import reason_text
from cdi_bot.slack.render.kit.text import STATUS, name_of, outside, plain


def condition_name(incident: Incident, i18n: Translator) -> str:
    """Name it in a word or two, as plain text."""
    _ = i18n.gettext
    if incident.kind is Kind.LATE:
        return _("late")
    if incident.kind is Kind.SLOW:
        return _("slow")
    return _("no rows any more") if incident.reason == QualityReason.NO_ROWS else _("watermark in the future")


def condition_headline(incident: Incident, i18n: Translator) -> str:
    """Say in plain text how it stands while it is open."""
    _ = i18n.gettext
    if incident.kind is Kind.LATE:
        return _("Late: no run has begun at its planned time")
    if incident.kind is Kind.SLOW:
        return _("Slow: a run goes on far longer than usual")
    if incident.reason == QualityReason.NO_ROWS:
        return _("Quality: runs succeed, but bring no rows any more")
    return _("Quality: the last timestamp synced lies in the future, so Braze skips older rows")


def condition_advice(incident: Incident, i18n: Translator) -> str:
    """Say what to do next, in mrkdwn."""
    _ = i18n.gettext
    if incident.kind is Kind.LATE:
        return _(
            "Open the integration in Braze: check that it is switched on and that its schedule is what you expect. "
            "A sync started by hand shows whether it runs at all."
        )
    if incident.kind is Kind.SLOW:
        return _(
            "Look in your warehouse whether the query of this sync still runs or waits, and whether far more rows "
            "than usual have changed. The next run begins only after this one has ended; if it does not end, ask "
            "Braze's support."
        )
    if incident.reason == QualityReason.NO_ROWS:
        return _(
            "Check that whatever fills the source still runs, and that changed rows get a new update time. "
            "If no rows are meant to come, acknowledge this."
        )
    return _(
        "Braze skips rows whose update time lies before this timestamp, and reports success all the same. Find the "
        "rows whose update time lies in the future and mend them at the source; update times have to be in UTC. "
        "Rows that were skipped meanwhile come only with a later update time."
    )


GOOD, BAD, SOME, ODD, BUSY, DUBIOUS, UNSEEN = "🟢", "🔴", "🟠", "🟣", "🔵", "🟡", "⚪"
"""Never alone: each stands beside words."""

_SIGNS = {
    "success": GOOD,
    "error": BAD,
    "config_error": BAD,
    "partial": SOME,
    "running": BUSY,
}


def sign(status: str) -> str:
    """Return the coloured sign of a status."""
    return _SIGNS.get(status, ODD)


def short_status(status: str, i18n: Translator) -> str:
    """Name a status in a word or two, as plain text; an unknown one stands as Braze spells it."""
    _ = i18n.gettext
    known = {
        "success": _("Success"),
        "error": _("Error"),
        "config_error": _("Configuration error"),
        "partial": _("Partial"),
        "running": _("Running"),
    }
    return known.get(status) or f"“{plain(status, STATUS)}”"


def long_status(status: str, i18n: Translator) -> str:
    """Say in plain text what a status means for the rows."""
    _ = i18n.gettext
    known = {
        "success": _("Success: all rows arrived"),
        "error": _("Error: no rows arrived"),
        "config_error": _("Configuration error: the set-up in Braze is at fault"),
        "partial": _("Partial: some rows did not arrive"),
        "running": _("Running"),
    }
    return known.get(status) or _("Unknown status “{status}”: not taken for success").format(
        status=plain(status, STATUS)
    )


def advice(status: str, i18n: Translator) -> str:
    """Say what to do next about a run that ended so, in mrkdwn."""
    _ = i18n.gettext
    known = {
        "error": _(
            "Open the integration's Sync Log in Braze: it names the reason, and is kept for 30 days. "
            "Check that the warehouse can be reached and that the credentials and table permissions still hold. "
            "Then sync again."
        ),
        "config_error": _(
            "Open the integration in Braze and test its connection: check the credentials, the table or "
            "bucket name, and the columns it expects. It keeps failing until the set-up is mended."
        ),
        "partial": _(
            "Open the integration's Sync Log in Braze: it names each refused row with its reason, and is kept "
            "for 30 days. Mend these rows at the source with a new update time, so that the next sync takes them."
        ),
    }
    return known.get(status) or _(
        "Braze does not document the status “{status}”. Open the integration in Braze: its Sync Log shows what "
        "happened and whether rows arrived."
    ).format(status=outside(status, STATUS))


def headline(incident: Incident, i18n: Translator) -> str:
    """Say in plain text how an open incident stands."""
    _ = i18n.gettext
    if incident.kind is Kind.UNREACHABLE:
        return _("Braze can't be asked: {reason}").format(reason=reason_text(incident.reason, i18n))
    if incident.kind is not Kind.SYNC_FAILED:
        return condition_headline(incident, i18n)
    run = incident.last_failed
    state = long_status(run.job_status, i18n) if run else _("Failing")
    if incident.failed_in_a_row > 1:
        return i18n.ngettext(
            "{state}, {count} run in a row", "{state}, {count} runs in a row", incident.failed_in_a_row
        ).format(state=state, count=i18n.number(incident.failed_in_a_row))
    return state


def subject(view: IncidentView, i18n: Translator) -> str:
    """Name what an incident is about, as plain text: an integration, by its id if need be, or Braze itself."""
    if view.integration:
        return name_of(view.integration)
    return plain(view.incident.integration_id) if view.incident.integration_id else i18n.gettext("Braze")


def incident_sign(incident: Incident) -> str:
    """Return the sign of an open incident."""
    if incident.kind is Kind.UNREACHABLE:
        return UNSEEN
    return run_sign(incident.last_failed) if incident.kind is Kind.SYNC_FAILED else DUBIOUS


def recovery_sign(incident: Incident) -> str:
    """Return the sign of an incident that is over: a slow run's end need not be a good one."""
    if incident.kind is Kind.SLOW and incident.resolved_by:
        return run_sign(incident.resolved_by)
    return GOOD


def short_state(incident: Incident, i18n: Translator) -> str:
    """Say in a word or two, as plain text, in which way an open incident of an integration is not well."""
    if incident.kind is not Kind.SYNC_FAILED:
        return condition_name(incident, i18n)
    run = incident.last_failed
    return short_status(run.job_status, i18n) if run else i18n.gettext("Failing")


def run_sign(run: Run | None) -> str:
    """Return the sign of a run, or of there being none."""
    return sign(run.job_status) if run else UNSEEN


def count_of_all(*, failing: int, unhealthy: int, total: int, i18n: Translator) -> str:
    """Say in plain text how many of all integrations are not well; failing, where no other kind is among them."""
    if not unhealthy:
        return i18n.ngettext(
            "{total} integration, none failing", "{total} integrations, none failing", total
        ).format(total=i18n.number(total))
    # The number that is not well follows the one of all, so that no verb has to agree with both.
    if unhealthy > failing:
        text = i18n.ngettext(
            "{total} integration, {count} not well", "{total} integrations, {count} not well", total
        )
    else:
        text = i18n.ngettext(
            "{total} integration, {count} failing", "{total} integrations, {count} failing", total
        )
    return text.format(count=i18n.number(unhealthy), total=i18n.number(total))


def possible_repeat(i18n: Translator) -> str:
    """Say that a message was sent without knowing whether its first try arrived."""
    return i18n.gettext("This may be a repeat: Slack did not confirm the first try.")
