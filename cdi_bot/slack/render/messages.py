"""What turns a view into a channel's message, and several notices into one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

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
from cdi_bot.slack.render.digest import render_digest
from cdi_bot.slack.render.grouped import render_grouped_reply
from cdi_bot.slack.render.kit.blocks import Rendered, paragraphs, small_print
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import (
    repeat_note,
)
from cdi_bot.slack.render.notices import render_event, render_store
from cdi_bot.slack.render.subscriptions import render_subscribed
from cdi_bot.slack.render.summary import render_summary

LIST_ROOM = 6000

GROUPED_TEXT = 3000
"""So many characters of several notices are in their push notification."""


def render_view(view: View, i18n: Translator) -> Rendered:
    """Turn a view into a message."""
    render: Callable[[Any, Translator], Rendered] = _RENDERERS[type(view)]
    return render(view, i18n)


def render_grouped_notices(view: GroupedNoticesView, i18n: Translator) -> Rendered:
    """Say what each notice says first; what can be done about it is left out."""
    messages = [render_view(notice, i18n) for notice in view.notices]
    lines = list(map(_first, messages))
    listed, held = paragraphs(lines, blocks=10, room=LIST_ROOM)
    rest = len(lines) - held
    lengths = accumulate(len(message.text) + 1 for message in messages)
    told = [message.text for message, length in zip(messages, lengths, strict=True) if length <= GROUPED_TEXT]
    more = [i18n("… and {count} more: `/cdi audit`").format(count=i18n.number(rest))] if rest else []
    return Rendered(
        text=" ".join(told),
        blocks=[*listed, *small_print([*more, *repeat_note(i18n, possible=view.possible_repeat)])],
    )


def _first(message: Rendered) -> str:
    return str(message.blocks[0]["text"]["text"])


def _card(view: CardView, i18n: Translator) -> Rendered:
    if view.summary is None:
        return render_card(view, i18n)
    notices = [_first(render_view(each, i18n)) for each in view.summary.notices]
    return render_summary(view, view.summary.since, notices, i18n)


_RENDERERS: dict[type[View], Callable[[Any, Translator], Rendered]] = {
    CardView: _card,
    DigestView: render_digest,
    SubscribedView: render_subscribed,
    GroupedReplyView: render_grouped_reply,
    GroupedNoticesView: render_grouped_notices,
    StoreView: render_store,
    EventView: render_event,
}
