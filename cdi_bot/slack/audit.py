"""The answer that tells who changed what in a channel. Pure."""

from __future__ import annotations

from cdi_bot.core.model import AuditEntry, is_pattern
from cdi_bot.services.answers import AuditTrail
from cdi_bot.slack.blocks import Rendered, context, paragraphs, section
from cdi_bot.slack.format import code, date, outside, plain_line, user
from cdi_bot.slack.selectors import named_selector
from cdi_bot.slack.words import Words

_ROOM = 10_000


def render_audit(answer: AuditTrail, words: Words) -> Rendered:
    """List the changes, newest first."""
    _ = words.gettext
    if not answer.rows:
        title = _("Nobody has changed anything in this channel yet.")
        todo = _("`/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        return Rendered(text=plain_line(title), blocks=[section(f"{title}\n{todo}")])
    title = _("What was changed in this channel last")
    listed, _held = paragraphs(
        [_row(entry, name, words) for entry, name in answer.rows], blocks=10, room=_ROOM
    )
    todo = _("`/cdi subscriptions` shows what it hears of now, `/cdi status` how that is.")
    return Rendered(text=plain_line(title), blocks=[section(f"*{title}*"), *listed, context(todo)])


def _row(entry: AuditEntry, name: str | None, words: Words) -> str:
    """Say in one line who did what, and when."""
    _ = words.gettext
    lines = {
        "subscribe": _("{when} {who} subscribed it to {what}"),
        "unsubscribe": _("{when} {who} ended its subscription to {what}"),
        "acknowledge": _("{when} {who} acknowledged {what}"),
        "snooze": _("{when} {who} muted {what}"),
        "unsnooze": _("{when} {who} ended the mute of {what}"),
        "sync": _("{when} {who} started a sync of {what}"),
        "digest": _("{when} {who} set its digest: {what}"),
        "language": _("{when} {who} set its language: {what}"),
    }
    line = lines.get(entry.action, "{when} {who} {what}")
    return line.format(when=date(entry.at), who=user(entry.who), what=_what(entry, name, words))


def _what(entry: AuditEntry, name: str | None, words: Words) -> str:
    if name is not None:
        return f"*{outside(name)}*"
    if entry.action in {"subscribe", "unsubscribe"} and is_pattern(entry.subject):
        return named_selector(entry.subject, None, words)
    if entry.action == "acknowledge" and entry.subject == "blind":
        return words.gettext("that I can't see Braze")
    return code(entry.subject)
