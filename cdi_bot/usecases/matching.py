"""Which integration a text means: by its id, the start of one, its name or a part of it; else the nearest names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cdi_bot.core.commands.specification import all_near
from cdi_bot.core.model.integration import Integration, WatchedIntegration, normalize_name
from cdi_bot.usecases.answers import NoMatch, SeveralMatches

SHOWN_CANDIDATES = 5
SHOWN_NEAREST = 3

# Ids are UUIDs in practice, but Braze does not promise that. Without a digit, a word would often cost a request.
_ID_LIKE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9._-]{3,99}", re.ASCII)

_CLOSE, _MAYBE = 0.4, 0.25
"""Shares of a text's trigrams: so many make a name close, so many where a word of it is spelt almost the same too.

Less would offer “Events: web sessions” for “everything”.
"""

_COMPARED = 100
"""Characters of a text and of each name that are compared: thousands of long names would take seconds."""

Match = WatchedIntegration | SeveralMatches | NoMatch


def match_integration(query: str, known: Sequence[WatchedIntegration]) -> Match:
    """Find the integration that `query` means among the known ones.

    A whole id is preferred to a whole name, and that to the start of an id or a part of a name. An integration that
    Braze no longer knows is found only where no other matches. Letter case, width and spacing do not matter.
    """
    wanted = normalize_name(query)
    ids = [watched for watched in known if normalize_name(watched.integration.integration_id) == wanted]
    names = [watched for watched in known if normalize_name(watched.integration.integration_name) == wanted]
    parts = [watched for watched in known if matches_part(wanted, watched.integration)]
    for matching in (ids, names, parts):
        found = [watched for watched in matching if watched.missing_since is None] or matching
        if len(found) == 1:
            return found[0]
        if found:
            candidates = tuple(watched.integration for watched in found[:SHOWN_CANDIDATES])
            return SeveralMatches(query=query, candidates=candidates, total=len(found))
    return NoMatch(query=query, nearest=nearest_to(wanted, known), list_known=was_listed(known))


def was_listed(known: Sequence[WatchedIntegration]) -> bool:
    """Whether Braze's list was ever read, so that more than single ids are known."""
    return any(watched.listed_at for watched in known)


def looks_like_an_id(query: str) -> bool:
    """Whether a text may be an id, so that Braze can be asked for the status of that integration."""
    return _ID_LIKE.fullmatch(query) is not None


def matches_part(wanted: str, integration: Integration) -> bool:
    """Whether a normalized text is the start of an integration's id, or a part of its name."""
    return normalize_name(integration.integration_id).startswith(wanted) or wanted in normalize_name(
        integration.integration_name
    )


def nearest_to(wanted: str, known: Sequence[WatchedIntegration]) -> tuple[Integration, ...]:
    """The integrations whose names share most trigrams with a normalized text: fast for thousands, unlike difflib."""
    pieces = _trigrams(wanted[:_COMPARED])
    similarity = [
        (
            len(pieces & _trigrams(normalize_name(watched.integration.integration_name)[:_COMPARED]))
            / len(pieces),
            watched,
        )
        for watched in known
        if watched.missing_since is None
    ]
    similarity = [
        (share, watched)
        for share, watched in similarity
        if share >= _CLOSE
        or (
            share >= _MAYBE
            and all_near(wanted, re.findall(r"\w+", normalize_name(watched.integration.integration_name)))
        )
    ]
    similarity.sort(key=lambda pair: (-pair[0], len(pair[1].integration.integration_name)))
    return tuple(watched.integration for _, watched in similarity[:SHOWN_NEAREST])


def _trigrams(text: str) -> set[str]:
    padded = f"  {text} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}
