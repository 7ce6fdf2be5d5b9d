"""A channel's digest: what needs attention now, how the period went against the one before, and what to do first."""

from __future__ import annotations

from dataclasses import replace

from cdi_bot.core.statistics import IntegrationTotals
from cdi_bot.delivery.views import MOST_WORST, DigestView, IncidentView
from cdi_bot.slack.render.kinds.table import group_sign, renderer_of
from cdi_bot.slack.render.kit.blocks import Block, Rendered, context, section
from cdi_bot.slack.render.kit.buttons import history_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import GOOD, SOME, UNSEEN
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    UNKNOWN,
    bold_name,
    code,
    date,
    duration,
    escape,
    plain_line,
    repeat_note,
    share,
    titled,
)
from cdi_bot.slack.render.subscriptions import schedule_text


def render_digest(view: DigestView, i18n: Translator) -> Rendered:
    """Sum up a period: what is failing first, then the totals, then the integrations that need somebody."""
    period = i18n("{since} to {until}").format(since=date(view.content.since), until=date(view.content.until))
    title = i18n("Digest")
    if view.workspace_name:  # named once: it is about one workspace
        title = titled(view.workspace_name, title)
        worst = ((replace(part, integration=part.integration.alone), url) for part, url in view.worst)
        view = replace(view, workspace_name=None, worst=tuple(worst))
    facts = [_attention(view, i18n)]
    if view.integrations and view.totals.runs:
        facts += [_runs(view, i18n), _rows(view, i18n)]
    shown = view.worst[:MOST_WORST]
    top = [_top(part, url, i18n) for part, url in shown]
    listed = [
        section(text, accessory=history_button(part.integration, i18n, action_id=f"history:{place}"))
        for place, (text, (part, _)) in enumerate(zip(top, shown, strict=True))
    ]
    text = i18n("; ").join([*facts, *(each.partition("\n")[0] for each in top)])
    head = section("\n".join([f"🗓️ *{title}* · {period}", *facts]))
    return Rendered(text=plain_line(f"{title} – {text}"), blocks=[head, *listed, _notes(view, i18n)])


def _attention(view: DigestView, i18n: Translator) -> str:
    """Say in one line, with its sign, which integrations are unhealthy as the period ends."""
    if not view.integrations:
        return f"{UNSEEN} " + i18n("This channel has no subscriptions.")
    if not view.failing:
        if not view.totals.runs:
            return f"{UNSEEN} " + i18n("No run ended")
        return f"{GOOD} " + i18n("Nothing needs attention now")
    unhealthy = [part for part, _ in view.worst[:MOST_WORST] if part.still_open]
    names = [bold_name(part.integration, None, SHORT_NAME) for part in unhealthy]
    if more := view.failing - len(names):
        names.append(i18n("{count} more").format(count=i18n.number(more)))
    text = i18n.counted(
        "*{count} integration needs attention:* {names}",
        "*{count} integrations need attention:* {names}",
        view.failing,
        names=i18n.listed(names),
    )
    return f"{group_sign(each for part in unhealthy for each in part.still_open)} {text}"


def _runs(view: DigestView, i18n: Translator) -> str:
    """Say how many runs failed, which share that is, and how many they were in the period before."""
    now, before = view.totals, view.before
    runs = i18n.counted("{count} run", "{count} runs", now.runs)
    known = [share(now.failed / now.runs, i18n)] if now.failed and now.runs else []
    if before:
        known.append(i18n("was {count}").format(count=i18n.number(before.failed)))
    failed = i18n("{count} failed").format(count=i18n.number(now.failed))
    return f"{runs} · {_with(failed, known, i18n)}"


def _rows(view: DigestView, i18n: Translator) -> str:
    """Say how many rows were synced and failed, and how many they were in the period before."""
    now, before = view.totals, view.before

    def compared(text: str, count: int, was: int | None) -> str:
        known = [] if was is None else [i18n("was {count}").format(count=i18n.number(was))]
        return _with(text.format(count=i18n.number(count)), known, i18n)

    synced = compared(i18n("{count} rows synced"), now.rows_synced, before.rows_synced if before else None)
    failed = compared(i18n("{count} rows failed"), now.rows_failed, before.rows_failed if before else None)
    return f"{synced} · {failed}"


def _with(said: str, known: list[str], i18n: Translator) -> str:
    return i18n("{said} ({more})").format(said=said, more=i18n.listed(known)) if known else said


def _top(part: IntegrationTotals, url: str | None, i18n: Translator) -> str:
    """Say how one integration did, and below it what to do where it is still unhealthy."""
    said = []
    if part.still_open:
        states = [escape(renderer_of(each).short_state(each, i18n)) for each in part.still_open]
        since = min(min(each.opened_at, each.failing_since) for each in part.still_open)
        said.append(i18n("{state} since {when}").format(state=i18n.listed(states), when=date(since)))
    elif part.unhealthy_for:
        said.append(i18n("unhealthy for {length}").format(length=duration(part.unhealthy_for, i18n)))
    if part.sums.failed:
        said.append(
            i18n.counted(
                "{failed} of {count} run failed",
                "{failed} of {count} runs failed",
                part.sums.runs,
                failed=i18n.number(part.sums.failed),
            )
        )
    sign = group_sign(part.still_open) if part.still_open else SOME
    line = f"{sign} {bold_name(part.integration, url, SHORT_NAME)}: {i18n.listed(said) or UNKNOWN}"
    step = _next_step(part, url, i18n)
    return f"{line}\n{step}" if step else line


def _next_step(part: IntegrationTotals, url: str | None, i18n: Translator) -> str | None:
    """Say what to do about the first of the incidents that are open."""
    for incident in part.still_open:
        view = IncidentView(incident=incident, integration=part.integration, dashboard_url=url)
        if advice := renderer_of(incident).advice(view, i18n):
            return advice
    return None


def _notes(view: DigestView, i18n: Translator) -> Block:
    said = []
    if view.unreachable:
        length = duration(view.unreachable, i18n)
        said.append(i18n("Braze could not be reached for {length} of this time.").format(length=length))
    schedule = schedule_text(view.content.schedule, view.content.zone, i18n)
    said.append(
        i18n("Sent {schedule}. To end it: {command}").format(
            schedule=schedule, command=code("/cdi digest off")
        )
    )
    return context(*said, *repeat_note(i18n, possible=view.possible_repeat))
