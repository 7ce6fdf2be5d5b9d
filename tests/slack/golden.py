"""Comparing messages and views with their golden files, in every language that the bot speaks.

`CDI_BOT_WRITE_GOLDEN=1` writes the files anew instead: look at the difference before committing it. `golden/` holds
whole messages in English. The folder of another language holds only texts, each under the English text that it
replaces; from both the whole message is built and compared. Where one English text has several translations in a
message, they stand in a list, in their order.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cdi_bot.sandbox.slack.block_kit import message_problems, options_problems, view_problems
from cdi_bot.slack.render.kit import limits
from cdi_bot.slack.render.kit.blocks import Rendered
from cdi_bot.slack.render.kit.i18n import SOURCE, Translator, languages

Json = dict[str, Any]

FOLDER = Path(__file__).parent / "golden"
WRITES = os.environ.get("CDI_BOT_WRITE_GOLDEN") == "1"


SAMPLES = re.compile(
    r"\bprod\b|\bstaging?\b|∗Users∗|"
    r"Users attributes( \(Snowflake\))?|Users(: (attributes|consent)|\*|(?=”))|us(ers)?\*|Active users|Catalog|Orders|"
    r"Usrs|Integration \d+|Purchases \(BigQuery\)|(warehouse )?move|abc123(xyz?)?|on:eror|statsu|klingon|nothing(?=”)|"
    r"em(ea|ae)|iad-03|(?<=\*)old(?=\*)|old(?= ·)|rest\.iad-03\.braze\.com|"
    r"0b1c2d3e|https://rest\.fra-01\.braze\.eu|&(amp|lt|gt);|cat(?= )|!channel|half_done|some_new_word|all$|"
    r"mon-fri|except:error|off(?= Ж)|S0123ABCDE|English|UTC|Asia/Tokyo|Europe/\w+|"
    r"Snowflake|BigQuery|Databricks|Amazon (S3|Redshift)|Azure Blob Storage|Paused|Archived|"
    r"(data|ops)@northwind\.example|https://wiki\.example\.com/[a-z?=&0-9;]*|"
    r"(^|(?<=Ж: ))(help|status|subscribe|subscriptions|unsubscribe)( |$)|(un)?subscribed(?= Us)|"
    r"I can't do this: Braze does not answer in time\.|(Done|More|No|Wait)\.|^(History|Subscriptions)$"
)
"""What Braze and people named in the samples, and time zones: no language changes these."""

_LETTERS = re.compile(r"\{[^{}]*\}|`[^`]*`|([A-Za-z]+)")
_UNSEEN = re.compile(r"<!date\^[^>]*>|<[@#!][^>]*>|`[^`]*`|<https?:[^|>]*\|")
_SHOWN = frozenset({"text", "title", "name", "label", "x_label", "y_label", "hint", "description"})
_SHOWN |= {"placeholder", "accessibility_label", "confirm", "deny", "alt_text"}


class Marked(Translator):
    """A language in which every letter is an Ж: a letter left over came from the data, or by no translation."""

    def __call__(self, text: str) -> str:
        """Put an Ж in place of every letter that is no name of something put in and no command."""
        return _LETTERS.sub(lambda found: "Ж" * len(found[1]) if found[1] else found[0], text)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Likewise."""
        return self(singular if count == 1 else plural)


def assert_translated(held: object) -> None:
    """Assert that what was said in the marked language holds no word that no translation reached."""
    left = set()
    for text in _shown(held):
        left |= set(re.findall("[A-Za-z]{2,}", SAMPLES.sub("", _UNSEEN.sub("", text))))
    assert left == set(), "said in English in every language, or missing among the samples"


def _shown(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, str):
        yield from [value] if key in _SHOWN else []
    elif isinstance(value, list):
        for item in value:
            yield from _shown(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _shown(item, name)


def assert_golden(name: str, say: Callable[[Translator], Rendered]) -> None:
    """Assert in each language that a message is one that Slack takes, and just what its golden file holds."""
    marked = say(Marked())
    assert_translated([*marked.blocks, *(marked.plainer or [])])
    for language in languages():
        message = say(Translator.load(language))
        assert_taken(message)
        parts: dict[str, object] = message.body()
        if not parts["attachments"]:
            del parts["attachments"]
        if message.plainer is not None:
            parts["plainer"] = message.plainer
        assert_file(language, name, parts)


def assert_taken(message: Rendered) -> None:
    """Assert that Slack takes a message: its own checks, and the limits that are ours to keep."""
    if message.plainer is not None:
        assert_taken(Rendered(text=message.text, blocks=message.plainer))
    assert message_problems(message.blocks) == []
    body = message.body()
    assert [block for each in body["attachments"] for block in each["blocks"]] == message.blocks[
        len(body["blocks"]) :
    ]
    assert 1 <= len(message.blocks) <= limits.BLOCKS
    assert limits.weight(message.blocks) <= limits.BLOCKS_JSON
    assert 1 <= len(message.text) <= limits.MESSAGE_TEXT
    assert "\n" not in message.text
    json.dumps(message.blocks, ensure_ascii=False).encode()
    ids = [element["action_id"] for element in elements(message)]
    assert len(ids) == len(set(ids))
    for element in elements(message):
        assert element["type"] != "button" or element["accessibility_label"]


def assert_golden_view(name: str, show: Callable[[Translator], Json]) -> None:
    """Assert in each language that a form or Home is one that Slack takes, and just what its golden file holds."""
    assert_translated(show(Marked()))
    for language in languages():
        view = show(Translator.load(language))
        assert_view_taken(view)
        assert_file(language, name, view)


def assert_golden_options(name: str, offer: Callable[[Translator], Json]) -> None:
    """Assert in each language that options are such as Slack takes, and just what their golden file holds."""
    assert_translated(offer(Marked()))
    for language in languages():
        answer = offer(Translator.load(language))
        assert_options_taken(answer)
        assert_file(language, name, answer)


def assert_options_taken(answer: Json) -> None:
    """Assert that Slack takes options."""
    assert options_problems(answer) == []


def assert_view_taken(view: Json) -> None:
    """Assert that Slack takes a view: its own checks, and the limits that are ours to keep."""
    assert view_problems(view) == []
    assert 1 <= len(view["blocks"]) <= limits.VIEW_BLOCKS
    assert len(json.dumps(view, ensure_ascii=False).encode()) <= limits.VIEW_JSON
    message = Rendered(text="", blocks=view["blocks"])
    ids = [element["action_id"] for element in elements(message)]
    assert len(ids) == len(set(ids))
    for element in elements(message):
        assert element["type"] != "button" or element["accessibility_label"]


def assert_file(language: str, name: str, held: Json) -> None:
    """Assert that a message or view is just what the golden files hold of it in a language."""
    source = FOLDER / f"{name}.json"
    if language == SOURCE:
        if WRITES:
            source.write_text(_written(held), encoding="utf-8")
        assert source.read_text(encoding="utf-8") == _written(held)
        return
    english: Json = json.loads(source.read_text(encoding="utf-8"))
    path = FOLDER / language / f"{name}.json"
    if WRITES:
        path.parent.mkdir(exist_ok=True)
        path.write_text(_written(_translations(english, held)), encoding="utf-8")
    translations: Json = json.loads(path.read_text(encoding="utf-8"))
    assert _written(_translated(english, translations)) == _written(held)
    assert translations == _translations(english, held), "a translation that the message doesn't use"


def _written(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _translations(english: Json, held: Json) -> Json:
    """Return the texts that differ from English, by the English ones."""
    found: dict[str, list[str]] = {}
    for text, translation in zip(_texts(english), _texts(held), strict=False):
        found.setdefault(text, []).append(translation)
    return {
        text: translations[0] if len(set(translations)) == 1 else translations
        for text, translations in found.items()
        if set(translations) != {text}
    }


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _translated(english: Json, translations: Json) -> Json:
    """Return the message with other texts, and all else as it is."""
    left = {
        text: iter(found) if isinstance(found, list) else itertools.repeat(found)
        for text, found in translations.items()
    }

    def translate(value: Any) -> Any:
        if isinstance(value, str):
            return next(left[value], None) if value in left else value
        if isinstance(value, list):
            return [translate(item) for item in value]
        return {key: translate(item) for key, item in value.items()} if isinstance(value, dict) else value

    return {key: translate(item) for key, item in english.items()}


def elements(message: Rendered) -> list[dict[str, object]]:
    """Return what can be pressed in a message."""
    found: list[dict[str, object]] = []
    for block in message.blocks:
        found += block.get("elements", []) if block["type"] == "actions" else []
        found += [block["accessory"]] if "accessory" in block else []
    return found


def pressed(message: Rendered, action: str) -> dict[str, object]:
    """Return what the button of an action carries; KeyError where there is none."""
    for element in elements(message):
        if str(element["action_id"]).partition(":")[0] == action:
            carried: dict[str, object] = json.loads(str(element["value"]))
            return carried
    raise KeyError(action)


def actions_of(message: Rendered) -> list[str]:
    """Return the actions that a message offers, in order."""
    return [str(element["action_id"]).partition(":")[0] for element in elements(message)]


def said(message: Rendered | None) -> str:
    """Return everything a message shows, as one text; nothing where there is none."""
    return "" if message is None else json.dumps(message.blocks, ensure_ascii=False)


def marked_up(value: object) -> list[str]:
    """Return the texts in which Slack reads markup."""
    if isinstance(value, list):
        return [text for item in value for text in marked_up(item)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        return [str(value["text"])]
    return [text for item in value.values() for text in marked_up(item)]
