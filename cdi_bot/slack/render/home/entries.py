"""The entries of a person's Home: what is wrong, what is heard where, how each integration is. Pure."""

from __future__ import annotations

from datetime import datetime

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.incident import Kind
from cdi_bot.core.model.run import Run
from cdi_bot.slack.render.answers.subscriptions import filter_text, named_selector
from cdi_bot.slack.render.kit.blocks import Block, actions, button, plain_text, section
from cdi_bot.slack.render.kit.buttons import change_button, open_in_braze
from cdi_bot.slack.render.kit.charts import sparkline
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import channel_advice, channel_problem
from cdi_bot.slack.render.kit.statuses import UNSEEN, headline, incident_sign, run_sign, short_status
from cdi_bot.slack.render.kit.text import SHORT_NAME, bold_name, date, escape, failed, name_of, outside, user
from cdi_bot.slack.render.kit.text import channel as named_channel
from cdi_bot.usecases.home import ChannelSubscription, Home, HomeEntry, IntegrationSummary, NeedsAttention

_FEW_CHANNELS = 5


def listed(home: Home, i18n: Translator, now: datetime) -> list[Block]:
    """Return the entries of a page under their headings."""
    blocks: list[Block] = []
    before: HomeEntry | None = None
    for place, entry in enumerate(home.entries):
        if before is None or type(before) is not type(entry):
            blocks += [{"type": "divider"}, header(_heading(entry, i18n))]
        if isinstance(entry, NeedsAttention):
            blocks += _attention_blocks(entry, place, i18n, may_change=home.may_change)
        elif isinstance(entry, ChannelSubscription):
            if not isinstance(before, ChannelSubscription) or _channel_of_entry(before) != _channel_of_entry(
                entry
            ):
                blocks.append(_channel(_channel_of_entry(entry), place, i18n, may_change=home.may_change))
            blocks.append(_subscription_block(entry, place, i18n, may_change=home.may_change))
        else:
            blocks.append(_summary_block(entry, place, i18n, now))
        before = entry
    return blocks


def _channel_of_entry(entry: ChannelSubscription) -> Channel:
    return entry.subscription.channel


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain_text(text)}


def _heading(entry: HomeEntry, i18n: Translator) -> str:
    _ = i18n.gettext
    if isinstance(entry, NeedsAttention):
        return _("Wrong now")
    return (
        _("What your channels hear of")
        if isinstance(entry, ChannelSubscription)
        else _("All these integrations")
    )


def _attention_blocks(
    entry: NeedsAttention, place: int, i18n: Translator, *, may_change: bool
) -> list[Block]:
    _ = i18n.gettext
    incident = entry.incident
    name = bold_name(entry.integration, entry.dashboard_url)
    told = i18n.listed(named_channel(one.channel_id) for one in entry.channels[:_FEW_CHANNELS])
    lines = [
        f"{incident_sign(incident)} {name}",
        _("{state}, since {when}").format(
            state=escape(headline(incident, i18n)), when=date(incident.failing_since)
        ),
        _("Told in {channels}").format(channels=told),
    ]
    if incident.acknowledged_by:
        lines.append(_("👀 {who} looks after it").format(who=user(incident.acknowledged_by)))
    about = name_of(entry.integration)
    carried = {"incidents": [incident.incident_id], "channel": entry.channels[0].channel_id}
    acknowledge = button(
        _("Acknowledge"),
        f"home_ack:{place}",
        carried,
        says=_("Acknowledge {name}").format(name=about),
        style="primary",
    )
    free = may_change and incident.acknowledged_by is None
    return [
        section("\n".join(lines)),
        *actions(
            [
                acknowledge if free else None,
                _runs(entry, place, i18n),
                open_in_braze(
                    entry.integration, entry.dashboard_url, i18n, action_id=f"open_in_braze:{place}"
                ),
            ]
        ),
    ]


def _runs(entry: NeedsAttention | IntegrationSummary, place: int, i18n: Translator) -> Block | None:
    _ = i18n.gettext
    says = _("Show the runs of {name}").format(name=name_of(entry.integration))
    return button(_("History"), f"home_runs:{place}", {"id": entry.integration.integration_id}, says=says)


def _channel(channel: Channel, place: int, i18n: Translator, *, may_change: bool) -> Block:
    _ = i18n.gettext
    if channel.channel_id.startswith("D"):
        title = _("Your messages with me")
        return section(f"*{title}*")
    more = button(
        _("Add…"),
        f"form_new:{place}",
        {"channel": channel.channel_id},
        says=_("Let this channel hear of more"),
    )
    return section(f"*{named_channel(channel.channel_id)}*", accessory=more if may_change else None)


def _subscription_block(
    entry: ChannelSubscription, place: int, i18n: Translator, *, may_change: bool
) -> Block:
    _ = i18n.gettext
    one = entry.subscription
    what = named_selector(one.selector, f"*{outside(entry.name)}*" if entry.name else None, i18n)
    count = i18n.ngettext("{count} integration now", "{count} integrations now", entry.total).format(
        count=i18n.number(entry.total)
    )
    if entry.unhealthy:
        failing = _("{count} not well").format(count=i18n.number(entry.unhealthy))
        count = i18n.listed([count, failing])
    lines = [what + (f" ({count})" if entry.name is None else ""), filter_text(one.filters, i18n)]
    if one.broken_reason:
        broken = _("⚠️ I can't post here: {reason}.").format(
            reason=escape(channel_problem(one.broken_reason, i18n))
        )
        lines.append(f"{broken} {channel_advice(one.broken_reason, i18n)}")
    change = change_button(one, entry.name, i18n, place=place) if may_change else None
    return section("\n".join(lines), accessory=change)


def _summary_block(entry: IntegrationSummary, place: int, i18n: Translator, now: datetime) -> Block:
    run = entry.newest
    mark = incident_sign(entry.incident) if entry.incident else run_sign(run)
    lines = [f"{UNSEEN if entry.missing else mark} {bold_name(entry.integration, None, SHORT_NAME)}"]
    lines += [" · ".join(said) for said in (_newest(run, i18n), _trend(entry, i18n, now)) if said]
    return section("\n".join(lines), accessory=_runs(entry, place, i18n))


def _newest(run: Run | None, i18n: Translator) -> list[str]:
    """Say how the newest run went."""
    _ = i18n.gettext
    if run is None:
        return [_("no run seen yet")]
    said = [f"{escape(short_status(run.job_status, i18n))} {date(run.sync_start_time)}"]
    if run.rows_synced is not None:
        said.append(_("{rows} rows").format(rows=i18n.number(run.rows_synced)))
    if run.rows_failed_with_errors:
        said.append(_("{rows} failed").format(rows=escape(failed(run, i18n))))
    return said


def _trend(entry: IntegrationSummary, i18n: Translator, now: datetime) -> list[str]:
    """Draw how the runs before went, and say when the next one comes."""
    _ = i18n.gettext
    said = [f"`{sparkline(entry.recent)}`"] if len(entry.recent) > 1 else []
    if entry.missing:
        said.append(_("Braze no longer knows it"))
    elif entry.incident and entry.incident.kind is Kind.LATE:
        said.append(_("late"))
    elif entry.next_run:
        text = _("next run {when}") if entry.next_run > now else _("next run was expected {when}")
        said.append(text.format(when=date(entry.next_run)))
    return said
