"""The audit trail: who changed what in a channel."""

from __future__ import annotations

from cdi_bot.core.commands.parser import BY_WORD
from cdi_bot.core.commands.specification import N_
from cdi_bot.core.model.channel import AuditEntry
from cdi_bot.core.model.subscription import is_pattern
from cdi_bot.core.rules.unreachable import UNREACHABLE
from cdi_bot.slack.render.escalation import target_name
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, context, paragraphs, section, short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import code, date, outside, plain_line, user
from cdi_bot.slack.render.subscriptions import selector_text
from cdi_bot.usecases.query_answers import AuditTrail

_AUDIT_ROOM = 10_000


def _audit(answer: AuditTrail, i18n: Translator) -> Rendered:
    if not answer.rows:
        title = i18n("Nobody has changed anything in this channel yet.")
        return short_message(title, second=i18n("`/cdi subscribe NAME` or `/cdi subscribe all` begins."))
    title = i18n("What was changed in this channel last")
    listed, _held = paragraphs(
        [_audit_row(entry, name, i18n) for entry, name in answer.rows], blocks=10, room=_AUDIT_ROOM
    )
    todo = i18n("`/cdi subscriptions` shows its subscriptions, `/cdi status` how things are.")
    return Rendered(text=plain_line(title), blocks=[section(f"*{title}*"), *listed, context(todo)])


_PRESSED = {
    "expected": N_("{when} {who} said that what looked unusual about {what} was expected"),
    "take_back": N_("{when} {who} took back that something about {what} was expected"),
}
"""What is done by a button alone."""


def _audit_row(entry: AuditEntry, name: str | None, i18n: Translator) -> str:
    """Say in one line who did what, and when."""
    specification = BY_WORD.get(entry.action)
    known = specification.audit if specification else _PRESSED.get(entry.action)
    line = i18n.translated(known) if known else "{when} {who} {what}"
    return line.format(when=date(entry.at), who=user(entry.who), what=_audit_subject(entry, name, i18n))


def _audit_subject(entry: AuditEntry, name: str | None, i18n: Translator) -> str:
    if name is not None:
        return f"*{outside(name)}*"
    if entry.action in {"subscribe", "unsubscribe"} and is_pattern(entry.subject):
        return selector_text(entry.subject, None, i18n)
    if entry.action == "escalate" and entry.subject != "off":
        length, _, to = entry.subject.partition(" ")
        return f"{code(length)} → {target_name(to)}"
    if entry.action == "acknowledge" and entry.subject == UNREACHABLE.kind:
        return i18n("that Braze can't be reached")
    return code(entry.subject)


RENDERERS: Renderers = {AuditTrail: _audit}
