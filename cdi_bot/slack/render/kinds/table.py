"""Which renderer speaks for which kind of incident, and what is said of integrations of any kind."""

from __future__ import annotations

from collections.abc import Iterable

from cdi_bot.core.model.incident import UNWATCHED, Incident, Kind, Topic
from cdi_bot.core.model.run import Outcome, Run
from cdi_bot.delivery.views import IncidentView
from cdi_bot.slack.render.kinds.base import GroupTexts, KindRenderer, TopicTexts
from cdi_bot.slack.render.kinds.late import Late
from cdi_bot.slack.render.kinds.quality import Quality
from cdi_bot.slack.render.kinds.recovering import Recovering, Unwatched
from cdi_bot.slack.render.kinds.slow import Slow
from cdi_bot.slack.render.kinds.stale import Stale
from cdi_bot.slack.render.kinds.sync_failed import SyncFailed
from cdi_bot.slack.render.kinds.unreachable import Unreachable
from cdi_bot.slack.render.kit.advice import with_source
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import BAD, DUBIOUS, GOOD, UNSEEN, long_status, run_sign
from cdi_bot.slack.render.kit.text import bold_subject, escape

RENDERERS: dict[Kind, KindRenderer] = {
    Kind.SYNC_FAILED: SyncFailed(),
    Kind.LATE: Late(),
    Kind.SLOW: Slow(),
    Kind.QUALITY: Quality(),
    Kind.STALE: Stale(),
    Kind.UNREACHABLE: Unreachable(),
}
"""In the order in which the form offers their topics."""


def renderer_of(incident: Incident) -> KindRenderer:
    """Return what speaks for an incident."""
    kind = RENDERERS[incident.kind]
    if incident.reason == UNWATCHED:
        return Unwatched(kind)
    return Recovering(kind) if incident.is_recovering else kind


def facts_of(view: IncidentView, i18n: Translator) -> list[str]:
    """Say in up to three lines of mrkdwn how an incident stands; the first begins with the name."""
    incident, kind = view.incident, renderer_of(view.incident)
    name = bold_subject(view, i18n)
    if not incident.is_open:
        first = i18n("{name} {ended}").format(name=name, ended=escape(kind.over(view, i18n)))
        return [first, *filter(None, [kind.left_to_do(view, i18n)])]
    named = with_source(name, view.integration, i18n)
    first = i18n("{name} – {state}").format(name=named, state=kind.what(view, i18n))
    return [first, *filter(None, [" · ".join(kind.since(view, i18n)), kind.outlook(view, i18n)])]


def attention_line(view: IncidentView, i18n: Translator, notes: Iterable[str]) -> str:
    """Say in mrkdwn what is wrong with an integration of a list, and below it since when; `notes` follow that."""
    kind = renderer_of(view.incident)
    below = " · ".join([*kind.since(view, i18n)[:2], *notes])
    first = f"{kind.sign(view.incident)} {facts_of(view, i18n)[0]}"
    return f"{first}\n{below}" if below else first


def group_texts(incidents: Iterable[Incident]) -> GroupTexts:
    """Return what speaks for several incidents: their kind's texts where they are of one kind."""
    kinds = {incident.kind for incident in incidents}
    return RENDERERS[kinds.pop()] if len(kinds) == 1 else GroupTexts()


def group_sign(incidents: Iterable[Incident]) -> str:
    """Return the sign of several open incidents; good where there is none."""
    severe = [renderer_of(incident).severe for incident in incidents]
    return GOOD if not severe else BAD if any(severe) else DUBIOUS


def topic_texts(i18n: Translator) -> dict[Topic, TopicTexts]:
    """Name what a channel can subscribe to, in the order in which the form offers it."""
    of_kinds = [renderer.topics(i18n) for renderer in RENDERERS.values()]
    return {topic: texts for topics in of_kinds for topic, texts in topics.items()} | {
        Topic.LIFECYCLE: TopicTexts(
            i18n("changes in Braze"),
            i18n("Changes in Braze"),
            i18n("paused, resumed, renamed, another schedule, deleted"),
        ),
        Topic.RECOVERY: TopicTexts(i18n("recoveries"), i18n("Recoveries"), i18n("an incident is over")),
        Topic.RUNNING: TopicTexts(
            i18n("sync starts"), i18n("Sync starts"), i18n("every run, as it starts: many messages")
        ),
    }


# --------------------------------------------------------------------------------- integrations


def state_sign(incident: Incident | None, newest: Run | None, *, missing: bool) -> str:
    """Return the sign of an integration: of its open incident, else of its newest run."""
    if missing:
        return UNSEEN
    return renderer_of(incident).sign(incident) if incident else run_sign(newest)


def state_text(incident: Incident | None, newest: Run | None, i18n: Translator, *, missing: bool) -> str:
    """Say in plain text how an integration is: what its open incident says, else its newest run."""
    if missing:
        return i18n("Not found in Braze")
    if incident:
        return renderer_of(incident).headline(incident, i18n)
    if newest is None:
        return i18n("No run has ended yet")
    if newest.outcome is Outcome.GOOD and newest.rows_synced is not None:
        return i18n.counted(
            "The last run succeeded: {count} row synced",
            "The last run succeeded: {count} rows synced",
            newest.rows_synced,
        )
    return long_status(newest.job_status, i18n)


def overall_state(
    *, failing: int, unhealthy: int, total: int, reachable: bool, i18n: Translator
) -> tuple[str, str]:
    """Return the sign and, in plain text, how many of all integrations are, or were while Braze was `reachable`."""
    if not unhealthy and not reachable:
        text = i18n.ngettext(
            "{total} integration, was healthy", "All {total} integrations were healthy", total
        )
        return UNSEEN, text.format(total=i18n.number(total))
    if not unhealthy:
        text = i18n.ngettext("{total} integration, healthy", "All {total} integrations healthy", total)
    elif unhealthy > failing:
        text = i18n.ngettext(
            "{count} of {total} integration needs attention",
            "{count} of {total} integrations need attention",
            total,
        )
    else:
        text = i18n.ngettext(
            "{count} of {total} integration failing", "{count} of {total} integrations failing", total
        )
    sign = GOOD if not unhealthy else BAD if failing else DUBIOUS
    return sign, text.format(count=i18n.number(unhealthy), total=i18n.number(total))
