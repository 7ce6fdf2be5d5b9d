"""When two spellings of a name are the same to people: letter case, width and spacing never matter."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=50_000)  # names and ids of ten thousand integrations, looked at again and again, with room
def fold(text: str) -> str:
    """Spell a name so that all its spellings become one: `Ｕｓｅｒｓ　EU` and `users eu` are the same."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())
