"""`/cdi test`: the sample alert in the channel, and what its sender is told of its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.model.sample_alert import SampleAlert
from cdi_bot.delivery.views import CardView, EventView, IncidentView
from cdi_bot.slack.render.cards import render_card
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    button,
    context,
    section,
    short_message,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import channel_advice, channel_problem, reason_text
from cdi_bot.slack.render.kit.runs import BAD, GOOD, UNSEEN
from cdi_bot.slack.render.kit.text import date, escape, mentions, user
from cdi_bot.usecases.answers import SampleSent

SIGN = "🧪"

_USUAL_ROWS = 12_400
_EVERY, _TAKES = timedelta(minutes=15), timedelta(seconds=40)


def sample_alert(content: SampleAlert, _view: EventView, i18n: Translator) -> Rendered:
    """Show the card of a failure that is made up, without buttons, below a line that says so.

    Whom real alerts mention stands beside the bar, where a mention notifies nobody; where Slack takes no bar, nowhere.
    """
    line = i18n("*Sample alert*, sent by {who}: nothing has failed. A real one looks like this:")
    first = section(f"{SIGN} {line.format(who=user(content.who))}")
    card = render_card(CardView(incidents=(_made_up(content, i18n),)), i18n)
    blocks = [first, *(each for each in card.blocks if each["type"] != "actions")]
    called = mentions(content.mentions)
    return replace(
        card,
        text=i18n("Sample alert: {alert}").format(alert=card.text),
        blocks=[*blocks, *_calls(called, i18n)],
        plainer=blocks,
    )


def sample_button(action_id: str, carried: dict[str, str], i18n: Translator) -> Block | None:
    """Return the button that sends a sample alert to a channel."""
    label = i18n("Send a sample alert")
    return button(label, action_id, carried, says=label)


def _calls(called: str | None, i18n: Translator) -> list[Block]:
    return [context(i18n("A real alert here mentions {who}.").format(who=called))] if called else []


def _made_up(content: SampleAlert, i18n: Translator) -> IncidentView:
    """Make up an hourly sync that has just failed for the first time."""
    integration = Integration(
        workspace_id=0,
        integration_id="sample",
        integration_name=i18n("Sample sync"),
        warehouse_type="snowflake",
        next_scheduled_run=content.at + _EVERY,
    )

    def run(ago: int, status: str) -> Run:
        start = content.at - _TAKES - ago * _EVERY
        rows = _USUAL_ROWS if status == "success" else 0
        return Run(
            integration_id=integration.integration_id,
            sync_start_time=start,
            job_status=status,
            sync_finish_time=start + _TAKES,
            rows_synced=rows,
            rows_failed_with_errors=0,
        )

    failed = run(0, "error")
    incident = Incident(
        incident_id=0,
        workspace_id=0,
        integration_id=integration.integration_id,
        kind=Kind.SYNC_FAILED,
        revision=1,
        opened_at=content.at,
        failing_since=failed.sync_start_time,
        failed_runs=1,
        failed_in_a_row=1,
        last_failed=failed,
    )
    past = tuple(run(ago, "success") for ago in range(1, 5))
    return IncidentView(incident=incident, integration=integration, dashboard_url=None, past=past)


def _sample_sent(answer: SampleSent, i18n: Translator) -> Rendered:
    """Say for each step what happened: the outbox, Slack, and whether a real alert would come at all."""
    saved = i18n("Saved, as real alerts are before they are sent.")
    steps = [f"{GOOD} {saved}", _posted(answer, i18n)]
    if answer.unreachable:
        line = i18n("Can't reach Braze since {when} ({reason}): until it answers, no new failures are seen.")
        reason = escape(reason_text(answer.unreachable.reason, i18n))
        steps.append(f"{BAD} " + line.format(when=date(answer.unreachable.failing_since), reason=reason))
    if answer.integrations:
        line = i18n.counted(
            "This channel gets alerts for {count} integration.",
            "This channel gets alerts for {count} integrations.",
            answer.integrations,
        )
        called = mentions(answer.mentions)
        if called:
            line = i18n.sentences([line, i18n("New ones mention {who}.").format(who=called)])
        steps.append(f"{GOOD} {line}")
    else:
        steps.append(
            f"{UNSEEN} "
            + i18n("This channel is not subscribed to any integration yet: `/cdi subscribe NAME` or `all`.")
        )
    todo = i18n("`/cdi subscriptions` shows which alerts this channel gets.")
    return short_message(i18n("Sample alert"), todo, sign=SIGN, second="\n".join(steps))


def _posted(answer: SampleSent, i18n: Translator) -> str:
    if answer.took is not None:
        line = i18n("Posted in Slack after {seconds} s.")
        return f"{GOOD} " + line.format(seconds=i18n.number(round(answer.took.total_seconds(), 1)))
    later = i18n("It is sent as soon as that is possible.")
    if answer.trouble is None:
        return f"{UNSEEN} " + i18n.sentences([i18n("Not posted yet."), later])
    why = i18n("Not posted: {reason}.").format(reason=escape(channel_problem(answer.trouble, i18n)))
    return f"{BAD} " + i18n.sentences([why, channel_advice(answer.trouble, i18n), later])


RENDERERS: Renderers = {SampleSent: _sample_sent}
