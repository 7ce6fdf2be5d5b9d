"""A person's Home.

Everything stands in one list, from what needs attention to what is healthy, cut into pages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.run import Run
from cdi_bot.item_troubles import ItemTroubles, Work
from cdi_bot.slack.render.kinds.table import overall_state, renderer_of, state_sign
from cdi_bot.slack.render.kinds.unreachable import unreachable_banner
from cdi_bot.slack.render.kit.blocks import Block, actions, button, context, plain_text, section
from cdi_bot.slack.render.kit.buttons import (
    carried_integration,
    change_button,
    open_button,
    pager,
    subscribe_button,
)
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import bot_troubles, broken_channel, lost_channels
from cdi_bot.slack.render.kit.runs import BROKEN_BAR, UNSEEN, row_counts, short_status, sparkline
from cdi_bot.slack.render.kit.text import SHORT_NAME, bold_name, date, escape, name_of, plain, user
from cdi_bot.slack.render.kit.text import channel as named_channel
from cdi_bot.slack.render.subscriptions import filter_text, matching_now, selector_text
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
    lost = map(section, [*lost_channels(home.lost, i18n), *bot_troubles(home.troubles, i18n)])
    banner = [*unreachable_banner(home.unreachable, i18n), *lost]
    if not home.channels:
        return _view(home.page, [*banner, *_welcome(home, i18n)])
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
    line = i18n("Slack does not tell me just now which channels you are in, so I show you none.")
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


def _welcome(home: Home, i18n: Translator) -> list[Block]:
    title = i18n("Know when a Braze data sync goes wrong")
    about = i18n(
        "I watch Braze Cloud Data Ingestion and tell a Slack channel when a sync fails, and when it is well again. "
        "None of your channels hears of any integration yet."
    )
    todo = i18n("Choose a channel and what it is to hear of, or type `/cdi subscribe all` in the channel.")
    return [
        _header(title),
        section(about),
        *([section(todo)] if home.may_change else []),
        *_buttons(home, i18n),
    ]


def _summary(home: Home, i18n: Translator) -> str:
    mark, line = overall_state(failing=home.failing, unhealthy=home.unhealthy, total=home.total, i18n=i18n)
    where = i18n.counted(
        "heard of in {count} channel of yours", "heard of in {count} channels of yours", home.channels
    )
    return f"{mark} {i18n.listed([f'*{line}*', where])}"


def _buttons(home: Home, i18n: Translator) -> list[Block]:
    form = subscribe_button(i18n, style="primary") if home.may_change else None
    return actions([form, _refresh(i18n), _help(i18n)])


def _refresh(i18n: Translator) -> Block | None:
    return button(i18n("Refresh"), "home_refresh", {}, says=i18n("Show how things are now"))


def _help(i18n: Translator) -> Block | None:
    return button(i18n("Help"), "home_help", {}, says=i18n("Show the commands and where to get help"))


# ------------------------------------------------------------------------------------------ the list


def _listed(home: Home, i18n: Translator, now: datetime, troubles: ItemTroubles) -> list[Block]:
    blocks: list[Block] = []
    before: HomeEntry | NotShown | None = None
    for place, entry in enumerate(home.entries):
        if before is None or _kind(before) is not _kind(entry):
            blocks += [{"type": "divider"}, _header(_heading(_kind(entry), i18n))]
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
                blocks.insert(0, _channel(channel, place, i18n, may_change=home.may_change))
            return blocks
    else:
        about = entry.integration
        name, key = about.integration_name, (about.workspace_id, about.integration_id)
        with troubles.guard(Work.SHOW, key, f"draw {_kind(entry).__name__}"):
            if isinstance(entry, NeedsAttention):
                return _attention_blocks(entry, place, i18n, may_change=home.may_change)
            return [_summary_block(entry, place, i18n, now)]
    text = i18n("⚠️ *{name}* can't be shown here; the log says why.")
    return [section(text.format(name=escape(plain(name, SHORT_NAME))))]


def _kind(entry: HomeEntry | NotShown) -> type[HomeEntry]:
    return entry.kind if isinstance(entry, NotShown) else type(entry)


def _heading(kind: type[HomeEntry], i18n: Translator) -> str:
    if kind is NeedsAttention:
        return i18n("Wrong now")
    return (
        i18n("What your channels hear of") if kind is ChannelSubscription else i18n("All these integrations")
    )


def _attention_blocks(
    entry: NeedsAttention, place: int, i18n: Translator, *, may_change: bool
) -> list[Block]:
    incident, kind = entry.incident, renderer_of(entry.incident)
    name = bold_name(entry.integration, entry.dashboard_url)
    channels = i18n.listed(named_channel(one.channel_id) for one in entry.channels[:_FEW_CHANNELS])
    lines = [
        f"{kind.sign(incident)} {name}",
        i18n("{state}, since {when}").format(
            state=escape(kind.headline(incident, i18n)), when=date(incident.failing_since)
        ),
        i18n("Told in {channels}").format(channels=channels),
    ]
    if incident.acknowledged_by:
        lines.append(i18n("👀 {who} looks after it").format(who=user(incident.acknowledged_by)))
    about = name_of(entry.integration)
    carried = {"incidents": [incident.incident_id], "channel": entry.channels[0].channel_id}
    acknowledge = button(
        i18n("Acknowledge"),
        f"home_ack:{place}",
        carried,
        says=i18n("{label}: {name}").format(label=i18n("Acknowledge"), name=about),
        style="primary",
    )
    free = may_change and incident.acknowledged_by is None
    return [
        section("\n".join(lines)),
        *actions(
            [
                acknowledge if free else None,
                _runs(entry, place, i18n),
                open_button(entry.integration, entry.dashboard_url, i18n, action_id=f"open_in_braze:{place}"),
            ]
        ),
    ]


def _runs(entry: NeedsAttention | IntegrationSummary, place: int, i18n: Translator) -> Block | None:
    says = i18n("Show the runs of {name}").format(name=name_of(entry.integration))
    return button(i18n("History"), f"home_runs:{place}", carried_integration(entry.integration), says=says)


def _channel(channel: Channel, place: int, i18n: Translator, *, may_change: bool) -> Block:
    if channel.channel_id.startswith("D"):
        title = i18n("Your messages with me")
        return section(f"*{title}*")
    more = button(
        i18n("Add…"),
        f"form_new:{place}",
        {"channel": channel.channel_id},
        says=i18n("Let this channel hear of more"),
    )
    return section(f"*{named_channel(channel.channel_id)}*", accessory=more if may_change else None)


def _subscription_block(
    entry: ChannelSubscription, place: int, i18n: Translator, *, may_change: bool
) -> Block:
    one = entry.subscription
    what = selector_text(one.selector, entry.name, i18n)
    count = matching_now(entry.total, i18n)
    if entry.unhealthy:
        count = i18n.listed([count, i18n("{count} not well").format(count=i18n.number(entry.unhealthy))])
    lines = [f"{what} ({count})" if entry.name is None else what, filter_text(one.filters, i18n)]
    if one.broken_reason:
        lines.append(broken_channel(one.broken_reason, i18n))
    change = change_button(one, entry.name, i18n, place=place) if may_change else None
    return section("\n".join(lines), accessory=change)


def _summary_block(entry: IntegrationSummary, place: int, i18n: Translator, now: datetime) -> Block:
    run = entry.newest
    mark = state_sign(entry.incident, run, missing=entry.missing)
    lines = [f"{mark} {bold_name(entry.integration, None, SHORT_NAME)}"]
    lines += [" · ".join(said) for said in (_newest(run, i18n), _trend(entry, i18n, now)) if said]
    return section("\n".join(lines), accessory=_runs(entry, place, i18n))


def _newest(run: Run | None, i18n: Translator) -> list[str]:
    if run is None:
        return [i18n("no run seen yet")]
    state = f"{escape(short_status(run.job_status, i18n))} {date(run.sync_start_time)}"
    return [state, *row_counts(run, i18n)]


def _trend(entry: IntegrationSummary, i18n: Translator, now: datetime) -> list[str]:
    """Draw how the runs before went, and say when the next one comes."""
    said = [f"`{sparkline(entry.recent)}`"] if len(entry.recent) > 1 else []
    if entry.missing:
        said.append(i18n("Braze no longer knows it"))
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
        "{count} more is not well: it stands among all integrations",
        "{count} more are not well: they stand among all integrations",
        home.not_shown,
    )
    return [context(text)]


def _fresh(home: Home, i18n: Translator, now: datetime) -> list[str]:
    said = []
    if home.checked_at:
        said.append(i18n("Braze was last asked about all of this {when}").format(when=date(home.checked_at)))
    if home.unseen:
        said.append(i18n("{count} not looked at yet").format(count=i18n.number(home.unseen)))
    said.append(i18n("This page as of {when}").format(when=date(now)))
    if home.pages > 1:
        said.append(
            i18n("page {page} of {pages}").format(
                page=i18n.number(home.page + 1), pages=i18n.number(home.pages)
            )
        )
    said.append(
        i18n("Bars are rows of the newest runs, oldest first; {cross} is a run that failed").format(
            cross=BROKEN_BAR
        )
    )
    return said
