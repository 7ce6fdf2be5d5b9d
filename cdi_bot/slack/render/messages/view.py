"""Renders any message for a channel; holds the one about a new or changed subscription."""

from __future__ import annotations

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.delivery.views import CardView, DigestView, GroupedReplyView, SubscribedView, View
from cdi_bot.slack.render.kit.blocks import Rendered, context, paragraphs, section
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import BAD, GOOD, UNSEEN, run_sign, short_status
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_name,
    code,
    date,
    escape,
    plain_line,
    repeat_note,
    user,
)
from cdi_bot.slack.render.messages.digests import render_digest
from cdi_bot.slack.render.messages.grouped import render_grouped_card, render_grouped_reply
from cdi_bot.slack.render.messages.incident import render_card
from cdi_bot.slack.render.messages.notices import render_event
from cdi_bot.slack.render.subscriptions import filter_text, selector_text

SHOWN = 10
"""So many integrations are named in the message about a subscription."""

LIST_ROOM = 6000


def render_view(view: View, i18n: Translator) -> Rendered:
    """Turn a view into a message."""
    if isinstance(view, CardView):
        is_single = len(view.incidents) == 1
        return render_card(view, i18n) if is_single else render_grouped_card(view, i18n)
    if isinstance(view, DigestView):
        return render_digest(view, i18n)
    if isinstance(view, SubscribedView):
        return render_subscribed(view, i18n)
    if isinstance(view, GroupedReplyView):
        return render_grouped_reply(view, i18n)
    return render_event(view, i18n)


def render_subscribed(view: SubscribedView, i18n: Translator) -> Rendered:
    """Say who subscribed the channel to what, how that is doing, and what can be done next."""
    _ = i18n.gettext
    content = view.content
    single = view.last_runs[0][0] if len(view.last_runs) == 1 else None
    what = selector_text(content.selector, single, i18n)
    if content.changed:
        line = _("{who} changed what this channel hears of {what}.")
    else:
        line = _("{who} subscribed this channel to {what}.")
    line = line.format(who=user(content.who), what=what)
    subscribed = _("Told here: {filters}.").format(filters=filter_text(content.filters, i18n))
    listed, _held = paragraphs(_present(view, i18n), blocks=5, room=LIST_ROOM)
    todo = _(
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
    """Say how what was subscribed is doing, line by line."""
    lines = [_count(view, i18n)] if view.total != 1 or not view.last_runs else []
    lines += [_newest(integration, run, i18n) for integration, run in view.last_runs[:SHOWN]]
    if not view.last_runs:
        lines += [f"{BAD} {bold_name(one, None, SHORT_NAME)}" for one in view.failing[:SHOWN]]
        rest = len(view.failing) - SHOWN
        if rest > 0:
            lines.append(i18n.gettext("… and {count} more: `/cdi status`").format(count=i18n.number(rest)))
    return lines


def _count(view: SubscribedView, i18n: Translator) -> str:
    """Count the integrations that the subscription matches."""
    _ = i18n.gettext
    if view.total == 0:
        none = (
            _("No integration is known yet; those to come will be taken in.")
            if view.content.selector == "all"
            else _("No integration fits at present; those to come will be taken in.")
        )
        return f"{UNSEEN} {none}"
    failing = len(view.failing)
    said = [i18n.counted("{count} integration", "{count} integrations", view.total)]
    said.append(
        i18n.counted("{count} failing now", "{count} failing now", failing)
        if failing
        else _("none failing now")
    )
    if view.unknown:
        said.append(_("{count} not seen yet").format(count=i18n.number(view.unknown)))
    return f"{BAD if failing else GOOD} " + _("{sentence}.").format(sentence=i18n.listed(said))


def _newest(integration: Integration, run: Run | None, i18n: Translator) -> str:
    """Say how an integration's newest run went."""
    _ = i18n.gettext
    name = bold_name(integration, None, SHORT_NAME)
    if run is None:
        return f"{UNSEEN} {name}: " + _("no run seen yet")
    said = _("{status}, newest run started {when}").format(
        status=escape(short_status(run.job_status, i18n)), when=date(run.sync_start_time)
    )
    return f"{run_sign(run)} {name}: {said}"
