"""Notices of what happened to integrations in Braze: paused, resumed, renamed, rescheduled, deleted, back, new."""

from __future__ import annotations

from cdi_bot.core.model.lifecycle import IntegrationChanged, LifecycleChange, LifecycleEvent, NewIntegrations
from cdi_bot.delivery.views import EventView
from cdi_bot.slack.render.kit.blocks import Rendered, actions, short_message
from cdi_bot.slack.render.kit.buttons import look_buttons
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.runs import GOOD, UNSEEN
from cdi_bot.slack.render.kit.text import SHORT_NAME, bold_name, code, date, escape, outside, plain

_SIGNS = {
    LifecycleChange.PAUSED: "⏸️",
    LifecycleChange.RESUMED: "▶️",
    LifecycleChange.RENAMED: "🏷️",
    LifecycleChange.RESCHEDULED: "🗓️",
    LifecycleChange.DELETED: UNSEEN,
    LifecycleChange.BACK: GOOD,
}


def integration_changed(content: IntegrationChanged, view: EventView, i18n: Translator) -> Rendered:
    """Say what happened to an integration, and what follows from it."""
    name = f"*{outside(content.integration_id)}*"
    if view.integration is not None:
        name = bold_name(view.integration, view.dashboard_url)
    line = _line(content.event, name, i18n)
    more = [_follows(content, view, i18n)]
    if not content.is_covered:
        text = i18n("No subscription here matches the new name. To keep its alerts: {command}")
        more.append(text.format(command=code(f"/cdi subscribe {plain(content.integration_id)}")))
    gone = content.event.change is LifecycleChange.DELETED
    row = [] if gone else actions(look_buttons(view.integration, view.dashboard_url, i18n))
    return short_message(line, *filter(None, more), sign=_SIGNS[content.event.change], row=row)


def _line(event: LifecycleEvent, name: str, i18n: Translator) -> str:
    texts = {
        LifecycleChange.PAUSED: i18n("{name} was paused in Braze: it will not resume by itself."),
        LifecycleChange.RESUMED: i18n("{name} was resumed in Braze."),
        LifecycleChange.RENAMED: i18n("{before} is called {after} in Braze now."),
        LifecycleChange.RESCHEDULED: i18n("The schedule of {name} was changed in Braze."),
        LifecycleChange.DELETED: i18n(
            "Braze no longer knows {name}: it was deleted there, or the API key is another workspace's now."
        ),
        LifecycleChange.BACK: i18n("Braze knows {name} again: its alerts go on."),
    }
    text = texts[event.change]
    status = event.after or ""
    if event.change is LifecycleChange.PAUSED and "paus" not in status.lower():
        text = i18n("{name} no longer runs by itself: Braze shows it as “{status}”.")
    return text.format(
        name=name,
        status=outside(status),
        before=f"*{escape(plain(event.before or '', SHORT_NAME))}*",
        after=f"*{escape(plain(event.after or '', SHORT_NAME))}*",
    )


def _follows(content: IntegrationChanged, view: EventView, i18n: Translator) -> str | None:
    event = content.event
    if event.change is LifecycleChange.PAUSED:
        return i18n("Until somebody resumes it there, no run is expected, and none is told as late.")
    if event.change is LifecycleChange.RESUMED:
        planned = view.integration.next_scheduled_run if view.integration else None
        return i18n("Next run: {when}").format(when=date(planned)) if planned else None
    if event.change is LifecycleChange.RESCHEDULED and event.planned_before and event.planned_after:
        text = i18n("The next run was planned for {before}, and is planned for {after} now.")
        return text.format(before=date(event.planned_before), after=date(event.planned_after))
    if event.change is LifecycleChange.DELETED and content.by_id:
        text = i18n(
            "If it was deleted on purpose: {command}. If it comes back, this channel hears of it again by itself."
        )
        return text.format(command=code(f"/cdi unsubscribe {plain(content.integration_id)}"))
    if event.change is LifecycleChange.DELETED:
        return i18n("If it comes back, this channel hears of it again by itself.")
    return None


def new_integrations(content: NewIntegrations, view: EventView, i18n: Translator) -> Rendered:
    """Say which integrations are new, and that nobody hears of them."""
    line = i18n.counted(
        "{count} new integration in Braze without a subscriber",
        "{count} new integrations in Braze without a subscriber",
        content.total,
    )
    names = [bold_name(each) for each in view.others]
    if more := content.total - len(names):
        names.append(i18n("{count} more").format(count=i18n.number(more)))
    todo = i18n("Nobody is told when one of them fails: `/cdi subscribe NAME` in a channel changes that.")
    said = i18n("{what}: {names}").format(what=line, names=i18n.listed(names))
    return short_message(said, todo, sign="🆕")
