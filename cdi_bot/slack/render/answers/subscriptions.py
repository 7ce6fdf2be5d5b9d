"""Subscriptions and their changes in words: what a channel is subscribed to, its filters, and who changed what."""

from __future__ import annotations

from cdi_bot.core.commands.table import BY_WORD
from cdi_bot.core.model.channel import AuditEntry
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters, Subscription, Topic, is_pattern
from cdi_bot.core.rules.unreachable import UNREACHABLE
from cdi_bot.slack.render.kit.blocks import Block, Rendered, actions, context, paragraphs, section
from cdi_bot.slack.render.kit.buttons import change_button, subscribe_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import BLOCKS, BLOCKS_JSON, weight
from cdi_bot.slack.render.kit.reasons import channel_advice, channel_problem
from cdi_bot.slack.render.kit.text import bold_name, code, date, escape, mentions, outside, plain_line, user
from cdi_bot.usecases.answers import AuditTrail, SubscriptionList


def selector_text(selector: str, integration: Integration | None, i18n: Translator) -> str:
    """Name in mrkdwn what a subscription takes in."""
    return named_selector(selector, bold_name(integration) if integration else None, i18n)


def named_selector(selector: str, shown_name: str | None, i18n: Translator) -> str:
    """Name in mrkdwn what a subscription takes in; `shown_name` is mrkdwn, for a single integration."""
    _ = i18n.gettext
    if selector == "all":
        return _("*all integrations*")
    if is_pattern(selector):
        return _("all integrations named like {pattern}").format(pattern=code(selector))
    return shown_name or code(selector)


def filter_text(filters: Filters, i18n: Translator) -> str:
    """Say in mrkdwn what of an integration's story is told."""
    _ = i18n.gettext
    said = []
    if filters.topics == DEFAULT_TOPICS:
        said.append(_("everything but the start of runs"))
    else:
        names = topic_names(i18n)
        said.append(
            i18n.listed(names[topic] for topic in Topic if topic in filters.topics)
            or _("unknown statuses only")
        )
    if filters.min_rows is not None:
        said.append(
            _("partial runs only from {rows} lost rows on").format(rows=i18n.number(filters.min_rows))
        )
    if filters.min_percent is not None:
        said.append(
            _("partial runs only from {percent}% lost rows on").format(
                percent=i18n.number(filters.min_percent)
            )
        )
    called = mentions(filters.mention)
    if called:
        said.append(_("new alerts call {who}").format(who=called))
    return _("; ").join(said)


def topic_names(i18n: Translator) -> dict[Topic, str]:
    """Name what can be heard of."""
    _ = i18n.gettext
    return {
        Topic.ERROR: _("errors"),
        Topic.PARTIAL: _("partial runs"),
        Topic.CONFIG_ERROR: _("configuration errors"),
        Topic.RUNNING: _("starts of runs"),
        Topic.LATE: _("late runs"),
        Topic.SLOW: _("slow runs"),
        Topic.QUALITY: _("odd rows"),
        Topic.RECOVERY: _("recoveries"),
    }


def render_subscriptions(answer: SubscriptionList, i18n: Translator) -> Rendered:
    """Answer what the channel hears of: as many subscriptions as a message holds, and how many more there are."""
    _ = i18n.gettext
    count = len(answer.rows)
    if not count:
        title = _("This channel has no subscriptions.")
        todo = _("`/cdi list` shows what there is, `/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        form = actions([subscribe_button(i18n, style="primary")])
        return Rendered(text=plain_line(title), blocks=[section(f"{title}\n{todo}"), *form])
    title = i18n.ngettext(
        "This channel has {count} subscription", "This channel has {count} subscriptions", count
    ).format(count=i18n.number(count))
    head = section(f"*{title}*")
    todo = _("Typed, a change is to subscribe again with other filters: {example}").format(
        example=code("/cdi subscribe all on:error,config_error mention:@data-team")
    )
    form = actions([subscribe_button(i18n)])
    more = _("… and {count} more. `/cdi unsubscribe NAME` ends one.")
    foot = [section(more.format(count=i18n.number(count))), *form, context(todo)]
    listed: list[Block] = []
    room = BLOCKS_JSON - weight([head, *foot])
    for subscription, total, name in answer.rows:
        block = _subscription_row(subscription, total, name, i18n, place=len(listed))
        room -= weight([block])
        if room < 0 or len(listed) == BLOCKS - 4:
            foot[0] = section(more.format(count=i18n.number(count - len(listed))))
            return Rendered(text=plain_line(title), blocks=[head, *listed, *foot])
        listed.append(block)
    return Rendered(text=plain_line(title), blocks=[head, *listed, *foot[1:]])


def _subscription_row(
    subscription: Subscription, total: int, name: str | None, i18n: Translator, *, place: int
) -> Block:
    _ = i18n.gettext
    selector = subscription.selector
    what = named_selector(selector, f"*{outside(name)}*" if name else None, i18n)
    taken = i18n.ngettext("{count} integration now", "{count} integrations now", total)
    lines = [what + (f" ({taken.format(count=i18n.number(total))})" if is_pattern(selector) else "")]
    lines.append(filter_text(subscription.filters, i18n))
    lines.append(
        _("by {who}, {when}").format(who=user(subscription.created_by), when=date(subscription.created_at))
    )
    if subscription.broken_reason:
        broken = _("⚠️ I can't post here: {reason}.").format(
            reason=escape(channel_problem(subscription.broken_reason, i18n))
        )
        lines.append(f"{broken} {channel_advice(subscription.broken_reason, i18n)}")
    return section("\n".join(lines), accessory=change_button(subscription, name, i18n, place=place))


_AUDIT_ROOM = 10_000


def render_audit(answer: AuditTrail, i18n: Translator) -> Rendered:
    """List the changes, newest first."""
    _ = i18n.gettext
    if not answer.rows:
        title = _("Nobody has changed anything in this channel yet.")
        todo = _("`/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        return Rendered(text=plain_line(title), blocks=[section(f"{title}\n{todo}")])
    title = _("What was changed in this channel last")
    listed, _held = paragraphs(
        [_audit_row(entry, name, i18n) for entry, name in answer.rows], blocks=10, room=_AUDIT_ROOM
    )
    todo = _("`/cdi subscriptions` shows what it hears of now, `/cdi status` how that is.")
    return Rendered(text=plain_line(title), blocks=[section(f"*{title}*"), *listed, context(todo)])


def _audit_row(entry: AuditEntry, name: str | None, i18n: Translator) -> str:
    """Say in one line who did what, and when."""
    specification = BY_WORD.get(entry.action)
    known = specification.audit if specification else None
    line = i18n.translated(known) if known else "{when} {who} {what}"
    return line.format(when=date(entry.at), who=user(entry.who), what=_audit_subject(entry, name, i18n))


def _audit_subject(entry: AuditEntry, name: str | None, i18n: Translator) -> str:
    if name is not None:
        return f"*{outside(name)}*"
    if entry.action in {"subscribe", "unsubscribe"} and is_pattern(entry.subject):
        return named_selector(entry.subject, None, i18n)
    if entry.action == "acknowledge" and entry.subject == UNREACHABLE.kind:
        return i18n.gettext("that I can't see Braze")
    return code(entry.subject)
