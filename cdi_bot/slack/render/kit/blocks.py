"""Block Kit's pieces as plain JSON, each cut to Slack's limits.

Whatever is given as mrkdwn must be escaped already (`text.py` does that); plain text is taken as it is.
Source: docs.slack.dev/reference/block-kit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.limits import clip
from cdi_bot.slack.render.kit.text import DATE, LINK, plain, plain_line, utc, web_address

Block = dict[str, Any]

# Half of a character outside the basic plane: Python holds it, but no request can carry it unless it is escaped.
_HALF = re.compile("[\ud800-\udfff]")


class Bar(StrEnum):
    """The colour of the bar beside a message, as Slack takes it."""

    RED = "#d7263d"  # rows are lost, or nothing syncs
    AMBER = "#e8a317"  # needs attention
    GREEN = "#2eb67d"  # recovered
    GREY = (
        "#8d8d8d"  # nobody has to do anything now: acknowledged, snoozed, expected, taken to another message
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A message: its blocks, and the plain text that stands for them in notifications and for screen readers.

    With a `bar`, all blocks but the first stand in one attachment beside it. The first does not, because a mention in
    an attachment notifies nobody.

    `plainer` are blocks that say the same without what some workspaces refuse, such as charts; `None` where `blocks`
    hold no such thing.
    """

    text: str
    blocks: list[Block]
    plainer: list[Block] | None = None
    bar: Bar | None = None

    def body(self) -> dict[str, Any]:
        """Return the message as Slack takes it.

        Without a bar the attachments are an empty list, which takes away those that an update finds.
        Source: docs.slack.dev/messaging/formatting-message-text, "secondary message attachments".
        """
        first, rest = (self.blocks[:1], self.blocks[1:]) if self.bar else (self.blocks, [])
        beside = [{"color": str(self.bar), "fallback": self.text, "blocks": rest}] if rest else []
        return {"text": self.text, "blocks": first, "attachments": beside}

    def versions(self) -> Iterator[Rendered]:
        """Yield the message, then plainer ones for a workspace that refuses it; the last is its text alone."""
        yield self
        if self.bar or self.plainer:
            yield Rendered(text=self.text, blocks=self.plainer or self.blocks)
        yield Rendered(text=self.text, blocks=[section(self.text)])


Renderers = Mapping[type, Callable[[Any, Translator], Rendered]]
"""What renders a value, by the type of the value."""


def short_message(
    line: str,
    *notes: str,
    sign: str = "",
    second: str = "",
    row: Sequence[Block] = (),
    accessory: Block | None = None,
) -> Rendered:
    """Return a message of one main line of mrkdwn, a `second` line below it, `notes` in small print, and a row.

    The `accessory` stands beside the two lines, which are its text too.
    """
    shown = f"{sign} {line}" if sign else line
    head = section(f"{shown}\n{second}" if second else shown, accessory=accessory)
    text = plain_line(f"{line} – {second}" if second else line)
    return Rendered(text=text, blocks=[head, *small_print(notes), *row])


def mrkdwn(text: str) -> Block:
    """Return a text object; `verbatim`, so that nothing in a name turns into a link or a call."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain_text(text: str) -> Block:
    """Return a text object without markup."""
    return {"type": "plain_text", "text": text, "emoji": True}


def section(text: str, *, accessory: Block | None = None) -> Block:
    """Return a paragraph, with an element beside it."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    return block | {"accessory": accessory} if accessory else block


def next_step(advice: str, i18n: Translator) -> Block:
    """Return the paragraph that says what to do next; `advice` is mrkdwn."""
    title = i18n("What to do next")
    return section(f"*{title}*\n{advice}")


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return labelled values in two columns: at most ten pairs of a label and its mrkdwn value."""
    texts = [mrkdwn(f"*{label}*\n{value}") for label, value in pairs]
    return {"type": "section", "fields": texts[: limits.SECTION_FIELDS]}


def context(*texts: str) -> Block:
    """Return small print."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[: limits.CONTEXT_ELEMENTS]]}


def small_print(texts: Sequence[str]) -> list[Block]:
    """Return small print; nothing where there is no text."""
    return [context(*texts)] if texts else []


def actions(elements: Iterable[Block | None]) -> list[Block]:
    """Return a row of the elements that there are; no row where there is none."""
    present = [element for element in elements if element]
    return [{"type": "actions", "elements": present}] if present else []


def as_value(value: object) -> str:
    """Write what a button carries, as short as JSON can be."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(value, separators=(",", ":")) if _HALF.search(written) else written


def button(
    label: str,
    action_id: str,
    value: object,
    *,
    says: str,
    style: str | None = None,
    confirm: Block | None = None,
) -> Block | None:
    """Return a button; `says` is its label for people who can't see what is beside it.

    `None` where the value would be longer than Slack takes: better no button than no message.
    """
    carried = as_value(value)
    if len(carried) > limits.BUTTON_VALUE:
        return None
    element: Block = {
        "type": "button",
        "text": plain_text(clip(label, limits.BUTTON_TEXT)),
        "action_id": action_id,
        "value": carried,
        "accessibility_label": plain(says, limits.ACCESSIBILITY_LABEL),
    }
    if style:
        element["style"] = style
    if confirm:
        element["confirm"] = confirm
    return element


def url_button(label: str, action_id: str, url: str | None, *, says: str) -> Block | None:
    """Return a button that opens a web address; `None` where there is no usable one."""
    address = web_address(url)
    if address is None or len(address) > LINK:
        return None
    return {
        "type": "button",
        "text": plain_text(clip(label, limits.BUTTON_TEXT)),
        "action_id": action_id,
        "url": address,
        "accessibility_label": plain(says, limits.ACCESSIBILITY_LABEL),
    }


def select(placeholder: str, action_id: str, options: Sequence[tuple[str, object]]) -> Block | None:
    """Return a menu of labels with what each carries; `None` where a value is longer than Slack takes."""
    return _menu(
        "static_select", action_id, options, placeholder=plain_text(clip(placeholder, limits.PLACEHOLDER))
    )


def overflow(action_id: str, options: Sequence[tuple[str, object]]) -> Block | None:
    """Return the small menu behind ⋯; `None` where a value is longer than Slack takes."""
    return _menu("overflow", action_id, options)


def _menu(kind: str, action_id: str, options: Sequence[tuple[str, object]], **more: Block) -> Block | None:
    choices = [(clip(label, limits.OPTION_TEXT), as_value(value)) for label, value in options]
    if any(len(carried) > limits.OPTION_VALUE for _, carried in choices):
        return None
    return {
        "type": kind,
        **more,
        "action_id": action_id,
        "options": [{"text": plain_text(label), "value": carried} for label, carried in choices],
    }


def confirmation(*, title: str, text: str, confirm: str, deny: str, is_dangerous: bool = False) -> Block:
    """Return the question that is asked before a button does what it says; all plain text."""
    question: Block = {
        "title": plain_text(clip(title, limits.CONFIRM_TITLE)),
        "text": plain_text(clip(text, limits.CONFIRM_TEXT)),
        "confirm": plain_text(clip(confirm, limits.CONFIRM_BUTTON)),
        "deny": plain_text(clip(deny, limits.CONFIRM_BUTTON)),
    }
    return question | {"style": "danger"} if is_dangerous else question


def cell(text: str) -> Block:
    """Return a table's cell of plain text, which may come from outside."""
    return {"type": "raw_text", "text": plain(text)}


def date_cell(time: datetime | None, otherwise: str) -> Block:
    """Return a table's cell that shows a time in the reader's own zone."""
    if time is None:
        return cell(otherwise)
    moment = {"type": "date", "timestamp": int(time.timestamp()), "format": DATE, "fallback": utc(time)}
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [moment]}],
    }


def table(header: Sequence[str], rows: Iterable[Sequence[Block]], *, numbers: Iterable[int] = ()) -> Block:
    """Return a table; `numbers` are the places of columns that hold numbers. Rows past Slack's limit are left out."""
    right = set(numbers)
    return {
        "type": "table",
        "column_settings": [
            {"align": "right"} if place in right else {"is_wrapped": place == 0}
            for place in range(len(header))
        ],
        "rows": [[cell(title) for title in header], *rows][: limits.TABLE_ROWS],
    }


def paragraphs(lines: Iterable[str], *, blocks: int, room: int) -> tuple[list[Block], int]:
    """Put lines of mrkdwn into as few sections as they need, at most `blocks`, within `room` of their weight.

    Returns the sections and how many of the lines they hold.
    """
    packed: list[str] = []
    held = 0
    used = 0
    for line in lines:
        joins = bool(packed) and len(packed[-1]) + 1 + len(line) <= limits.SECTION_TEXT
        cost = limits.text_weight(line) if joins else limits.weight([section(line)])
        if used + cost > room or (not joins and len(packed) == blocks):
            break
        used += cost
        held += 1
        if joins:
            packed[-1] += f"\n{line}"
        else:
            packed.append(line)
    return [section(text) for text in packed], held
