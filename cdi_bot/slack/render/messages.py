"""What turns a view into a channel's message, and those that sum up: of a new subscription, and the digest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import accumulate
from typing import Any

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.core.statistics import IntegrationTotals
from cdi_bot.delivery.views import (
    CardView,
    DigestView,
    EventView,
    GroupedNoticesView,
    GroupedReplyView,
    StoreView,
    SubscribedView,
    View,
)
from cdi_bot.slack.render.cards import render_card
from cdi_bot.slack.render.grouped import render_grouped_reply
from cdi_bot.slack.render.kinds.table import renderer_of
from cdi_bot.slack.render.kit.blocks import Block, Rendered, context, fields, paragraphs, section, small_print
from cdi_bot.slack.render.kit.buttons import history_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import BAD, GOOD, SOME, UNSEEN, run_sign, short_status
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_name,
    code,
    date,
    duration,
    escape,
    plain_line,
    repeat_note,
    share,
    user,
)
from cdi_bot.slack.render.notices import render_event, render_store
from cdi_bot.slack.render.subscriptions import digest_end_hint, filter_text, schedule_text, selector_text

SHOWN = 10
"""So many integrations are named in the message about a subscription."""

LIST_ROOM = 6000

GROUPED_TEXT = 3000
"""So many characters of several notices are in their push notification."""

WORST = 5
"""So many integrations are named, each with its History button."""


def render_view(view: View, i18n: Translator) -> Rendered:
    """Turn a view into a message."""
    render: Callable[[Any, Translator], Rendered] = _RENDERERS[type(view)]
    return render(view, i18n)


def render_grouped_notices(view: GroupedNoticesView, i18n: Translator) -> Rendered:
    """Say what each notice says first; what can be done about it is left out."""
    messages = [render_view(notice, i18n) for notice in view.notices]
    lines = [message.blocks[0]["text"]["text"] for message in messages]
    listed, held = paragraphs(lines, blocks=10, room=LIST_ROOM)
    rest = len(lines) - held
    lengths = accumulate(len(message.text) + 1 for message in messages)
    told = [message.text for message, length in zip(messages, lengths, strict=True) if length <= GROUPED_TEXT]
    more = [i18n("… and {count} more: `/cdi audit`").format(count=i18n.number(rest))] if rest else []
    return Rendered(
        text=" ".join(told),
        blocks=[*listed, *small_print([*more, *repeat_note(i18n, possible=view.possible_repeat)])],
    )


def render_subscribed(view: SubscribedView, i18n: Translator) -> Rendered:
    """Say who subscribed the channel to what, how that is doing, and what can be done next."""
    content = view.content
    single = view.last_runs[0][0] if len(view.last_runs) == 1 else None
    what = selector_text(content.selector, single, i18n)
    if content.changed:
        line = i18n("{who} changed what this channel hears of {what}.")
    else:
        line = i18n("{who} subscribed this channel to {what}.")
    line = line.format(who=user(content.who), what=what)
    subscribed = i18n("Told here: {filters}.").format(filters=filter_text(content.filters, i18n))
    listed, _held = paragraphs(_present(view, i18n), blocks=5, room=LIST_ROOM)
    todo = i18n(
        "`/cdi status` shows how things are, `/cdi subscriptions` what this channel hears of. To end it: {end}"
    )
    end = code(f"/cdi unsubscribe {content.selector}")
    return Rendered(
        text=plain_line(line),
        blocks=[
            section(f"🔔 {line}\n{subscribed}"),
            *listed,
            context(todo.format(end=end), *repeat_note(i18n, possible=view.possible_repeat)),
        ],
    )


def _present(view: SubscribedView, i18n: Translator) -> list[str]:
    lines = [_count(view, i18n)] if view.total != 1 or not view.last_runs else []
    lines += [_newest(integration, run, i18n) for integration, run in view.last_runs[:SHOWN]]
    if not view.last_runs:
        lines += [f"{BAD} {bold_name(one, None, SHORT_NAME)}" for one in view.failing[:SHOWN]]
        rest = len(view.failing) - SHOWN
        if rest > 0:
            lines.append(i18n("… and {count} more: `/cdi status`").format(count=i18n.number(rest)))
    return lines


def _count(view: SubscribedView, i18n: Translator) -> str:
    if view.total == 0:
        none = (
            i18n("No integration is known yet; those to come will be taken in.")
            if view.content.selector == "all"
            else i18n("No integration fits at present; those to come will be taken in.")
        )
        return f"{UNSEEN} {none}"
    failing = len(view.failing)
    said = [i18n.counted("{count} integration", "{count} integrations", view.total)]
    said.append(
        i18n.counted("{count} failing now", "{count} failing now", failing)
        if failing
        else i18n("none failing now")
    )
    if view.unknown:
        said.append(i18n("{count} not seen yet").format(count=i18n.number(view.unknown)))
    return f"{BAD if failing else GOOD} " + i18n("{sentence}.").format(sentence=i18n.listed(said))


def _newest(integration: Integration, run: Run | None, i18n: Translator) -> str:
    name = bold_name(integration, None, SHORT_NAME)
    if run is None:
        return f"{UNSEEN} {name}: " + i18n("no run seen yet")
    said = i18n("{status}, newest run started {when}").format(
        status=escape(short_status(run.job_status, i18n)), when=date(run.sync_start_time)
    )
    return f"{run_sign(run)} {name}: {said}"


def render_digest(view: DigestView, i18n: Translator) -> Rendered:
    """Sum up a period, and compare it with the one before."""
    sign, line = _summary(view, i18n)
    title = i18n("Digest")
    period = i18n("{since} to {until}").format(since=date(view.content.since), until=date(view.content.until))
    head = section(f"🗓️ *{title}* · {period}\n{sign} {line}")
    figures = [fields(_figures(view, i18n))] if view.integrations else []
    return Rendered(
        text=plain_line(f"{title} – {line}"),
        blocks=[head, *figures, *_worst(view, i18n), context(*_notes(view, i18n))],
    )


def _summary(view: DigestView, i18n: Translator) -> tuple[str, str]:
    """Say in one line how it went, with its sign."""
    if not view.integrations:
        return UNSEEN, i18n("This channel hears of no integration.")
    if view.failing:
        text = i18n.counted(
            "{count} integration was not well at the end.",
            "{count} integrations were not well at the end.",
            view.failing,
        )
        return BAD, text
    if view.totals.failed or view.totals.unhealthy_for:
        text = i18n.counted(
            "{count} run failed, everything was well again at the end.",
            "{count} runs failed, everything was well again at the end.",
            view.totals.failed,
        )
        return SOME, text
    if not view.totals.runs:
        return UNSEEN, i18n("No run ended.")
    return GOOD, i18n("Every run succeeded.")


def _figures(view: DigestView, i18n: Translator) -> list[tuple[str, str]]:
    """Return the sums of the period and how they compare, as labels and mrkdwn values."""
    now, before = view.totals, view.before
    same = i18n("{value}: as before")
    counted = i18n("{value}: {change} more than before"), i18n("{value}: {change} less than before"), same

    def count(value: int, was: int | None) -> str:
        return _compared(i18n.number(value), value, was, i18n.number, counted)

    failed = i18n.number(now.failed)
    if now.failed and now.runs:
        failed = i18n("{count} ({share} of all)").format(
            count=failed, share=share(now.failed / now.runs, i18n)
        )
    was_failed = before.failed if before else None
    failed = _compared(failed, now.failed, was_failed, i18n.number, counted)
    lasted = _compared(
        duration(now.unhealthy_for, i18n),
        now.unhealthy_for.total_seconds(),
        before.unhealthy_for.total_seconds() if before else None,
        lambda seconds: duration(timedelta(seconds=seconds), i18n),
        (i18n("{value}: {change} longer than before"), i18n("{value}: {change} shorter than before"), same),
    )
    return [
        (i18n("Integrations"), i18n.number(view.integrations)),
        (i18n("Runs"), count(now.runs, before.runs if before else None)),
        (i18n("Failed runs"), failed),
        (i18n("Time not well"), lasted),
        (i18n("Rows synced"), count(now.rows_synced, before.rows_synced if before else None)),
        (i18n("Rows failed"), count(now.rows_failed, before.rows_failed if before else None)),
    ]


def _compared(
    shown: str,
    value: float,
    was: float | None,
    write: Callable[[float], str],
    texts: tuple[str, str, str],
) -> str:
    """Say a value with how it changed against the period before, if that is known."""
    if was is None:
        return shown
    more, less, same = texts
    text = same if value == was else more if value > was else less
    return text.format(value=shown, change=write(abs(value - was)))


def _worst(view: DigestView, i18n: Translator) -> list[Block]:
    if not view.worst:
        return []
    listed = [
        section(
            _line(part, url, i18n),
            accessory=history_button(part.integration, i18n, action_id=f"history:{place}"),
        )
        for place, (part, url) in enumerate(view.worst[:WORST])
    ]
    title = i18n("Worst")
    return [section(f"*{title}*"), *listed]


def _line(part: IntegrationTotals, url: str | None, i18n: Translator) -> str:
    said = []
    if part.unhealthy_for:
        said.append(i18n("not well for {length}").format(length=duration(part.unhealthy_for, i18n)))
    if part.sums.failed:
        said.append(
            i18n.counted(
                "{failed} of {count} run failed",
                "{failed} of {count} runs failed",
                part.sums.runs,
                failed=i18n.number(part.sums.failed),
            )
        )
    if part.still_open:
        states = i18n.listed(
            escape(renderer_of(incident).short_state(incident, i18n)) for incident in part.still_open
        )
        said.append(i18n("at the end: {state}").format(state=states))
    mark = BAD if part.still_open else SOME
    return f"{mark} {bold_name(part.integration, url, SHORT_NAME)}: {i18n.listed(said)}"


def _notes(view: DigestView, i18n: Translator) -> list[str]:
    said = []
    if view.unreachable:
        said.append(
            i18n("Braze could not be asked for {length} of this time.").format(
                length=duration(view.unreachable, i18n)
            )
        )
    if view.integrations and view.before is None:
        said.append(i18n("Nothing is known of the time before, so there is nothing to compare with."))
    comes = i18n("It comes {schedule}.").format(
        schedule=schedule_text(view.content.schedule, view.content.zone, i18n)
    )
    said.append(f"{comes} {digest_end_hint(i18n)}")
    return [*said, *repeat_note(i18n, possible=view.possible_repeat)]


_RENDERERS: dict[type[View], Callable[[Any, Translator], Rendered]] = {
    CardView: render_card,
    DigestView: render_digest,
    SubscribedView: render_subscribed,
    GroupedReplyView: render_grouped_reply,
    GroupedNoticesView: render_grouped_notices,
    StoreView: render_store,
    EventView: render_event,
}
