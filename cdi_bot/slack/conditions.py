"""What late, slow and quality incidents are called, what they mean, and what to do next. Pure."""

from __future__ import annotations

from cdi_bot.core.model import Incident, Kind
from cdi_bot.core.quality import Flaw
from cdi_bot.slack.words import Words


def condition_name(incident: Incident, words: Words) -> str:
    """Name it in a word or two, as plain text."""
    _ = words.gettext
    if incident.kind is Kind.LATE:
        return _("late")
    if incident.kind is Kind.SLOW:
        return _("slow")
    return _("no rows any more") if incident.reason == Flaw.NO_ROWS else _("watermark in the future")


def condition_headline(incident: Incident, words: Words) -> str:
    """Say in plain text how it stands while it is open."""
    _ = words.gettext
    if incident.kind is Kind.LATE:
        return _("Late: no run has begun at its planned time")
    if incident.kind is Kind.SLOW:
        return _("Slow: a run goes on far longer than usual")
    if incident.reason == Flaw.NO_ROWS:
        return _("Quality: runs succeed, but bring no rows any more")
    return _("Quality: the last timestamp synced lies in the future, so Braze skips older rows")


def condition_advice(incident: Incident, words: Words) -> str:
    """Say what to do next, in mrkdwn."""
    _ = words.gettext
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
    if incident.reason == Flaw.NO_ROWS:
        return _(
            "Check that whatever fills the source still runs, and that changed rows get a new update time. "
            "If no rows are meant to come, acknowledge this."
        )
    return _(
        "Braze skips rows whose update time lies before this timestamp, and reports success all the same. Find the "
        "rows whose update time lies in the future and mend them at the source; update times have to be in UTC. "
        "Rows that were skipped meanwhile come only with a later update time."
    )
