"""Typed text in pieces: words, quoted phrases, `option:value`, and Slack's own escapes undone.

Full-width characters count as their plain forms wherever they are the command's own: its words, options and numbers.
Names keep the form in which they were typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_STRAIGHT = str.maketrans(
    {
        **dict.fromkeys("“”„«»＂", '"'),
        **dict.fromkeys("‘’＇", "'"),
        "\u00a0": " ",
    }
)

# A quoted phrase, in which \" is a quote; or a run of non-spaces, in which <…> may hold spaces
# (`mention:<@U1|Ann Lee>`).
_TOKEN = re.compile(r'"((?:[^"\\]|\\[\s\S])*)"(?=\s|$)|「([^「」]*)」(?=\s|$)|((?:<[@#!][^<>]*>|\S)+)')
_ESCAPED = re.compile(r'\\(["\\])')

_OPTION = re.compile(r"([a-z_]+)[:=](.*)", re.IGNORECASE | re.ASCII | re.DOTALL)

# <@U1|ann>, <#C1|general>, <!subteam^S1|@data>, <https://a.example|a.example>: the label is what was typed.
_ESCAPE = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")

_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))

# The address of an integration's page in Braze's dashboard: what stands after `edit-sync--` is the integration, else
# what follows in the path, unless it has the form of a workspace's group (24 hexadecimal digits).
_DASHBOARD = re.compile(
    r"(?:https?://)?[^\s/]+(?:/[^\s?#]*)?/cloud_data_ingestion(?:/([^\s/?#]*))?(?:[/?#].*)?",
    re.ASCII | re.DOTALL | re.IGNORECASE,
)
_EDIT_SYNC = re.compile(r"[?&#]main-tab=edit-sync--([^&#\s]*)", re.ASCII)
_PAGE_ID = re.compile(r"(?![0-9a-f]{24}\Z)[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)

LONGEST_ADDRESS = 1000
_ADDRESS = re.compile(r"https?://[^\s<>|/]+(?:/[^\s<>|]*)?", re.IGNORECASE)

_CHANNEL = re.compile(r"<#([CG][A-Z0-9]{1,30})(?:\|[^<>]*)?>", re.ASCII)
_PERSON = re.compile(r"<@([UW][A-Z0-9]{1,30})(?:\|[^<>]*)?>", re.ASCII)
_GROUP = re.compile(r"<!subteam\^(S[A-Z0-9]{1,30})(?:\|[^<>]*)?>", re.ASCII)

# Bounded, so that no number typed can grow beyond what arithmetic is quick with.
_NUMBER = re.compile(r"(\d{1,15}|\d{1,3}(?:[,_]\d{3}){1,4})(\.\d{1,6})?", re.ASCII)

_MOST_ROWS = 10**12
_WHOLE_PERCENT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One piece of what was typed, without quotes; `raw` still holds Slack's escapes."""

    raw: str
    quoted: bool

    @property
    def text(self) -> str:
        """The piece as a person typed it."""
        return plain(self.raw)

    @property
    def bare_word(self) -> str:
        """The piece in lower case when it may be a word of the command's own: a quoted one is part of a name."""
        return "" if self.quoted else half_width(self.raw).lower()

    @property
    def option(self) -> str | None:
        """The word of `word:value`, in lower case; `None` when the piece is something else."""
        match = None if self.quoted else _OPTION.fullmatch(half_width(self.raw))
        return match[1].lower() if match else None

    @property
    def value(self) -> str:
        """What follows the colon, with Slack's escapes; empty when the piece is no option."""
        match = None if self.quoted else _OPTION.fullmatch(half_width(self.raw))
        return match[2] if match else ""

    @property
    def looks_like_a_time(self) -> bool:
        """Whether somebody may have meant a length of time by it."""
        return self.bare_word[:1].isdecimal()


def half_width(text: str) -> str:
    """Give full-width letters, digits and signs their plain forms: `ｓｔａｔｕｓ`, `２ｈ`, `：`."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def split(text: str) -> list[Token]:
    """Cut typed text into pieces at spaces, keeping quoted phrases whole."""
    tokens = []
    for match in _TOKEN.finditer(text.translate(_STRAIGHT)):
        phrase, japanese, word = match.groups()
        quoted = word is None
        raw = word.strip("` ") if word is not None else _ESCAPED.sub(r"\1", phrase or japanese or "").strip()
        token = Token(raw=raw, quoted=quoted)
        if token.text.strip():
            tokens.append(token)
    return tokens


def join(tokens: Sequence[Token]) -> str:
    """Put pieces together into words as typed; quotes around the whole are not part of them."""
    words = " ".join(token.text for token in tokens).strip()
    if not tokens or tokens[0].quoted or tokens[-1].quoted:
        return words
    for quote in ("'", '"'):
        if len(words) > 1 and words[0] == words[-1] == quote:
            words = words[1:-1].strip()
    return words


def name(tokens: Sequence[Token]) -> str:
    """Put pieces together into what names an integration: of its page in Braze's dashboard, the id is meant."""
    pages = (page_id(token.raw) for token in tokens)
    return next(filter(None, pages), None) or join(tokens)


def page_id(text: str) -> str | None:
    """Give the integration's id that the address of its page in Braze's dashboard holds, if it is one."""
    link = _ESCAPE.fullmatch(text)
    address = plain(link[2] if link else text)
    page = _DASHBOARD.fullmatch(address)
    if page is None:
        return None
    tab = _EDIT_SYNC.search(address)
    found = _PAGE_ID.fullmatch(tab[1] if tab else page[1] or "")
    return found[0] if found else None


def quote(words: str) -> str:
    """Write words as Slack would deliver them in quotes, so that they are read as one piece."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\\", "\\\\"), ('"', '\\"')):
        words = words.replace(character, entity)
    return f'"{words}"'


def plain(text: str) -> str:
    """Undo Slack's escapes: mentions and links become what was typed."""
    text = _ESCAPE.sub(_label, text)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _label(match: re.Match[str]) -> str:
    sign, target, label = match.groups()
    if not sign:
        return label or target
    typed_sign = "#" if sign == "#" else "@"
    return typed_sign + (label or target).removeprefix(typed_sign)


def mention(text: str) -> str | None:
    """Give the mention of a person or a group as Slack wants it in a message.

    Returns:
        `<@U…>` or `<!subteam^S…>`; `None` for anything else, `@here` and `@channel` among it: an alert may call
        whoever is responsible, never everybody.
    """
    if person := _PERSON.fullmatch(text):
        return f"<@{person[1]}>"
    if group := _GROUP.fullmatch(text):
        return f"<!subteam^{group[1]}>"
    return None


def web_address(text: str) -> str | None:
    """Give the web address that was typed, by itself or in Slack's escape (`<https://a.example|a.example>`)."""
    link = _ESCAPE.fullmatch(text)
    address = plain(link[2] if link and not link[1] else text)
    return address if len(address) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(address) else None


def channel(text: str) -> str | None:
    """Give the id of a channel that Slack has escaped (`<#C1|general>`); `None` for anything else."""
    match = _CHANNEL.fullmatch(text)
    return match[1] if match else None


def person(text: str) -> str | None:
    """Give the id of a person that Slack has escaped (`<@U1|ann>`); `None` for anything else."""
    match = _PERSON.fullmatch(text)
    return match[1] if match else None


def number(text: str) -> float | None:
    """Read a number such as `500`, `1,000` or `2.5`; `None` when it is something else."""
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        return None
    return float(re.sub("[,_]", "", match[1]) + (match[2] or ""))


def rows(text: str) -> int | None:
    """Read a number of failed rows; `None` when it is none that could hold anything back."""
    read = number(text)
    return int(read) if read is not None and read.is_integer() and 1 <= read <= _MOST_ROWS else None


def percent(text: str) -> float | None:
    """Read a share of failed rows, with or without its sign; `None` when it is none that could hold anything back."""
    read = number(text.strip().removesuffix("%"))
    return read if read is not None and 0 < read <= _WHOLE_PERCENT else None
