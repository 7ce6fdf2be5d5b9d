"""Snoozes: what a channel is told of them, what somebody is answered, the list of them, and the form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from cdi_bot.core.model.message import Snoozed, Unsnoozed
from cdi_bot.core.model.subscription import Selection, Snooze
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    actions,
    button,
    context,
    plain_text,
    section,
    short_message,
)
from cdi_bot.slack.render.kit.buttons import snoozes_button, unsnooze_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import date, plain_line, read_out, snooze_time, user, with_reason
from cdi_bot.slack.render.kit.windows import View, input_block, window_title
from cdi_bot.slack.render.subscriptions import selector_text
from cdi_bot.usecases.answers import NothingToSnooze, SnoozeEnded, SnoozeList, SnoozeSet

SIGN = "💤"

FORM = "snooze_form"
WHAT, WHEN, REASON = "what", "when", "reason"

_LISTED = 20
"""So many snoozes are listed, each in two blocks."""

_TEXT = 200
"""Characters that a field of the form takes."""


# --------------------------------------------------------------------------------- notices


def snoozed(content: Snoozed, view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who snoozed what, when and why."""
    line = i18n("{who} snoozed {what} in this channel {time}").format(
        who=user(content.who),
        what=_told(content, view, i18n),
        time=snooze_time(content.until, i18n, begins=content.begins, every=content.every),
    )
    line = with_reason(line, content.reason, i18n)
    return short_message(line, sign=SIGN, accessory=snoozes_button(i18n))


def unsnoozed(content: Unsnoozed, view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who ended a snooze."""
    line = i18n("{who} ended the snooze of {what} in this channel")
    return short_message(line.format(who=user(content.who), what=_told(content, view, i18n)), sign="🔔")


def _told(content: Snoozed | Unsnoozed, view: EventView, i18n: Translator) -> str:
    one = view.integration
    what = (
        Selection.of(one) if one else Selection(selector=content.selector, workspace_name=view.workspace_name)
    )
    return selector_text(what, i18n)


# --------------------------------------------------------------------------------- answers


def _time(snooze: Snooze, i18n: Translator) -> str:
    planned = snooze.begins if snooze.begins > snooze.at else None
    return snooze_time(snooze.until, i18n, begins=planned, every=snooze.every)


def _set(answer: SnoozeSet, i18n: Translator) -> Rendered:
    line = i18n("{what} is already snoozed {time}") if answer.unchanged else i18n("{what} is snoozed {time}")
    line = line.format(what=selector_text(answer.what, i18n), time=_time(answer.snooze, i18n))
    return short_message(with_reason(line, answer.snooze.reason, i18n), accessory=snoozes_button(i18n))


def _nothing(answer: NothingToSnooze, i18n: Translator) -> Rendered:
    line = i18n("Nothing to snooze until it recovers: {what} has no open incident.")
    return short_message(line.format(what=selector_text(answer.what, i18n)))


def _ended(answer: SnoozeEnded, i18n: Translator) -> Rendered:
    if answer.what is None:
        return short_message(i18n("This snooze has ended already."))
    what = selector_text(answer.what, i18n)
    if answer.still is None:
        line = i18n("{what} is no longer snoozed.") if answer.was_snoozed else i18n("{what} isn't snoozed.")
        return short_message(line.format(what=what))
    snooze, wider = answer.still
    line = i18n("{what} is still snoozed {time}, as a part of this: {wider}")
    return short_message(
        line.format(what=what, time=_time(snooze, i18n), wider=selector_text(wider, i18n)),
        accessory=snoozes_button(i18n),
    )


def _list(answer: SnoozeList, i18n: Translator) -> Rendered:
    hint = i18n("`/cdi snooze NAME 2h` snoozes, `/cdi help snooze` shows windows that are planned or recur.")
    label = i18n("Snooze…")
    new = button(label, "snooze_new", {"channel": answer.channel.channel_id}, says=label)
    if not answer.rows:
        return short_message(i18n("Nothing is snoozed in this channel."), hint, row=actions([new]))
    title = i18n("Snoozed in this channel")
    lines = [_line(snooze, what, i18n) for snooze, what in answer.rows]
    blocks: list[Block] = [section(f"{SIGN} *{title}*")]
    for place, (snooze, what) in enumerate(answer.rows[:_LISTED]):
        blocks += [section(lines[place]), *actions(_buttons(answer, place, snooze, what, i18n))]
    more = len(answer.rows) - _LISTED
    notes = [i18n("… and {count} more").format(count=i18n.number(more)), hint] if more > 0 else [hint]
    return Rendered(text=read_out([title, *lines]), blocks=[*blocks, *actions([new]), context(*notes)])


def _line(snooze: Snooze, what: Selection, i18n: Translator) -> str:
    """Say in mrkdwn what is snoozed when, by whom and why."""
    said = [i18n("{what} {time}").format(what=selector_text(what, i18n), time=_time(snooze, i18n))]
    if snooze.every and snooze.until:
        text = i18n("now until {when}") if snooze.has_begun else i18n("next {when}")
        said.append(text.format(when=date(snooze.until if snooze.has_begun else snooze.begins)))
    said.append(i18n("by {who}").format(who=user(snooze.by)))
    return with_reason(i18n.listed(said), snooze.reason, i18n)


def _buttons(
    answer: SnoozeList, place: int, snooze: Snooze, what: Selection, i18n: Translator
) -> list[Block | None]:
    name = plain_line(selector_text(what, i18n))
    label = i18n("Change…")
    carried = {"channel": answer.channel.channel_id, "snooze": snooze.snooze_id}
    return [
        button(
            label,
            f"snooze_change:{place}",
            carried,
            says=i18n("{label}: {name}").format(label=label, name=name),
        ),
        unsnooze_button(snooze, name, i18n, action_id=f"snooze_end:{place}", place=answer.channel),
    ]


RENDERERS: Renderers = {SnoozeSet: _set, NothingToSnooze: _nothing, SnoozeEnded: _ended, SnoozeList: _list}


# --------------------------------------------------------------------------------- the form


def snooze_form(
    channel_id: str, present: tuple[Snooze, Selection] | None, zone: tzinfo, i18n: Translator
) -> View:
    """Return the form for a new snooze, or for a `present` one; its times are in this zone."""
    what: Block = {"type": "plain_text_input", "max_length": _TEXT}
    when: Block = {"type": "plain_text_input", "max_length": _TEXT, "placeholder": plain_text("2h")}
    reason: Block = {"type": "plain_text_input", "max_length": _TEXT}
    snooze, about = present or (None, None)
    if snooze:
        when["initial_value"] = _typed(snooze, zone)
        if snooze.reason:
            reason["initial_value"] = snooze.reason[:_TEXT]
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": json.dumps({"channel": channel_id, "snooze": snooze.snooze_id if snooze else 0}),
        "title": form_title(i18n),
        "submit": window_title(i18n("Save")),
        "close": window_title(i18n("Cancel")),
        "blocks": [
            section(selector_text(about, i18n))
            if about
            else input_block(
                WHAT, i18n("Integrations"), what, hint=i18n("A name, Users* or all."), optional=False
            ),
            input_block(
                WHEN,
                i18n("When"),
                when,
                hint=i18n("2h · until recovery · from fri 18:00 until mon 8:00 · every sun 02:00-06:00"),
                optional=False,
            ),
            input_block(REASON, i18n("Reason"), reason, optional=True),
        ],
    }


def form_title(i18n: Translator) -> Block:
    """Title the form."""
    return window_title(i18n("Snooze"))


def _typed(snooze: Snooze, zone: tzinfo) -> str:
    """When a snooze is, as people type it."""
    if snooze.every:
        return f"every {snooze.every}"
    if snooze.until is None:
        return "until recovery"
    begins, until = (f"{each.astimezone(zone):%Y-%m-%d %H:%M}" for each in (snooze.begins, snooze.until))
    return f"until {until}" if snooze.has_begun else f"from {begins} until {until}"


def typed(view: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by field."""
    values = view["state"]["values"]
    return {
        field: str((values.get(field) or {}).get(field, {}).get("value") or "").strip()
        for field in (WHAT, WHEN, REASON)
    }
