"""A person's Home.

Everything stands in one list, from what needs attention to what is healthy, cut into pages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.run import Run
from cdi_bot.delivery.views import IncidentView
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.slack.render.hours import hours_text
from cdi_bot.slack.render.kinds.table import attention_line, overall_state, renderer_of, state_sign
from cdi_bot.slack.render.kit.blocks import Block, actions, button, context, plain_text, section
from cdi_bot.slack.render.kit.buttons import (
    ack_button,
    carried_integration,
    change_button,
    open_button,
    settings_button,
    subscribe_button,
    unack_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.pages import pager
from cdi_bot.slack.render.kit.people import ownership
from cdi_bot.slack.render.kit.reasons import (
    bot_troubles,
    braze_advice,
    broken_channel,
    last_known_states,
    lost_channels,
)
from cdi_bot.slack.render.kit.runs import UNSEEN, row_counts, short_status, sparkline, sparkline_legend
from cdi_bot.slack.render.kit.text import SHORT_NAME, bold_name, date, escape, name_of, plain, user
from cdi_bot.slack.render.kit.text import channel as named_channel
from cdi_bot.slack.render.sample_alert import sample_button
from cdi_bot.slack.render.subscriptions import filter_text, matching_now, selection, selector_text
from cdi_bot.usecases.home import (
    ChannelSubscription,
    Home,
    HomeEntry,
    IntegrationSummary,
    NeedsAttention,
    NotShown,
)

FRESHNESS = "freshness"
"""The block that says how fresh everything is: it alone changes while nothing happens."""

_FEW_CHANNELS = 5

View = Block


def home_view(home: Home, i18n: Translator, now: datetime, troubles: ItemTroubles) -> View:
    """Return a page of Home. An entry that can't be drawn is named all the same, and noted in `troubles`."""
    warnings = [
        *_known_then(home, i18n),
        *lost_channels(home.lost, i18n),
        *bot_troubles(home.troubles, i18n),
    ]
    banner = [*map(section, warnings)]
    if not home.channels:
        own = _listed(home, i18n, now, troubles)
        return _view(home.page, [*banner, *own, *_welcome(home, i18n)])
    pages = pager("home_page", {}, i18n, offset=home.page, size=1, has_more=home.page + 1 < home.pages)
    return _view(
        home.page,
        [
            *banner,
            section(_summary(home, i18n)),
            *_buttons(home, i18n),
            *_listed(home, i18n, now, troubles),
            *_not_shown(home, i18n),
            *pages,
            {**context(*_fresh(home, i18n, now)), "block_id": FRESHNESS},
        ],
    )


def unknown_home(i18n: Translator) -> View:
    """Return what is shown while Slack does not say which channels the person is in."""
    line = i18n(
        "Slack doesn't say which channels you are in, so nothing can be shown. Try again in a minute."
    )
    return _view(0, [section(f"{UNSEEN} {line}"), *actions([_refresh(i18n), _help(i18n)])])


def troubled_home(said: Sequence[Block], i18n: Translator) -> View:
    """Return what is shown where the bot's database does not answer."""
    return _view(0, [*said, *actions([_refresh(i18n)])])


def fingerprint(view: View) -> str:
    """Return what tells whether a Home has changed in anything but its freshness."""
    kept = [block for block in view["blocks"] if block.get("block_id") != FRESHNESS]
    return json.dumps([view.get("private_metadata"), kept], ensure_ascii=False)


def _header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text)}


def _view(page: int, blocks: Sequence[Block]) -> View:
    return {
        "type": "home",
        "callback_id": "home",
        "private_metadata": json.dumps({"page": page}),
        "blocks": [*blocks],
    }


# ------------------------------------------------------------------------------------------ above the list


def _known_then(home: Home, i18n: Translator) -> list[str]:
    if not home.unreachable:
        return []
    known = last_known_states(home.unreachable, home.checked_at, i18n)
    return ["\n".join([*known, braze_advice(home.unreachable[0].reason, i18n)])]


def _welcome(home: Home, i18n: Translator) -> list[Block]:
    title = i18n("Know when a Braze data sync fails")
    about = i18n(
        "This app watches Braze Cloud Data Ingestion and sends alerts to Slack channels. None of your channels is "
        "subscribed to an integration yet."
    )
    todo = i18n("Choose *Subscribe…*, or type `/cdi subscribe all` in a channel.")
    return [
        _header(title),
        section(about),
        *([section(todo)] if home.may_change else []),
        *_buttons(home, i18n),
    ]


def _summary(home: Home, i18n: Translator) -> str:
    mark, line = overall_state(
        failing=home.failing,
        unhealthy=home.unhealthy,
        total=home.total,
        reachable=not home.unreachable,
        i18n=i18n,
    )
    where = i18n("in {count} of your channels").format(count=i18n.number(home.channels))
    return f"{mark} *{line}* · {where}"


def _buttons(home: Home, i18n: Translator) -> list[Block]:
    form = subscribe_button(i18n, style="primary") if home.may_change else None
    owners = settings_button(i18n) if home.may_change else None
    return actions([form, owners, _refresh(i18n), _help(i18n)])


def _refresh(i18n: Translator) -> Block | None:
    return button(i18n("Refresh"), "home_refresh", {}, says=i18n("Refresh this page"))


def _help(i18n: Translator) -> Block | None:
    return button(i18n("Help"), "home_help", {}, says=i18n("Help: commands, and where to ask"))


# ------------------------------------------------------------------------------------------ the list


def _listed(home: Home, i18n: Translator, now: datetime, troubles: ItemTroubles) -> list[Block]:
    blocks: list[Block] = []
    before: HomeEntry | NotShown | None = None
    for place, entry in enumerate(home.entries):
        heading = _heading(entry, i18n)
        if before is None or _heading(before, i18n) != heading:
            blocks += [{"type": "divider"}, _header(heading)]
        blocks += _drawn(home, place, i18n, now, troubles)
        before = entry
    return blocks


def _drawn(home: Home, place: int, i18n: Translator, now: datetime, troubles: ItemTroubles) -> list[Block]:
    """Draw one entry; where that fails, its name and that it fails."""
    entry, before = home.entries[place], home.entries[place - 1] if place else None
    if isinstance(entry, NotShown):
        name = entry.name
    elif isinstance(entry, ChannelSubscription):
        name, channel = entry.name or entry.subscription.selector, entry.subscription.channel
        with troubles.guard(Work.SHOW, channel, f"draw {name}"):
            blocks = [_subscription_block(entry, place, i18n, may_change=home.may_change)]
            if not isinstance(before, ChannelSubscription) or before.subscription.channel != channel:
                return [*_channel(channel, place, i18n, home), *blocks]
            return blocks
    else:
        about = entry.integration
        name, key = about.integration_name, about.key
        with troubles.guard(Work.SHOW, key, f"draw {_kind(entry).__name__}"):
            if isinstance(entry, NeedsAttention):
                return _attention_blocks(entry, place, i18n, may_change=home.may_change)
            return [_summary_block(entry, place, i18n, now)]
    text = i18n("⚠️ *{name}* can't be shown here; the log says why.")
    return [section(text.format(name=escape(plain(name, SHORT_NAME))))]


def _kind(entry: HomeEntry | NotShown) -> type[HomeEntry]:
    return entry.kind if isinstance(entry, NotShown) else type(entry)


def _heading(entry: HomeEntry | NotShown, i18n: Translator) -> str:
    """Return what stands above an entry and the like; integrations are listed workspace by workspace."""
    kind = _kind(entry)
    if kind is NeedsAttention:
        is_own = isinstance(entry, NeedsAttention) and entry.is_own
        return i18n("Yours") if is_own else i18n("Needs attention")
    if kind is ChannelSubscription:
        return i18n("Subscriptions")
    workspace_name = entry.workspace_name if isinstance(entry, NotShown) else _workspace(entry)
    if workspace_name is None:
        return i18n("All integrations")
    return i18n("All integrations of {workspace}").format(workspace=plain(workspace_name))


def _workspace(entry: HomeEntry) -> str | None:
    return None if isinstance(entry, ChannelSubscription) else entry.integration.workspace_name


def _attention_blocks(
    entry: NeedsAttention, place: int, i18n: Translator, *, may_change: bool
) -> list[Block]:
    incident = entry.incident
    channels = i18n.listed(named_channel(one.channel_id) for one in entry.channels[:_FEW_CHANNELS])
    notes = [*([channels] if channels else []), *ownership(entry.settings, i18n)]
    if entry.escalated:
        notes.insert(0, i18n("escalated to you"))
    if incident.acknowledged_by:
        notes.insert(0, i18n("acknowledged by {who}").format(who=user(incident.acknowledged_by)))
    view = IncidentView(incident=incident, integration=entry.integration, dashboard_url=entry.dashboard_url)
    there = {"channel": entry.channels[0].channel_id} if entry.channels else {}
    acknowledge = ack_button([view], i18n, action_id=f"home_ack:{place}", **there) or unack_button(
        [view], i18n, action_id=f"home_unack:{place}", **there
    )
    return [
        section(attention_line(view, i18n, notes)),
        *actions(
            [
                acknowledge if may_change else None,
                _runs(entry, place, i18n),
                open_button(entry.integration, entry.dashboard_url, i18n, action_id=f"open_in_braze:{place}"),
            ]
        ),
    ]


def _runs(entry: NeedsAttention | IntegrationSummary, place: int, i18n: Translator) -> Block | None:
    says = i18n("History: {name}").format(name=name_of(entry.integration))
    return button(i18n("History"), f"home_runs:{place}", carried_integration(entry.integration), says=says)


def _channel(channel: Channel, place: int, i18n: Translator, home: Home) -> list[Block]:
    hours = f"\n{hours_text(home.hours[channel], i18n)}" if channel in home.hours else ""
    is_direct = channel.channel_id.startswith("D")
    title = i18n("Direct messages") if is_direct else named_channel(channel.channel_id)
    carried = {"channel": channel.channel_id}
    more = button(
        i18n("Add…"), f"form_new:{place}", carried, says=i18n("Add… a subscription of this channel")
    )
    buttons = [None if is_direct else more, sample_button(f"home_sample:{place}", carried, i18n)]
    return [section(f"*{title}*{hours}"), *(actions(buttons) if home.may_change else [])]


def _subscription_block(
    entry: ChannelSubscription, place: int, i18n: Translator, *, may_change: bool
) -> Block:
    one = entry.subscription
    what = selector_text(selection(one, entry.name), i18n)
    count = matching_now(entry.total, i18n)
    if entry.unhealthy:
        count = i18n.listed([count, i18n("{count} unhealthy").format(count=i18n.number(entry.unhealthy))])
    lines = [f"{what} ({count})" if entry.name is None else what, filter_text(one.filters, i18n)]
    if one.broken_reason:
        lines.append(broken_channel(one.broken_reason, i18n))
    change = change_button(one, entry.name, i18n, place=place) if may_change else None
    return section("\n".join(lines), accessory=change)


def _summary_block(entry: IntegrationSummary, place: int, i18n: Translator, now: datetime) -> Block:
    run = entry.newest
    mark = state_sign(entry.incident, run, missing=entry.missing)
    lines = [f"{mark} {bold_name(entry.integration.alone, None, SHORT_NAME)}"]
    lines += [" · ".join(said) for said in (_newest(run, i18n), _trend(entry, i18n, now)) if said]
    lines += ownership(entry.settings, i18n)
    return section("\n".join(lines), accessory=_runs(entry, place, i18n))


def _newest(run: Run | None, i18n: Translator) -> list[str]:
    if run is None:
        return [i18n("no run yet")]
    state = f"{escape(short_status(run.job_status, i18n))} {date(run.sync_start_time)}"
    return [state, *row_counts(run, i18n)]


def _trend(entry: IntegrationSummary, i18n: Translator, now: datetime) -> list[str]:
    """Draw how the runs before went, and say when the next one comes."""
    drawn = sparkline(entry.recent)
    said = [f"`{drawn}`"] if drawn else []
    if entry.missing:
        said.append(i18n("not found in Braze"))
    elif entry.incident and renderer_of(entry.incident).replaces_next_run:
        said.append(renderer_of(entry.incident).short_state(entry.incident, i18n))
    elif entry.next_run:
        text = i18n("next run {when}") if entry.next_run > now else i18n("next run was expected {when}")
        said.append(text.format(when=date(entry.next_run)))
    return said


# ------------------------------------------------------------------------------------------ below the list


def _not_shown(home: Home, i18n: Translator) -> list[Block]:
    """Say where the unhealthy integrations are that found no room above."""
    if not home.not_shown or home.page:
        return []
    text = i18n.counted(
        "{count} more needs attention: see the top of all integrations",
        "{count} more need attention: see the top of all integrations",
        home.not_shown,
    )
    return [context(text)]


def _fresh(home: Home, i18n: Translator, now: datetime) -> list[str]:
    said = []
    if home.checked_at:
        said.append(i18n("Braze was last asked {when}").format(when=date(home.checked_at)))
    if home.unseen:
        said.append(i18n("{count} not checked yet").format(count=i18n.number(home.unseen)))
    said.append(i18n("This page as of {when}").format(when=date(now)))
    if home.pages > 1:
        said.append(
            i18n("page {page} of {pages}").format(
                page=i18n.number(home.page + 1), pages=i18n.number(home.pages)
            )
        )
    return [*said, sparkline_legend(i18n)]
