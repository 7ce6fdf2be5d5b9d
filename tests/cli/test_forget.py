"""`cdi-bot forget`: it says what it erases, asks, and needs nothing but the database."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.program import Invoke

ENV = {"DATABASE_URL": "sqlite:///bot.db", "SLACK_BOT_TOKEN": "", "BRAZE_API_KEY": ""}


@pytest.fixture
def _kept(invoke: Invoke) -> None:
    """A database in which a person changed something twice."""
    assert invoke("db", "upgrade", env=ENV).exit_code == 0
    with closing(sqlite3.connect("bot.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO audit (team_id, channel_id, at, who, action, subject)"
            " VALUES ('T0A', 'C0A', ?, 'U0A', 'x', 'y')",
            [("2026-03-25 12:00:00.000000",)] * 2,
        )


def people() -> list[str]:
    """Who stands in the audit."""
    with closing(sqlite3.connect("bot.db")) as connection:
        return [who for (who,) in connection.execute("SELECT who FROM audit")]


@pytest.mark.usefixtures("_kept")
def test_it_says_what_there_is_and_asks(invoke: Invoke) -> None:
    """Without a yes nothing is erased."""
    refused = invoke("forget", "U0A", env=ENV, stdin="n\n")
    assert refused.exit_code == 1
    assert "U0A stands in:\n      2  entries of the audit\n" in refused.stdout
    assert people() == ["U0A", "U0A"]
    assert "Erased U0A." in invoke("forget", "U0A", env=ENV, stdin="y\n").stdout
    assert people() == ["–", "–"]
    again = invoke("forget", "U0A", env=ENV)
    assert (again.exit_code, again.stdout) == (0, "Nothing is kept of U0A.\n")


@pytest.mark.usefixtures("_kept")
def test_without_a_question(invoke: Invoke) -> None:
    """For scripts; what was erased comes as JSON."""
    finished = invoke("forget", "C0A", "--yes", "--json", env=ENV)
    assert json.loads(finished.stdout) == {"who": "C0A", "erased": {"audit": 2}}
    assert people() == []


@pytest.mark.parametrize("arguments", [["everybody"], ["U%"], ["U0A", "--json"], []])
def test_bad_usage(invoke: Invoke, arguments: list[str]) -> None:
    """Anything but a whole id of Slack is refused, and so is JSON with a question."""
    finished = invoke("forget", *arguments, env=ENV)
    assert finished.exit_code == 2
    assert "Usage: cdi-bot forget" in finished.stderr
