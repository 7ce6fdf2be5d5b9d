"""What the form's picker offers: single integrations, and what takes in several at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from cdi_bot.core.model import Integration, is_pattern
from cdi_bot.services.forms import Offer
from cdi_bot.slack import limits
from cdi_bot.slack.blocks import Block, plain_text
from cdi_bot.slack.format import name_of, plain
from cdi_bot.slack.limits import clip
from cdi_bot.slack.statuses import sign
from cdi_bot.slack.words import Words


def selector_option(selector: str, name: str | None, words: Words, *, about: str = "") -> Block | None:
    """Return what is chosen in the picker; `None` where its value is longer than Slack takes."""
    _ = words.gettext
    if selector == "all":
        label = _("All integrations, those to come too")
    elif is_pattern(selector):
        label = _("All named like {pattern}").format(pattern=plain(selector))
    else:
        label = plain(name or selector)
    return _option(label, selector, about)


def _option(label: str, value: str, about: str = "") -> Block | None:
    if not value or len(value) > limits.OPTION_VALUE:
        return None
    option: Block = {"text": plain_text(clip(label, limits.OPTION_TEXT)), "value": value}
    return option | {"description": plain_text(clip(about, limits.OPTION_TEXT))} if about else option


def selector_options(offer: Offer, words: Words) -> Block:
    """Answer a search in the picker: several at once first, then single integrations."""
    _ = words.gettext
    several: list[Block | None] = []
    if offer.everything is not None:
        several.append(selector_option("all", None, words, about=_count(offer.everything, words)))
    if offer.pattern:
        about = _count(offer.pattern_count, words)
        several.append(selector_option(offer.pattern, None, words, about=about))
    single = [_single(one, words) for one in offer.integrations]
    if offer.unlisted:
        about = _("An id that I can't check before")
        single.append(selector_option(offer.unlisted, None, words, about=about))
    groups = ((_("Several at once"), _there(several)), (_single_label(offer, words), _there(single)))
    return {
        "option_groups": [
            {"label": plain_text(clip(label, limits.OPTION_TEXT)), "options": options[: limits.OPTIONS]}
            for label, options in groups
            if options
        ]
    }


def _there(options: Iterable[Block | None]) -> list[Block]:
    return [option for option in options if option]


def _single(one: Integration, words: Words) -> Block | None:
    status = one.last_job_status
    about = f"{sign(status)} {plain(one.integration_id)}" if status else plain(one.integration_id)
    return selector_option(one.integration_id, name_of(one), words, about=about)


def _single_label(offer: Offer, words: Words) -> str:
    _ = words.gettext
    if offer.total > len(offer.integrations):
        return _("{shown} of {total} integrations: type more").format(
            shown=words.number(len(offer.integrations)), total=words.number(offer.total)
        )
    return _("One integration")


def _count(count: int, words: Words) -> str:
    return words.ngettext("{count} integration now", "{count} integrations now", count).format(
        count=words.number(count)
    )
