"""The audit trail: who changed what in a channel."""

from __future__ import annotations

from cdi_bot.core.commands.parser import BY_WORD
from cdi_bot.core.commands.specification import N_
from cdi_bot.core.model.channel import AuditEntry
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import Selection, is_pattern
from cdi_bot.core.rules.unreachable import UNREACHABLE
from cdi_bot.slack.render.escalation import target_name
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, context, paragraphs, section, short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import bold_name, braze_name, code, date, escape, plain_line, user
from cdi_bot.slack.render.subscriptions import selector_text
from cdi_bot.usecases.query_answers import AuditTrail

_AUDIT_ROOM = 10_000


def _audit(answer: AuditTrail, i18n: Translator) -> Rendered:
    if not answer.rows:
        title = i18n("Nobody has changed anything in this channel yet.")
        return short_message(title, second=i18n("`/cdi subscribe NAME` or `/cdi subscribe all` begins."))
    title = i18n("What was changed in this channel last")
    listed, _held = paragraphs(
        [
            _audit_row(entry, one, answer.workspaces.get(entry.workspace_id or 0), i18n)
            for entry, one in answer.rows
        ],
        blocks=10,
        room=_AUDIT_ROOM,
    )
    todo = i18n("`/cdi subscriptions` shows its subscriptions, `/cdi status` how things are.")
    return Rendered(text=plain_line(title), blocks=[section(f"*{title}*"), *listed, context(todo)])


_PRESSED = {
    "expected": N_("{when} {who} said that what looked unusual about {what} was expected"),
    "take_back": N_("{when} {who} took back that something about {what} was expected"),
}
"""What is done by a button alone."""


def _audit_row(
    entry: AuditEntry, integration: Integration | None, workspace_name: str | None, i18n: Translator
) -> str:
    """Say in one line who did what, and when."""
    specification = BY_WORD.get(entry.action)
    known = specification.audit if specification else _PRESSED.get(entry.action)
    line = i18n.translated(known) if known else "{when} {who} {what}"
    what = _audit_subject(entry, integration, workspace_name, i18n)
    return line.format(when=date(entry.at), who=user(entry.who), what=what)


def _audit_subject(
    entry: AuditEntry, integration: Integration | None, workspace_name: str | None, i18n: Translator
) -> str:
    if integration is not None:
        return bold_name(integration)
    if entry.action in {"subscribe", "unsubscribe"} and is_pattern(entry.subject):
        return selector_text(Selection(selector=entry.subject, workspace_name=workspace_name), i18n)
    if entry.action == "escalate" and entry.subject != "off":
        length, _, to = entry.subject.partition(" ")
        return f"{code(length)} → {target_name(to)}"
    if entry.action == "acknowledge" and entry.subject == UNREACHABLE.kind:
        return i18n("that {braze} can't be reached").format(braze=escape(braze_name(workspace_name, i18n)))
    return code(f"{workspace_name}/{entry.subject}" if workspace_name else entry.subject)


RENDERERS: Renderers = {AuditTrail: _audit}
