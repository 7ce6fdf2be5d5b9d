"""The answer that lists what a channel is subscribed to, each with a way to end or change it. Pure."""

from __future__ import annotations

from cdi_bot.core.model import Subscription, is_pattern
from cdi_bot.services.answers import SubscriptionList
from cdi_bot.slack.blocks import Block, Rendered, actions, context, section
from cdi_bot.slack.buttons import change_button, subscribe_button
from cdi_bot.slack.format import code, date, escape, outside, plain_line, user
from cdi_bot.slack.limits import BLOCKS, BLOCKS_JSON, weight
from cdi_bot.slack.reasons import channel_advice, channel_words
from cdi_bot.slack.selectors import filter_words, named_selector
from cdi_bot.slack.words import Words


def render_subscriptions(answer: SubscriptionList, words: Words) -> Rendered:
    """Answer what the channel hears of: as many subscriptions as a message holds, and how many more there are."""
    _ = words.gettext
    count = len(answer.rows)
    if not count:
        title = _("This channel has no subscriptions.")
        todo = _("`/cdi list` shows what there is, `/cdi subscribe NAME` or `/cdi subscribe all` begins.")
        form = actions([subscribe_button(words, style="primary")])
        return Rendered(text=plain_line(title), blocks=[section(f"{title}\n{todo}"), *form])
    title = words.ngettext(
        "This channel has {count} subscription", "This channel has {count} subscriptions", count
    ).format(count=words.number(count))
    head = section(f"*{title}*")
    todo = _("Typed, a change is to subscribe again with other filters: {example}").format(
        example=code("/cdi subscribe all on:error,config_error mention:@data-team")
    )
    form = actions([subscribe_button(words)])
    more = _("… and {count} more. `/cdi unsubscribe NAME` ends one.")
    foot = [section(more.format(count=words.number(count))), *form, context(todo)]
    listed: list[Block] = []
    room = BLOCKS_JSON - weight([head, *foot])
    for subscription, total, name in answer.rows:
        block = _row(subscription, total, name, words, place=len(listed))
        room -= weight([block])
        if room < 0 or len(listed) == BLOCKS - 4:
            foot[0] = section(more.format(count=words.number(count - len(listed))))
            return Rendered(text=plain_line(title), blocks=[head, *listed, *foot])
        listed.append(block)
    return Rendered(text=plain_line(title), blocks=[head, *listed, *foot[1:]])


def _row(subscription: Subscription, total: int, name: str | None, words: Words, *, place: int) -> Block:
    _ = words.gettext
    selector = subscription.selector
    what = named_selector(selector, f"*{outside(name)}*" if name else None, words)
    taken = words.ngettext("{count} integration now", "{count} integrations now", total)
    lines = [what + (f" ({taken.format(count=words.number(total))})" if is_pattern(selector) else "")]
    lines.append(filter_words(subscription.filters, words))
    lines.append(
        _("by {who}, {when}").format(who=user(subscription.created_by), when=date(subscription.created_at))
    )
    if subscription.broken_reason:
        broken = _("⚠️ I can't post here: {reason}.").format(
            reason=escape(channel_words(subscription.broken_reason, words))
        )
        lines.append(f"{broken} {channel_advice(subscription.broken_reason, words)}")
    return section("\n".join(lines), accessory=change_button(subscription, name, words, place=place))
