"""Natural phrasings of every command, and near misses that must not be guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.commands.parser import BY_WORD, WORDS, depends_on_names, parse, print_command
from cdi_bot.core.commands.phrases import RULES
from cdi_bot.core.commands.specification import Command, Mistake, MistakeKind
from cdi_bot.core.commands.vocabulary import OPENERS, RESERVED
from cdi_bot.core.model.integration import normalize_name
from tests.core.commands.phrasings import ASKED, MISTAKES, NAMES, NEAR_MISSES, PHRASINGS
from tests.core.commands.samples import SAMPLE_TIME as NOW

KNOWN = frozenset(normalize_name(f"{workspace}{name}") for name in NAMES for workspace in ("", "prod/"))


def read(text: str) -> Command | Mistake:
    """Parse at a fixed present, where the integrations of the table are known."""
    return parse(text, now=NOW, names=KNOWN)


def in_lower_case(printed: str) -> str:
    """A command as text, without the difference of letter case that names have."""
    return printed.casefold()


@pytest.mark.parametrize(
    ("typed", "command"),
    [(typed, command) for command, all_typed in PHRASINGS.items() for typed in all_typed],
)
def test_what_is_understood(typed: str, command: str) -> None:
    """Each phrasing is read as the command, which is read again as it is printed."""
    understood = read(typed)
    assert isinstance(understood, Command), understood
    printed = print_command(understood)
    assert in_lower_case(printed) == in_lower_case(command)
    assert read(printed) == understood


@pytest.mark.parametrize(
    ("typed", "command"), [(typed, command) for command, all_typed in ASKED.items() for typed in all_typed]
)
def test_what_is_asked_about_first(typed: str, command: str) -> None:
    """Ending alerts in other words than the command's own changes nothing by itself."""
    asked = read(typed)
    assert isinstance(asked, Mistake)
    assert asked.problem is MistakeKind.CONFIRM
    (sure,) = asked.likely
    assert in_lower_case(print_command(sure.command)) == in_lower_case(command)


@pytest.mark.parametrize(("typed", "offered"), NEAR_MISSES.items())
def test_what_is_not_guessed(typed: str, offered: tuple[str, ...]) -> None:
    """What is no command is not understood; only what is close to it is offered."""
    answer = read(typed)
    assert isinstance(answer, Mistake)
    assert answer.problem is MistakeKind.UNKNOWN_COMMAND
    assert answer.given
    assert tuple(each.text for each in answer.likely) == offered


@pytest.mark.parametrize(("typed", "problem"), MISTAKES.items())
def test_what_says_too_little(typed: str, problem: str) -> None:
    """It is named, and carries the integration that was named."""
    answer = read(typed)
    assert isinstance(answer, Mistake)
    assert answer.problem == problem
    assert answer.name == ("Orders" if "Orders" in typed else "")


def test_the_table_is_large() -> None:
    """200 phrasings and 40 near misses at least, each once, and some for every command."""
    phrasings = [typed for all_typed in (*PHRASINGS.values(), *ASKED.values()) for typed in all_typed]
    assert len(phrasings) == len(set(phrasings))
    assert len(phrasings) >= 200
    assert len(NEAR_MISSES) >= 40
    assert {command.split()[0] for command in PHRASINGS} == set(WORDS)


@pytest.mark.parametrize("alias", [alias for alias in BY_WORD if alias not in {*WORDS, *OPENERS}])
def test_each_alias_leads_to_its_command(alias: str) -> None:
    """Behind an alias everything is read as behind the command's own word, but that `stop` asks."""
    for rest in ("", "Orders", "Orders 2h", "weekly mon 9:00", "ja", "snooze"):
        own, other = read(f"{BY_WORD[alias].word} {rest}"), read(f"{alias} {rest}")
        if isinstance(other, Mistake) and other.problem is MistakeKind.CONFIRM:
            assert other.likely[0].command == own or not rest
        else:
            assert other == own, (alias, rest)


PIECES = st.sampled_from(
    sorted(
        {word for pattern, _ in RULES for element in pattern for word in element.words or ()}
        | RESERVED
        | set(BY_WORD)
        | set(NAMES)
        | {
            "Users",
            "2h",
            "until",
            "tomorrow",
            "9",
            "half",
            "an",
            "hour",
            "monday",
            "in:<#C1>",
            "on:error",
            '"',
            "?",
        }
    )
)
SENTENCES = st.lists(PIECES, max_size=10).map(" ".join)
SOME_NAMES = st.frozensets(
    st.lists(PIECES, min_size=1, max_size=3).map(" ".join).map(normalize_name), max_size=3
)


@given(SENTENCES, SOME_NAMES)
def test_every_sentence_is_answered(text: str, names: frozenset[str]) -> None:
    """Whatever is said, whatever integrations are called: a command that can be printed, or what is wrong."""
    answer = parse(text, now=NOW, names=names)
    for command in [answer] if isinstance(answer, Command) else [each.command for each in answer.likely]:
        assert parse(print_command(command), now=NOW, names=names) == command, print_command(command)


@given(SENTENCES, SOME_NAMES)
def test_names_are_looked_up_where_they_matter(text: str, names: frozenset[str]) -> None:
    """Where they don't, what is known of them changes nothing."""
    if not depends_on_names(text):
        assert parse(text, now=NOW, names=names) == parse(text, now=NOW)


@given(SENTENCES, SOME_NAMES)
def test_a_known_name_means_the_integration(text: str, names: frozenset[str]) -> None:
    """Whatever an integration is called, its name shows its status, but behind a command's own word."""
    for name in names:
        if name.split()[0] not in WORDS and '"' not in name and "in:" not in name:
            shown = parse(name, now=NOW, names=names)
            assert isinstance(shown, Command), (name, shown)
            assert print_command(shown).startswith("status"), name
    parse(text, now=NOW, names=names)
