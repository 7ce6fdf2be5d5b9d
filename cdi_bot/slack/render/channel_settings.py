"""A channel's settings, and who changed what in it: as answers."""

from __future__ import annotations

from cdi_bot.core.commands.channels import UseWorkspace
from cdi_bot.core.commands.parser import BY_WORD
from cdi_bot.core.commands.specification import N_
from cdi_bot.core.model.channel import AuditEntry
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import Selection, is_pattern
from cdi_bot.core.rules.unreachable import UNREACHABLE
from cdi_bot.slack.render.escalation import escalation_hint, escalation_text, target_name, target_trouble
from cdi_bot.slack.render.hours import hours_hint, hours_text
from cdi_bot.slack.render.integration_settings import audited_value
from cdi_bot.slack.render.kit.blocks import Rendered, Renderers, context, paragraphs, section, short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.people import contacts_text
from cdi_bot.slack.render.kit.text import (
    bold_name,
    braze_name,
    code,
    date,
    escape,
    outside,
    plain_line,
    typed,
    user,
    workspace_text,
)
from cdi_bot.slack.render.subscriptions import digest_text, language_choices, language_text, selector_text
from cdi_bot.usecases.answers import (
    ContactsSet,
    DigestSet,
    LanguageSet,
    OwnedByFile,
    SettingsShown,
    UnknownLanguage,
)
from cdi_bot.usecases.query_answers import AuditTrail
from cdi_bot.usecases.workspace_answers import UnknownWorkspace, WorkspaceSet

_AUDIT_ROOM = 10_000

_OFFERED = 10
"""So many workspaces are offered to choose from."""


def _settings_shown(answer: SettingsShown, i18n: Translator) -> Rendered:
    hint = i18n("To get a digest: {daily} or {weekly}").format(
        daily=code("/cdi digest daily 09:00"), weekly=code("/cdi digest weekly mon 09:00")
    )
    off = i18n("To end it: {command}").format(command=code("/cdi digest off"))
    lines = [
        *([workspace_text(answer.workspace_name, i18n)] if answer.workspaces else []),
        digest_text(answer.digest, answer.zone, answer.next_due, i18n),
        hours_text(answer.hours, i18n),
        escalation_text(answer.escalate_after, answer.escalate_to, i18n),
        contacts_text(i18n, mention=answer.mention_contacts),
    ]
    if answer.escalate_to and answer.escalate_trouble:
        lines.append(target_trouble(answer.escalate_to, answer.escalate_trouble, i18n))
    return short_message(
        language_text(answer.language, i18n),
        language_choices(answer.languages, i18n),
        off if answer.digest else hint,
        hours_hint(answer.hours, i18n),
        escalation_hint(answer.escalate_to, i18n),
        second="\n".join(lines),
    )


def _language_set(answer: LanguageSet, i18n: Translator) -> Rendered:
    note = i18n("This is about the channel. Answers to you are in the language of your Slack.")
    return short_message(language_text(answer.language, i18n), *([note] if answer.unchanged else []))


def _workspace_set(answer: WorkspaceSet, i18n: Translator) -> Rendered:
    return short_message(workspace_text(answer.name, i18n))


def _contacts_set(answer: ContactsSet, i18n: Translator) -> Rendered:
    return short_message(contacts_text(i18n, mention=answer.mention))


def _digest_set(answer: DigestSet, i18n: Translator) -> Rendered:
    return short_message(digest_text(answer.digest, answer.zone, answer.next_due, i18n))


def _unknown_language(answer: UnknownLanguage, i18n: Translator) -> Rendered:
    line = i18n("I don't speak “{given}”.").format(given=outside(answer.given))
    return short_message(line, language_choices(answer.languages, i18n))


def _unknown_workspace(answer: UnknownWorkspace, i18n: Translator) -> Rendered:
    line = i18n("“{given}” isn't a workspace.").format(given=outside(answer.given))
    known = i18n.listed(typed(UseWorkspace(name=each)) for each in answer.names[:_OFFERED])
    return short_message(line, i18n("To choose one: {commands}").format(commands=known))


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


_OTHERS = {
    "unacknowledge": N_("{when} {who} took back the acknowledgement of {what}"),
    "hand_on": N_("{when} {who} handed on {what}"),
    "expected": N_("{when} {who} said that what looked unusual about {what} was expected"),
    "take_back": N_("{when} {who} took back that something about {what} was expected"),
}
"""What is done without a command of its own."""


def _audit_row(
    entry: AuditEntry, integration: Integration | None, workspace_name: str | None, i18n: Translator
) -> str:
    """Say in one line who did what, and when."""
    specification = BY_WORD.get(entry.action)
    known = specification.audit if specification else _OTHERS.get(entry.action)
    line = i18n.translated(known) if known else "{when} {who} {what}"
    what = _audit_subject(entry, integration, workspace_name, i18n)
    return line.format(when=date(entry.at), who=user(entry.who), what=what)


def _audit_subject(
    entry: AuditEntry, integration: Integration | None, workspace_name: str | None, i18n: Translator
) -> str:
    if integration is not None:
        named = bold_name(integration)
    elif entry.about == UNREACHABLE.kind:
        named = i18n("that {braze} can't be reached").format(braze=escape(braze_name(workspace_name, i18n)))
    else:
        named = selector_text(Selection(selector=entry.about, workspace_name=workspace_name), i18n)
    if entry.value:
        return f"{named} → {audited_value(entry.value, i18n)}"
    is_selector = entry.action in {"subscribe", "unsubscribe", "snooze", "unsnooze"} and is_pattern(
        entry.subject
    )
    if integration is not None or is_selector or entry.about == UNREACHABLE.kind:
        return named
    if entry.action == "escalate" and entry.subject != "off":
        length, _, to = entry.subject.partition(" ")
        return f"{code(length)} → {target_name(to)}"
    return code(f"{workspace_name}/{entry.subject}" if workspace_name else entry.subject)


def _owned_by_file(answer: OwnedByFile, i18n: Translator) -> Rendered:
    line = i18n("This is set in the configuration file {file}, so it can't be changed in chat.").format(
        file=code(answer.file)
    )
    return short_message(
        line, i18n("Whoever runs the bot can change it there. `/cdi audit` shows what the file changed here.")
    )


RENDERERS: Renderers = {
    AuditTrail: _audit,
    SettingsShown: _settings_shown,
    LanguageSet: _language_set,
    UnknownLanguage: _unknown_language,
    WorkspaceSet: _workspace_set,
    UnknownWorkspace: _unknown_workspace,
    ContactsSet: _contacts_set,
    DigestSet: _digest_set,
    OwnedByFile: _owned_by_file,
}
