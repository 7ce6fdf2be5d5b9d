"""Owners, runbooks and critical integrations: what a channel is told, and somebody is answered."""

from __future__ import annotations

from cdi_bot.core.model.integration_settings import IntegrationSettingChanged
from cdi_bot.core.model.subscription import Selection
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.kit.blocks import (
    Block,
    Rendered,
    Renderers,
    actions,
    context,
    section,
    short_message,
)
from cdi_bot.slack.render.kit.buttons import settings_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.people import OWNER, ownership
from cdi_bot.slack.render.kit.text import bold_name, code, link, mentions, outside, plain_line, user
from cdi_bot.slack.render.subscriptions import matching_now, selector_text
from cdi_bot.usecases.change_answers import IntegrationSettingSet, IntegrationSettingsShown

_MOST_LISTED = 40

_ABOVE = 200
"""The weight that is left for what stands above an answer."""


def audited_value(value: str, i18n: Translator) -> str:
    """Show in mrkdwn a value as the audit keeps it."""
    if value in {"none", "on"}:
        return i18n("none") if value == "none" else i18n("on")
    called = mentions(f"<!{value}>" if value.startswith("subteam^") else f"<@{value}>")
    return called or link(value, outside(value))


def integration_setting_changed(
    content: IntegrationSettingChanged, view: EventView, i18n: Translator
) -> Rendered:
    """Tell the channel who set what, and what follows from that."""
    name = view.integration.integration_name if view.integration else None
    about = Selection(selector=content.selector, name=name, workspace_name=view.workspace_name)
    value, follows = content.value, ""
    if content.setting == "owner":
        text = (
            i18n("{who} set the owner of {what}: {value}")
            if value
            else i18n("{who} removed the owner of {what}")
        )
        shown = mentions(value) or ""
        follows = i18n("New alerts and reminders mention the owner, in every channel.") if value else ""
    elif content.setting == "runbook":
        set_to, removed = (
            i18n("{who} set the runbook of {what}: {value}"),
            i18n("{who} removed the runbook of {what}"),
        )
        text, shown = (set_to, link(value, outside(value))) if value else (removed, "")
    else:
        text, shown = (
            (
                i18n("{who} marked {what} as critical")
                if value
                else i18n("{who} marked {what} as not critical")
            ),
            "",
        )
        if value:
            follows = i18n(
                "Critical integrations alert at any hour, mention their owner each time, and escalate in half the time."
            )
    line = text.format(who=user(content.who), what=selector_text(about, i18n), value=shown)
    return short_message(line, sign=OWNER, second=follows)


def _set(answer: IntegrationSettingSet, i18n: Translator) -> Rendered:
    """Say what the channel is not told: that nothing has changed, or what may be meant."""
    what, value = selector_text(answer.what, i18n), answer.value
    if answer.setting == "owner":
        line = i18n("Owner of {what}: {value}").format(what=what, value=mentions(value) or i18n("nobody"))
    elif answer.setting == "runbook":
        shown = link(value, outside(value)) if value else i18n("none")
        line = i18n("Runbook of {what}: {value}").format(what=what, value=shown)
    else:
        line = (i18n("Critical: {what}") if value else i18n("Not critical: {what}")).format(what=what)
    if answer.nearest:
        names = i18n.listed(bold_name(one.alone) for one in answer.nearest)
        return short_message(
            line, second=i18n("No integration matches now. Did you mean {names}?").format(names=names)
        )
    if answer.unchanged:
        line = i18n("Nothing has changed. {line}").format(line=line)
    return short_message(line, matching_now(answer.total, i18n))


def _shown(answer: IntegrationSettingsShown, i18n: Translator) -> Rendered:
    hint = i18n("To set one: {owner}, {runbook} or {critical}").format(
        owner=code("/cdi owner Users* @ann"),
        runbook=code("/cdi runbook Users* https://…"),
        critical=code("/cdi critical Users*"),
    )
    row = actions([settings_button(i18n)])
    if not answer.rows:
        return short_message(
            i18n("No integration has an owner or a runbook, and none is critical."), hint, row=row
        )
    title = i18n("Owners and runbooks")
    lines = [
        i18n("{what}: {line}").format(
            what=selector_text(what, i18n), line="".join(ownership(settings, i18n)) or i18n("none")
        )
        for settings, what in answer.rows
    ]
    rule = i18n("The most specific one wins: an integration, then the longest pattern, then all.")
    head, foot = section(f"*{title}*"), [context(rule, hint), *row]
    more = i18n("… and {count} more")
    room = BLOCKS_JSON - _ABOVE - weight([head, *foot, section(more)])
    listed: list[Block] = []
    for line, (settings, what) in zip(lines, answer.rows, strict=True):
        change = settings_button(i18n, settings.workspace_id, what, place=len(listed))
        block = section(line, accessory=change)
        room -= weight([block])
        if room < 0 or len(listed) == _MOST_LISTED:
            foot.insert(0, section(more.format(count=i18n.number(len(lines) - len(listed)))))
            break
        listed.append(block)
    return Rendered(text=plain_line(" · ".join([title, *lines])), blocks=[head, *listed, *foot])


RENDERERS: Renderers = {IntegrationSettingSet: _set, IntegrationSettingsShown: _shown}
