"""Emoji as Slack delivers what people type: `:rocket:` for 🚀. Names in Braze hold the characters themselves.

Source: docs.slack.dev/messaging/formatting-message-text. Slack's words are the short names of
github.com/iamcal/emoji-data: most of them are Unicode's names, some with a word less; the others that names of
integrations are likely to hold stand in a table. Custom emoji and rare ones stay as they were typed.
"""

from __future__ import annotations

import re
import unicodedata

_TYPED = re.compile(r":([a-z0-9_+'-]{1,60}):(?::skin-tone-[2-6]:)?", re.IGNORECASE)
_FLAG = re.compile(r"flag-([a-z]{2})|(cn|de|es|fr|it|jp|kr|ru|us)")

# How something looks, not what it is: text or picture, and the tone of skin.
_LOOKS = dict.fromkeys([0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)])

_FORMS = ("{}", "{} SIGN", "{} SYMBOL", "{} FACE", "LARGE {}", "HEAVY {}", "BLACK {}", "{} BLACK")

_SHORT = {
    "+1": "👍",
    "-1": "👎",
    "100": "💯",
    "arrows_counterclockwise": "🔄",
    "art": "🎨",
    "ballot_box_with_check": "☑",
    "black_circle": "⚫",
    "black_large_square": "⬛",
    "boom": "💥",
    "building_construction": "🏗",
    "bulb": "💡",
    "calendar": "📆",
    "checkered_flag": "🏁",
    "clipboard": "📋",
    "computer": "💻",
    "date": "📅",
    "earth_africa": "🌍",
    "earth_americas": "🌎",
    "earth_asia": "🌏",
    "email": "✉",
    "euro": "💶",
    "exclamation": "❗",
    "eyes": "👀",
    "gift": "🎁",
    "grinning": "😀",
    "hammer_and_wrench": "🛠",
    "heart": "❤",
    "heavy_check_mark": "✔",
    "house": "🏠",
    "hourglass_flowing_sand": "⏳",
    "information_source": "ℹ",
    "iphone": "📱",
    "joy": "😂",
    "large_yellow_circle": "🟡",
    "link": "🔗",
    "mag": "🔍",
    "mailbox": "📫",
    "moneybag": "💰",
    "muscle": "💪",
    "one": "1⃣",
    "phone": "☎",
    "question": "❓",
    "rain_cloud": "🌧",
    "recycle": "♻",
    "repeat": "🔁",
    "rotating_light": "🚨",
    "seedling": "🌱",
    "shopping_bags": "🛍",
    "smile": "😄",
    "smiley": "😃",
    "sparkles": "✨",
    "star": "⭐",
    "star2": "🌟",
    "stopwatch": "⏱",
    "sunny": "☀",
    "tada": "🎉",
    "telephone": "☎",
    "thumbsdown": "👎",
    "thumbsup": "👍",
    "two": "2⃣",
    "three": "3⃣",
    "uk": "🇬🇧",
    "gb": "🇬🇧",
    "wave": "👋",
    "white_check_mark": "✅",
    "white_circle": "⚪",
    "white_large_square": "⬜",
    "x": "❌",
    "zap": "⚡",
    "zzz": "💤",
}


def with_emoji(text: str) -> str:
    """The text with emoji as characters in place of Slack's words for them, all in the same look."""
    if ":" in text:
        text = _TYPED.sub(lambda typed: _emoji(typed[1].lower()) or typed[0], text)
    return text if text.isascii() else text.translate(_LOOKS)


def _emoji(word: str) -> str | None:
    if word in _SHORT:
        return _SHORT[word]
    if flag := _FLAG.fullmatch(word):
        return "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in flag[1] or flag[2])
    name = re.sub("[_-]", " ", word).upper()
    found = (_character(form.format(name)) for form in _FORMS)
    return next(filter(None, found), None)


def _character(name: str) -> str | None:
    try:
        character = unicodedata.lookup(name)
    except KeyError:
        return None
    return character if len(character) == 1 and unicodedata.category(character) == "So" else None
