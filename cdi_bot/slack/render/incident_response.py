"""Incidents, snoozes and syncs: what one person is answered; the notices of snoozes and of a spike."""

from __future__ import annotations

from cdi_bot.core.model.incident import NOBODY
from cdi_bot.core.model.message import Snoozed, Unsnoozed
from cdi_bot.core.model.source import source_of
from cdi_bot.core.model.spike import Spike
from cdi_bot.core.model.subscription import Selection, Snooze
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.kinds.flaws import UNUSUAL, flaw_name
from cdi_bot.slack.render.kit.advice import sync_warning, with_source
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    actions,
    button,
    context,
    section,
    short_message,
)
from cdi_bot.slack.render.kit.buttons import (
    history_button,
    snoozes_button,
    spike_button,
    switch_off_button,
    sync_button,
    unsnooze_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.runs import GOOD
from cdi_bot.slack.render.kit.text import (
    bold_name,
    date,
    expected_notes,
    outside,
    plain_line,
    read_out,
    snooze_time,
    user,
    with_reason,
)
from cdi_bot.slack.render.subscriptions import selector_text
from cdi_bot.usecases.answers import ConfirmSync, NothingOpen, SyncStarted
from cdi_bot.usecases.change_answers import (
    Acknowledged,
    CannotTakeOver,
    MarkedExpected,
    NothingToMark,
    NothingToSnooze,
    SnoozeEnded,
    SnoozeList,
    SnoozeSet,
    SwitchedOff,
    TakenBack,
)

_SNOOZE = "💤"

_LISTED = 15
"""So many snoozes are listed, each in two blocks."""

_ABOVE = 200
"""The weight that is left for the name of a channel above the list of another one."""


def _acknowledged(answer: Acknowledged, i18n: Translator) -> Rendered:
    """Say what a channel does not show: mostly that nothing had to be changed."""
    about, by = answer.integration, answer.already_by
    name = bold_name(about) if about else ""
    if by == NOBODY:
        nobody = i18n("Nobody has acknowledged {name}.") if about else i18n("Nothing here is acknowledged.")
        return short_message(nobody.format(name=name))
    if by and about:
        line = i18n("{who} has already acknowledged {name}.")
        return short_message(line.format(who=user(by), name=name))
    if by:
        return short_message(i18n("Everything that is open in this channel is already acknowledged."))
    if answer.to == NOBODY:
        line = i18n("You took back the acknowledgement of {name}: reminders start again.")
    elif answer.to:
        line = i18n("You handed on {name} to {who}.")
    else:
        line = i18n("You acknowledged {name}: reminders stop.")
    name = name or i18n("everything that is open in this channel")
    return short_message(line.format(name=name, who=user(answer.to or "")))


def _cannot_take_over(answer: CannotTakeOver, i18n: Translator) -> Rendered:
    line = i18n("I can't hand it on to {who}: apps, guests and people from outside can't acknowledge.")
    return short_message(line.format(who=user(answer.who)))


def _nothing_open(answer: NothingOpen, i18n: Translator) -> Rendered:
    if answer.integration is None:
        return short_message(i18n("Nothing is open in this channel."), sign=GOOD)
    return short_message(i18n("{name} has no open incident.").format(name=bold_name(answer.integration)))


# --------------------------------------------------------------------------------- snoozes


def snoozed(content: Snoozed, view: EventView, i18n: Translator) -> Rendered:
    """Tell the channel who snoozed what, when and why."""
    line = i18n("{who} snoozed {what} in this channel {time}").format(
        who=user(content.who),
        what=_told(content, view, i18n),
        time=snooze_time(content.until, i18n, begins=content.begins, every=content.every),
    )
    line = with_reason(line, content.reason, i18n)
    return short_message(line, sign=_SNOOZE, accessory=snoozes_button(i18n))


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


def _snooze_time(snooze: Snooze, i18n: Translator) -> str:
    planned = snooze.begins if snooze.begins > snooze.at else None
    return snooze_time(snooze.until, i18n, begins=planned, every=snooze.every)


def _snooze_set(answer: SnoozeSet, i18n: Translator) -> Rendered:
    line = i18n("{what} is already snoozed {time}") if answer.unchanged else i18n("{what} is snoozed {time}")
    line = line.format(what=selector_text(answer.what, i18n), time=_snooze_time(answer.snooze, i18n))
    return short_message(with_reason(line, answer.snooze.reason, i18n), accessory=snoozes_button(i18n))


def _nothing_to_snooze(answer: NothingToSnooze, i18n: Translator) -> Rendered:
    line = i18n("There is nothing to recover: no incident is open of {what}.")
    todo = i18n("`/cdi snooze NAME 2h` snoozes for a while.")
    return short_message(line.format(what=selector_text(answer.what, i18n)), todo)


def _snooze_ended(answer: SnoozeEnded, i18n: Translator) -> Rendered:
    if answer.what is None:
        return short_message(i18n("This snooze has ended already."))
    what = selector_text(answer.what, i18n)
    if answer.still is None:
        line = i18n("No longer snoozed: {what}") if answer.was_snoozed else i18n("Not snoozed: {what}")
        return short_message(line.format(what=what))
    snooze, wider = answer.still
    line = i18n("{what} is still snoozed {time}, as a part of this: {wider}")
    return short_message(
        line.format(what=what, time=_snooze_time(snooze, i18n), wider=selector_text(wider, i18n)),
        accessory=snoozes_button(i18n),
    )


def _snooze_list(answer: SnoozeList, i18n: Translator) -> Rendered:
    hint = i18n("`/cdi snooze NAME 2h` snoozes, `/cdi help snooze` shows windows that are planned or recur.")
    label = i18n("Snooze…")
    new = button(label, "snooze_new", {"channel": answer.channel.channel_id}, says=label)
    if not answer.rows:
        return short_message(i18n("Nothing is snoozed in this channel."), hint, row=actions([new]))
    title = i18n("Snoozed in this channel")
    lines = [_snooze_line(snooze, what, i18n) for snooze, what in answer.rows]
    head, foot = section(f"{_SNOOZE} *{title}*"), [*actions([new]), context(hint)]
    more = i18n("… and {count} more")
    listed: list[Block] = []
    room = BLOCKS_JSON - _ABOVE - weight([head, *foot, context(more)])
    for place, (snooze, what) in enumerate(answer.rows):
        blocks = [section(lines[place]), *actions(_snooze_buttons(answer, place, snooze, what, i18n))]
        room -= weight(blocks)
        if room < 0 or place == _LISTED:
            foot.insert(0, context(more.format(count=i18n.number(len(lines) - place))))
            break
        listed += blocks
    return Rendered(text=read_out([title, *lines]), blocks=[head, *listed, *foot])


def _snooze_line(snooze: Snooze, what: Selection, i18n: Translator) -> str:
    """Say in mrkdwn what is snoozed when, by whom and why."""
    said = [i18n("{what} {time}").format(what=selector_text(what, i18n), time=_snooze_time(snooze, i18n))]
    if snooze.every and snooze.until:
        text = i18n("now until {when}") if snooze.has_begun else i18n("next {when}")
        said.append(text.format(when=date(snooze.until if snooze.has_begun else snooze.begins)))
    said.append(i18n("by {who}").format(who=user(snooze.by)))
    return with_reason(i18n.listed(said), snooze.reason, i18n)


def _snooze_buttons(
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


# --------------------------------------------------------------------------------- syncs and what is unusual


def _confirm_sync(answer: ConfirmSync, i18n: Translator) -> Rendered:
    warning = sync_warning(answer.integration, i18n)
    return short_message(
        i18n("Sync {name} now?").format(name=bold_name(answer.integration)),
        second=f"⚠️ {warning}" if warning else "",
        row=actions([sync_button(answer.integration, i18n, asks=False)]),
    )


def _sync_started(answer: SyncStarted, i18n: Translator) -> Rendered:
    if answer.is_certain:
        line = i18n("Sync of {name} requested.")
    else:
        line = i18n(
            "Braze gave no clear answer: the sync of {name} may have started. Don't request it again yet."
        )
    return short_message(line.format(name=bold_name(answer.integration)))


def render_spike(content: Spike, view: EventView, i18n: Translator) -> Rendered:
    """Say how many rows one run brought, how many at most before, and who said that this was expected."""
    integration, word = view.integration, view.expected
    name = f"*{outside(content.integration_id)}*"
    buttons = []
    if integration is not None:
        name = with_source(bold_name(integration, view.dashboard_url), integration, i18n)
        buttons.append(spike_button(content, integration, word, i18n))
    line = i18n("{name} – {rows} rows in one run, largest so far {usual}").format(
        name=name, rows=i18n.number(content.rows), usual=i18n.number(content.usual)
    )
    source = source_of(integration)
    cause = (
        i18n("Were files uploaded twice? If it was a campaign or a backfill, press *Expected*.")
        if source is not None and source.is_files
        else i18n("Was the whole table synced again? If it was a campaign or a backfill, press *Expected*.")
    )
    started = i18n("Run of {when}.").format(when=date(content.run_start))
    is_expected = word is not None and not word.taken_back_by
    return short_message(
        line,
        *(expected_notes(word, i18n) if word else []),
        sign=GOOD if is_expected else UNUSUAL,
        second=started if is_expected else i18n.sentences([started, cause]),
        row=actions([*buttons, *([history_button(integration, i18n)] if integration else [])]),
    )


def _marked(answer: MarkedExpected, i18n: Translator) -> Rendered:
    name, flaw = bold_name(answer.integration), flaw_name(answer.reason, i18n)
    if answer.already_by:
        line = i18n("{who} said already that this was expected of {name}: {flaw}.")
        return short_message(line.format(who=user(answer.already_by), name=name, flaw=flaw))
    line = i18n.counted(
        "“{flaw}” was marked as expected {count} time in this channel. Stop these alerts here?",
        "“{flaw}” was marked as expected {count} times in this channel. Stop these alerts here?",
        answer.times,
        flaw=flaw,
    )
    note = i18n("`/cdi subscriptions` › *Change…* switches them on again.")
    return short_message(
        line, note, row=actions([switch_off_button(answer.integration, answer.reason, i18n)])
    )


def _taken_back(answer: TakenBack, i18n: Translator) -> Rendered:
    line = i18n("{who} took this back already for {name}.")
    return short_message(line.format(who=user(answer.by), name=bold_name(answer.integration)))


def _nothing_to_mark(answer: NothingToMark, i18n: Translator) -> Rendered:
    if answer.integration is None:
        return short_message(i18n("This is so old that nothing is kept of it: there is nothing to change."))
    line = i18n("This incident of {name} is over already, so there is nothing to change.")
    again = i18n("If there is an alert for it again, press *Expected* there.")
    return short_message(line.format(name=bold_name(answer.integration)), again)


def _switched_off(answer: SwitchedOff, i18n: Translator) -> Rendered:
    if answer.unchanged:
        line = i18n("This channel already doesn't get these alerts: {flaw} ({name}).")
    else:
        line = i18n("This channel no longer gets these alerts: {flaw} ({name}).")
    line = line.format(flaw=flaw_name(answer.reason, i18n), name=bold_name(answer.integration))
    return short_message(line, i18n("`/cdi subscriptions` › *Change…* switches them on again."))


RENDERERS: Renderers = {
    SnoozeSet: _snooze_set,
    NothingToSnooze: _nothing_to_snooze,
    SnoozeEnded: _snooze_ended,
    SnoozeList: _snooze_list,
    Acknowledged: _acknowledged,
    CannotTakeOver: _cannot_take_over,
    NothingOpen: _nothing_open,
    ConfirmSync: _confirm_sync,
    SyncStarted: _sync_started,
    MarkedExpected: _marked,
    TakenBack: _taken_back,
    NothingToMark: _nothing_to_mark,
    SwitchedOff: _switched_off,
}
