"""Notices of what happened to integrations in Braze: paused, resumed, renamed, rescheduled, deleted, back, new."""

from __future__ import annotations

from cdi_bot.core.commands.subscriptions import Subscribe, Unsubscribe
from cdi_bot.core.model.lifecycle import IntegrationChanged, LifecycleChange, LifecycleEvent, NewIntegrations
from cdi_bot.core.model.subscription import Filters, Selection
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.kit.blocks import Rendered, short_message
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import GOOD, UNSEEN
from cdi_bot.slack.render.kit.text import (
    SHORT_NAME,
    bold_name,
    date,
    escape,
    in_workspace,
    outside,
    plain,
    titled,
    typed,
)

_SIGNS = {
    LifecycleChange.PAUSED: "⏸️",
    LifecycleChange.RESUMED: "▶️",
    LifecycleChange.RENAMED: "🏷️",
    LifecycleChange.RESCHEDULED: "🗓️",
    LifecycleChange.DELETED: UNSEEN,
    LifecycleChange.BACK: GOOD,
}


def integration_changed(content: IntegrationChanged, view: EventView, i18n: Translator) -> Rendered:
    """Say what happened to an integration and what follows from it; its name leads to it in Braze."""
    event, integration = content.event, view.integration
    name, called = f"*{outside(content.integration_id)}*", content.integration_id
    if integration is not None:
        name, called = bold_name(integration, view.dashboard_url), Selection.of(integration).typed
    more = []
    if event.change is LifecycleChange.DELETED:
        more.append(i18n("If it comes back, its alerts go on."))
    if event.change is LifecycleChange.DELETED and content.by_id:
        text = i18n("If it was deleted on purpose: {command}")
        more.append(text.format(command=typed(Unsubscribe(selector=called))))
    if not content.is_covered:
        text = i18n("No subscription here matches the new name. To keep its alerts: {command}")
        more.append(text.format(command=typed(Subscribe(selector=called, filters=Filters()))))
    return short_message(_line(event, name, view, i18n), *more, sign=_SIGNS[event.change])


def _line(event: LifecycleEvent, name: str, view: EventView, i18n: Translator) -> str:
    texts = {
        LifecycleChange.PAUSED: i18n("{name} paused in Braze – no runs until somebody resumes it there"),
        LifecycleChange.RESUMED: i18n("{name} resumed in Braze"),
        LifecycleChange.RENAMED: i18n("{before} renamed to {after} in Braze"),
        LifecycleChange.RESCHEDULED: i18n("{name} has a new schedule in Braze"),
        LifecycleChange.DELETED: i18n(
            "{name} not found in Braze – deleted, or the API key is another workspace's"
        ),
        LifecycleChange.BACK: i18n("{name} found in Braze again – its alerts go on"),
    }
    text = texts[event.change]
    before_name = in_workspace(
        view.integration.workspace_name if view.integration else None, event.before or ""
    )
    status = event.after or ""
    planned, before = view.integration.next_scheduled_run if view.integration else None, None
    if event.change is LifecycleChange.PAUSED and "paus" not in status.lower():
        text = i18n("{name} no longer runs by itself – Braze shows it as “{status}”")
    if event.change is LifecycleChange.RESUMED and planned:
        text = i18n("{name} resumed in Braze – next run {planned}")
    if event.change is LifecycleChange.RESCHEDULED and event.planned_before and event.planned_after:
        planned, before = event.planned_after, event.planned_before
        text = i18n("{name} has a new schedule in Braze – next run {planned}, was {planned_before}")
    return text.format(
        name=name,
        status=outside(status),
        before=f"*{escape(plain(before_name, SHORT_NAME))}*",
        after=f"*{escape(plain(event.after or '', SHORT_NAME))}*",
        planned=date(planned) if planned else "",
        planned_before=date(before) if before else "",
    )


def new_integrations(content: NewIntegrations, view: EventView, i18n: Translator) -> Rendered:
    """Say which integrations are new, and that no channel is subscribed to them."""
    line = i18n.counted(
        "{count} new integration in Braze without a subscription",
        "{count} new integrations in Braze without a subscription",
        content.total,
    )
    line = titled(view.workspace_name, line)
    names = [bold_name(each.alone) for each in view.others]
    if more := content.total - len(names):
        names.append(i18n("{count} more").format(count=i18n.number(more)))
    said = i18n("{what}: {names}").format(what=line, names=i18n.listed(names))
    return short_message(said, i18n("To get their alerts in a channel: `/cdi subscribe NAME`"), sign="🆕")
