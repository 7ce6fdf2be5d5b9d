"""At which line of a TOML file each table and each key stands: `tomllib` tells it of syntax errors alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

Place = tuple[str | int, ...]
"""The way to a value: names of keys, and numbers (from 0 on) in arrays of tables."""

# Strings hold brackets and signs of comments: they are passed over whole.
_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[{]|[\]}]|\n|[^\"'#\[\]{}\n]+|[\"']",
    re.DOTALL,
)
_KEY = re.compile(r'"((?:\\.|[^"\\\n])*)"|\'([^\'\n]*)\'|([A-Za-z0-9_-]+)')


def lines_of(text: str) -> dict[Place, int]:
    """The line, from 1 on, of each table and key of a text that is valid TOML."""
    found: dict[Place, int] = {}
    counts: Counter[str] = Counter()
    table: Place = ()
    for line, statement in _statements(text):
        if statement.startswith("["):
            names = _names(statement.strip("[]"))
            table = tuple(names)
            if statement.startswith("[[") and names:
                table = (*names, counts[".".join(names)])
                counts[".".join(names)] += 1
            found.setdefault(table[:1], line)
            found.setdefault(table, line)
        else:
            place = table
            for name in _names(_left_of_equals(statement)):
                place = (*place, name)
                found.setdefault(place, line)
    return found


def line_of(place: Sequence[str | int], lines: dict[Place, int]) -> int:
    """The line of a value; where it stands inside another, the line of that."""
    for end in range(len(place), 0, -1):
        if tuple(place[:end]) in lines:
            return lines[tuple(place[:end])]
    return 1


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header and each key with its value, without comments, and the line at which it begins."""
    line, begins, depth, pieces = 1, 1, 0, list[str]()
    for match in _PIECE.finditer(f"{text}\n"):
        piece = match[0]
        if piece == "\n" and depth == 0:
            statement = "".join(pieces).strip()
            if statement:
                yield begins, statement
            pieces, begins = [], line + 1
        elif not piece.startswith("#"):
            depth += (piece in {"[", "{"}) - (piece in {"]", "}"})
            pieces.append(piece)
        line += piece.count("\n")


def _left_of_equals(statement: str) -> str:
    end = 0
    while (match := _KEY.match(statement, end)) is not None:
        end = match.end()
        gap = re.compile(r"\s*\.\s*").match(statement, end)
        if gap is None:
            break
        end = gap.end()
    return statement[:end]


def _names(dotted: str) -> list[str]:
    return [next(filter(None, match.groups()), "") for match in _KEY.finditer(dotted)]
