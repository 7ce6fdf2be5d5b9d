"""Small pieces of text: outside text made safe, times, lengths, numbers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.slack.render.kit import blocks, limits, runs
from cdi_bot.slack.render.kit import text as pieces
from cdi_bot.slack.render.kit.i18n import Translator
from tests.slack.render import strategies
from tests.slack.render.samples import integration, run

WORDS = Translator()


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(milliseconds=400), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(seconds=200), "3 min 20 s"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2, minutes=5, seconds=59), "2 h 5 min"),
        (timedelta(days=3), "3 d"),
        (timedelta(days=1_234, hours=4), "1,234 d 4 h"),
    ],
)
def test_duration(length: timedelta, shown: str) -> None:
    """A length of time is told in its two largest units, and a clock that jumped back makes none."""
    assert pieces.duration(length, WORDS) == shown


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (0.0, "0%"),
        (0.00001, "under 0.1%"),
        (0.0123, "1.2%"),
        (0.5, "50%"),
        (0.99999, "over 99.9%"),
        (1.0, "100%"),
    ],
)
def test_share(part: float, shown: str) -> None:
    """A small share never reads as none, nor a large one as all."""
    assert pieces.share(part, WORDS) == shown


def test_date() -> None:
    """A time is shown in the reader's zone, in UTC where Slack can't."""
    time = datetime(2026, 3, 25, 21, 53, 35, tzinfo=timezone(timedelta(hours=9)))
    assert pieces.date(time) == "<!date^1774443215^{date_short_pretty} {time}|2026-03-25 12:53 UTC>"
    assert pieces.utc(time) == "2026-03-25 12:53 UTC"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Users & <b>", "Users &amp; &lt;b&gt;"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("two\nlines\tand  more", "two lines and more"),
        ("", "–"),
        ("\u202e\x00\ud800", "–"),
        ("x" * 200, "x" * 99 + "…"),
        ("👩‍👩‍👧 ok", "👩‍👩‍👧 ok"),
    ],
)
def test_outside(raw: str, shown: str) -> None:
    """Outside text is one safe line, cut before it is escaped, and never empty."""
    assert pieces.outside(raw) == shown


def test_name_falls_back_to_id() -> None:
    """An integration without a name goes by its id."""
    assert pieces.name_of(integration("abc123xyz", "  ")) == "abc123xyz"


def test_bold_name() -> None:
    """A name in bold links to its page, and neither asterisks nor bars in it end that early."""
    named = integration(name="a*b|c")
    assert pieces.bold_name(named, "https://x.example/?a=1&b=2") == "*<https://x.example/?a=1&amp;b=2|a∗b¦c>*"
    assert pieces.bold_name(named) == "*a∗b|c*"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (None, None),
        ("javascript:alert(1)", None),
        ("https://x.example/a b|c>d", "https://x.example/a%20b%7Cc%3Ed"),
        ("https://x.example/\n", "https://x.example/"),
    ],
)
def test_web_address(url: str | None, address: str | None) -> None:
    """Only web addresses are linked, and nothing in them ends the link early."""
    assert pieces.web_address(url) == address


def test_long_addresses_are_not_linked() -> None:
    """An address longer than any dashboard's is left out, as link and as button."""
    url = "https://x.example/" + "a" * 2_000
    assert pieces.link(url, "name") == "name"
    assert blocks.url_button("Open", "open", url, says="Open") is None


def test_people_and_channels() -> None:
    """Ids become mentions, anything else stays text."""
    assert pieces.user("U0MARA0001") == "<@U0MARA0001>"
    assert pieces.user("<!here>") == "&lt;!here&gt;"
    assert pieces.channel("C0ALERTS01") == "<#C0ALERTS01>"
    assert pieces.channel("D0X") == "D0X"


def test_mentions() -> None:
    """People and groups may be called, each once; whole channels never."""
    text = "<@U1> <!subteam^S2> <!channel> <!here> @everyone <@U1>"
    assert pieces.mentions(text) == "<@U1> <!subteam^S2>"
    assert pieces.mentions("<!everyone>") is None
    assert pieces.mentions(None) is None


def test_plain_line() -> None:
    """The line for notifications has no markup but keeps people, and asterisks that are no markup."""
    line = "<@U1> muted *<https://x.example|Users a*b>*\nuntil <!date^1^{time}|noon>: `Users*`, *done*"
    assert pieces.plain_line(line) == "<@U1> muted *Users a*b* until noon: Users*, done"


@given(strategies.text)
def test_outside_text_brings_no_markup(raw: str) -> None:
    """Whatever comes from outside, nothing in it can begin markup or a new line, and JSON can carry it."""
    shown = pieces.outside(raw)
    assert not {"<", ">", "\n"} & set(shown)
    assert 1 <= len(pieces.plain(raw)) <= pieces.NAME
    shown.encode()


def test_run_facts() -> None:
    """What is missing of a run is a dash, never zero and never words."""
    bare: dict[str, Any] = {"rows_synced": None, "rows_failed_with_errors": None, "sync_finish_time": None}
    for each in (run("running", **bare), run(provisional=True, **bare), run(**bare)):
        figures = (runs.synced(each, WORDS), runs.failed(each, WORDS), runs.took(each, WORDS))
        assert figures == (pieces.UNKNOWN,) * 3
    assert runs.failed(run(rows_failed_with_errors=5, rows_synced=None), WORDS) == "5"
    going = run("running", rows_synced=0, rows_failed_with_errors=0, sync_finish_time=None)
    assert (runs.synced(going, WORDS), runs.failed(going, WORDS)) == (pieces.UNKNOWN,) * 2
    assert runs.synced(run(rows_synced=0), WORDS) == "0"


@given(st.text(), st.integers(1, 200))
def test_clip(text: str, limit: int) -> None:
    """A cut text is never longer than asked for, and shows that it was cut."""
    cut = limits.clip(text, limit)
    assert len(cut) <= limit
    assert cut == text or cut.endswith("…")


def test_values_that_are_too_long() -> None:
    """No button or menu is offered that carries more than Slack takes."""
    assert blocks.button("x", "ack", {"id": "i" * 2_000}, says="x") is None
    assert blocks.select("x", "snooze", [("1", {"id": "i" * 150})]) is None
    assert blocks.actions([None]) == []


def test_paragraphs_within_room() -> None:
    """Lines fill sections within the room and number given, and those that don't fit are counted out."""
    lines = ["x" * 1_000] * 10
    packed, held = blocks.paragraphs(lines, blocks=2, room=100_000)
    assert (len(packed), held) == (2, 4)
    packed, held = blocks.paragraphs(lines, blocks=9, room=3_500)
    assert held == 3
    assert limits.weight(packed) <= 3_500
