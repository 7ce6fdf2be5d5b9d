"""The migrations: one line of numbered steps that ends in the tables that the program knows, on both engines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Inspector, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from cdi_bot.core.model.channel import Channel
from cdi_bot.core.model.lifecycle import IntegrationChanged, LifecycleChange, LifecycleEvent
from cdi_bot.core.model.message import ChannelBroken, Content, GroupedReply
from cdi_bot.store import StoreTrouble, migrate
from cdi_bot.store.contents import content_from_json
from cdi_bot.store.engine import sync_url
from cdi_bot.store.portable import Base
from tests.databases import Databases

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


@pytest.fixture
def bare(databases: Databases, engine: str, tmp_path: Path) -> str:
    """A database without tables."""
    return databases.empty(engine, tmp_path)


@pytest.fixture(scope="module")
def steps() -> list[Any]:
    """Alembic's view of the migrations, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / "environment"))
    config.set_main_option("version_locations", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    return list(ScriptDirectory.from_config(config).walk_revisions())[::-1]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection without the store."""
    engine = create_engine(sync_url(url))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def shape(inspector: Inspector) -> dict[str, Any]:
    """What Alembic's comparison leaves out: checks and partial indexes, by table."""
    kept: dict[str, Any] = {}
    for table in inspector.get_table_names():
        checks = {(each["name"], each["sqltext"]) for each in inspector.get_check_constraints(table)}
        indexes = {
            (each["name"], each["unique"], *(str(said) for said in each.get("dialect_options", {}).values()))
            for each in inspector.get_indexes(table)
        }
        kept[table] = (checks, indexes)
    kept.pop("alembic_version", None)
    return kept


def tables(url: str) -> set[str]:
    """The names of the tables there are."""
    with connected(url) as connection:
        return set(inspect(connection).get_table_names())


def test_there_is_one_line_of_numbered_steps(steps: list[Any]) -> None:
    """Each file is named by its number and what it does, and follows the one before."""
    files = sorted(path.stem for path in MIGRATIONS.glob("*.py"))
    assert [Path(step.path).stem for step in steps] == files
    assert [step.revision for step in steps] == [f"{number:04}" for number in range(1, len(steps) + 1)]
    assert [step.down_revision for step in steps] == [None, *(step.revision for step in steps[:-1])]
    for name in files:
        assert re.fullmatch(r"\d{4}_[a-z0-9_]+", name)


def test_the_migrated_tables_are_those_of_the_program(
    bare: str, databases: Databases, engine: str, tmp_path: Path
) -> None:
    """Columns, types, keys, checks and indexes: what the migrations make is what the code declares."""
    migrate.upgrade(bare)
    (tmp_path / "made").mkdir()
    declared = databases.empty(engine, tmp_path / "made")
    with connected(declared) as connection:
        Base.metadata.create_all(connection)
        wanted = shape(inspect(connection))
    with connected(bare) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
        assert shape(inspect(connection)) == wanted


def test_each_step_can_be_taken_back(bare: str, steps: list[Any]) -> None:
    """Down to nothing one by one, and up again; a database that is current stays as it is."""
    migrate.upgrade(bare)
    made = tables(bare)
    for step in reversed(steps):
        migrate.downgrade(bare, step.down_revision or "base")
        found = migrate.current(bare)
        assert (found.revision, found.is_current, found.is_newer) == (step.down_revision, False, False)
    assert tables(bare) <= {"alembic_version"}
    for _ in range(2):
        migrate.upgrade(bare)
        assert migrate.current(bare).is_current
    assert tables(bare) == made


def test_processes_that_start_together_wait_for_each_other(bare: str) -> None:
    """Only one makes the tables; none of them fails."""
    with ThreadPoolExecutor(4) as threads:
        for started in [threads.submit(migrate.upgrade, bare) for _ in range(4)]:
            started.result()
    assert migrate.current(bare).is_current


def test_a_database_of_a_newer_program_is_left_alone(bare: str) -> None:
    """It is named as that, with what to do."""
    migrate.upgrade(bare)
    with connected(bare) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        StoreTrouble, match=r"made by a newer cdi-bot \(revision 9999\); install that version"
    ):
        migrate.upgrade(bare)
    assert migrate.current(bare).is_newer


def test_the_kind_unreachable_keeps_its_incidents_and_audit(bare: str) -> None:
    """Its old name was `blind`: the step carries both over and back, and leaves an integration of that name alone."""
    workspace = "INSERT INTO braze_workspaces (workspace_id, base_url) VALUES (1, 'http://braze.test')"
    incident = """
        INSERT INTO incidents (workspace_id, integration_id, kind, revision, opened_at, failing_since, failed_runs,
            failed_in_a_row, quiet)
        VALUES (1, :integration, :kind, 1, '2026-03-25 12:00:00', '2026-03-25 12:00:00', 0, 0, false)
        """
    audit = """
        INSERT INTO audit (team_id, channel_id, at, who, action, subject)
        VALUES ('T1', 'C1', '2026-03-25 12:00:00', 'U1', :action, 'blind')
        """
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0005")
    with connected(bare) as connection:
        connection.execute(text(workspace))
        connection.execute(text(incident), {"integration": None, "kind": "blind"})
        connection.execute(text(incident), {"integration": "one", "kind": "sync_failed"})
        for action in ("acknowledge", "snooze"):
            connection.execute(text(audit), {"action": action})

    def kept() -> tuple[list[str], list[str]]:
        with connected(bare) as connection:
            kinds = connection.execute(text("SELECT kind FROM incidents ORDER BY incident_id"))
            subjects = connection.execute(text("SELECT subject FROM audit ORDER BY audit_id"))
            return list(kinds.scalars()), list(subjects.scalars())

    before = kept()
    migrate.upgrade(bare)
    assert kept() == (["unreachable", "sync_failed"], ["unreachable", "blind"])
    migrate.downgrade(bare, "0005")
    assert kept() == before == (["blind", "sync_failed"], ["blind", "blind"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '{"told": "recovered", "incident_ids": [1, 2], "what": "several"}',
            GroupedReply(fact="recovered", incident_ids=(1, 2)),
        ),
        (
            '{"workspace_id": 1, "integration_id": "one", "what": "gone"}',
            IntegrationChanged(
                workspace_id=1,
                integration_id="one",
                event=LifecycleEvent(change=LifecycleChange.DELETED),
                by_id=True,
            ),
        ),
        (
            '{"channel": {"team_id": "T1", "channel_id": "C1"}, "reason": "gone", "what": "channel_broken"}',
            ChannelBroken(channel=Channel(team_id="T1", channel_id="C1"), reason="gone"),
        ),
    ],
)
def test_messages_that_wait_keep_their_content(bare: str, before: str, after: Content) -> None:
    """What was put into the outbox under a content's old name is sent under its new one, and the other way round."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0005")
    with connected(bare) as connection:
        connection.execute(text("INSERT INTO channels (team_id, channel_id) VALUES ('T1', 'C1')"))
        connection.execute(
            text(
                """
                INSERT INTO outbox (key, team_id, channel_id, kind, content, not_before, card_revision, broadcast,
                    state, created_at, attempts)
                VALUES ('a', 'T1', 'C1', 'notice', :content, '2026-03-25 12:00:00', 0, false,
                    'owed', '2026-03-25 12:00:00', 0)
                """
            ),
            {"content": before},
        )

    def kept() -> str:
        with connected(bare) as connection:
            return str(connection.execute(text("SELECT content FROM outbox")).scalar_one())

    migrate.upgrade(bare)
    assert content_from_json(kept()) == after
    migrate.downgrade(bare, "0005")
    assert json.loads(kept()) == json.loads(before)


DOUBLED = """
INSERT INTO braze_workspaces (workspace_id, base_url) VALUES (1, 'http://braze.test');
INSERT INTO channels (team_id, channel_id) VALUES
    ('T_OWN', 'C_SHARED'), ('T_OTHER', 'C_SHARED'), ('T_OWN', 'C1'), ('T_OTHER', 'C_THEIRS');
INSERT INTO subscriptions (team_id, channel_id, workspace_id, selector, topics, created_by, created_at) VALUES
    ('T_OTHER', 'C_SHARED', 1, 'all', '[]', 'U2', :at), ('T_OWN', 'C_SHARED', 1, 'all', '["error"]', 'U1', :at),
    ('T_OTHER', 'C_SHARED', 1, 'one', '[]', 'U2', :at), ('T_OWN', 'C1', 1, 'all', '[]', 'U1', :at),
    ('T_OWN', 'C2', 1, 'all', '[]', 'U1', :at), ('T_OTHER', 'C_THEIRS', 1, 'all', '[]', 'U2', :at);
INSERT INTO snoozes (team_id, channel_id, workspace_id, integration_id, by, at) VALUES
    ('T_OWN', 'C_SHARED', 1, 'one', 'U1', :at), ('T_OTHER', 'C_SHARED', 1, 'one', 'U2', :at),
    ('T_OTHER', 'C_SHARED', 1, 'two', 'U2', :at);
INSERT INTO channel_settings (team_id, channel_id, language, set_by, set_at) VALUES
    ('T_OTHER', 'C_SHARED', 'ja', 'U2', :at);
INSERT INTO audit (team_id, channel_id, at, who, action, subject) VALUES
    ('T_OTHER', 'C_SHARED', :at, 'U2', 'snooze', 'two');
INSERT INTO incidents (workspace_id, kind, revision, opened_at, failing_since, failed_runs, failed_in_a_row, quiet)
    VALUES (1, 'unreachable', 1, :at, :at, 0, 0, false), (1, 'made_up', 1, :at, :at, 0, 0, false);
INSERT INTO cards (team_id, channel_id, wanted_revision, shown_revision, first_shown_revision, created_at) VALUES
    ('T_OWN', 'C_SHARED', 1, 0, 0, :at), ('T_OTHER', 'C_SHARED', 1, 0, 0, :at), ('T_OTHER', 'C_SHARED', 1, 0, 0, :at);
INSERT INTO card_incidents (team_id, channel_id, card_id, incident_id) VALUES
    ('T_OWN', 'C_SHARED', 1, 1), ('T_OTHER', 'C_SHARED', 2, 1), ('T_OTHER', 'C_SHARED', 3, 2);
INSERT INTO outbox (key, team_id, channel_id, card_id, kind, content, not_before, card_revision, broadcast, state,
    created_at, attempts) VALUES
    ('card:1', 'T_OWN', 'C_SHARED', 1, 'card', '{}', :at, 1, false, 'owed', :at, 0),
    ('card:2', 'T_OTHER', 'C_SHARED', 2, 'card', '{}', :at, 1, false, 'owed', :at, 0),
    ('card:3', 'T_OTHER', 'C_SHARED', 3, 'card', '{}', :at, 1, false, 'owed', :at, 0),
    ('notice', 'T_OTHER', 'C_SHARED', NULL, 'notice', '{}', :at, 0, false, 'owed', :at, 0)
"""


def test_a_channel_that_stood_under_two_teams_is_one(bare: str) -> None:
    """What stood under the team of somebody from elsewhere is joined with what the bot's own team has."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0008")
    with connected(bare) as connection:
        for statement in DOUBLED.replace(":at", "'2026-03-25 12:00:00'").split(";"):
            connection.exec_driver_sql(statement)
    migrate.upgrade(bare)

    def rows(columns: str, table: str) -> list[tuple[Any, ...]]:
        with connected(bare) as connection:
            return sorted(tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table}")))  # noqa: S608

    assert rows("team_id, channel_id, selector, topics", "subscriptions") == [
        ("T_OTHER", "C_THEIRS", "all", "[]"),
        ("T_OWN", "C1", "all", "[]"),
        ("T_OWN", "C2", "all", "[]"),
        ("T_OWN", "C_SHARED", "all", '["error"]'),
        ("T_OWN", "C_SHARED", "one", "[]"),
    ]
    assert rows("team_id, selector, by", "snoozes") == [("T_OWN", "one", "U1"), ("T_OWN", "two", "U2")]
    assert rows("team_id, language", "channel_settings") == [("T_OWN", "ja")]
    assert rows("team_id, who", "audit") == [("T_OWN", "U2")]
    assert rows("team_id, card_id, incident_id", "card_incidents") == [("T_OWN", 1, 1), ("T_OWN", 3, 2)]
    assert rows("card_id, team_id", "cards") == [(1, "T_OWN"), (3, "T_OWN")]
    assert rows("key, team_id", "outbox") == [("card:1", "T_OWN"), ("card:3", "T_OWN"), ("notice", "T_OWN")]
    assert rows("team_id, channel_id", "channels") == [
        ("T_OTHER", "C_THEIRS"),
        ("T_OWN", "C1"),
        ("T_OWN", "C_SHARED"),
    ]
    migrate.downgrade(bare, "0008")


def test_reasons_have_the_names_of_today(bare: str) -> None:
    """An incident of a watermark in the future, and one of lateness, are carried over and back."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0009")
    workspace = "INSERT INTO braze_workspaces (workspace_id, base_url) VALUES (1, 'http://braze.test')"
    incident = """
        INSERT INTO incidents (workspace_id, integration_id, kind, revision, opened_at, failing_since, failed_runs,
            failed_in_a_row, quiet, reason)
        VALUES (1, 'one', :kind, 1, '2026-03-25 12:00:00', '2026-03-25 12:00:00', 0, 0, false, :reason)
        """
    with connected(bare) as connection:
        connection.execute(text(workspace))
        for kind, reason in (("quality", "future_watermark"), ("late", None), ("slow", None)):
            connection.execute(text(incident), {"kind": kind, "reason": reason})

    def kept() -> list[str | None]:
        with connected(bare) as connection:
            found = connection.execute(text("SELECT reason FROM incidents ORDER BY incident_id"))
            return list(found.scalars())

    migrate.upgrade(bare)
    assert kept() == ["watermark_ahead", "schedule", None]
    migrate.downgrade(bare, "0009")
    assert kept() == ["future_watermark", None, None]


def test_of_freshness_there_is_one_open_incident_for_each_limit(bare: str) -> None:
    """Of other kinds one; what the program before does not know goes, with the cards that show nothing else."""
    migrate.upgrade(bare)
    incident = """
        INSERT INTO incidents (workspace_id, integration_id, kind, revision, opened_at, failing_since, failed_runs,
            failed_in_a_row, quiet, reason, reopened, hold_seconds)
        VALUES (1, 'one', :kind, 1, '2026-03-25 12:00:00', '2026-03-25 12:00:00', 0, 0, false, :reason, 0, 0)
        """
    shown = """
        INSERT INTO cards (team_id, channel_id, wanted_revision, shown_revision, first_shown_revision, created_at)
            SELECT 'T1', 'C1', 1, 0, 0, opened_at FROM incidents;
        INSERT INTO card_incidents (team_id, channel_id, card_id, incident_id)
            SELECT 'T1', 'C1', incident_id, incident_id FROM incidents
        """
    with connected(bare) as connection:
        connection.execute(
            text(
                "INSERT INTO braze_workspaces (workspace_id, name, base_url) VALUES (1, 'a', 'http://a.test')"
            )
        )
        for kind, reason in (("late", "schedule"), ("stale", "36h"), ("stale", "48h")):
            connection.execute(text(incident), {"kind": kind, "reason": reason})
        for statement in shown.split(";"):
            connection.execute(text(statement))
    for kind, reason in (("late", "rhythm"), ("stale", "36h")):
        with pytest.raises(IntegrityError), connected(bare) as connection:
            connection.execute(text(incident), {"kind": kind, "reason": reason})
    migrate.downgrade(bare, "0011")
    with connected(bare) as connection:
        assert list(connection.execute(text("SELECT kind FROM incidents")).scalars()) == ["late"]
        assert list(connection.execute(text("SELECT card_id FROM cards")).scalars()) == [1]
    migrate.upgrade(bare)


def test_who_chose_nothing_gets_the_new_topic(bare: str) -> None:
    """A subscription with the topics of before hears of changes in Braze too; one that chose others does not."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0012")
    before = {
        "all": "config_error error late partial quality recovery slow",
        "one": "error",
        "two": "config_error error late partial quality recovery running slow",
    }
    with connected(bare) as connection:
        connection.execute(
            text("INSERT INTO braze_workspaces (workspace_id, base_url) VALUES (1, 'https://b')")
        )
        for selector, topics in before.items():
            connection.execute(
                text(
                    """
                    INSERT INTO subscriptions (team_id, channel_id, workspace_id, selector, topics, created_by,
                        created_at)
                    VALUES ('T1', 'C1', 1, :selector, :topics, 'U1', '2026-03-25 12:00:00')
                    """
                ),
                {"selector": selector, "topics": topics},
            )

    def kept() -> dict[str, set[str]]:
        with connected(bare) as connection:
            rows = connection.execute(text("SELECT selector, topics FROM subscriptions")).all()
        return {row.selector: set(row.topics.split()) for row in rows}

    migrate.upgrade(bare)
    expected = {selector: set(topics.split()) for selector, topics in before.items()}
    assert kept() == expected | {"all": expected["all"] | {"lifecycle"}}
    migrate.downgrade(bare, "0012")
    assert kept() == expected


def test_what_was_over_may_come_back_for_an_hour(bare: str) -> None:
    """And what is recovering is over for the program before."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0010")
    with connected(bare) as connection:
        for statement in (
            "INSERT INTO braze_workspaces (workspace_id, base_url) VALUES (1, 'http://braze.test')",
            """
            INSERT INTO incidents (workspace_id, integration_id, kind, revision, opened_at, failing_since, failed_runs,
                failed_in_a_row, quiet, resolved_at)
            VALUES (1, 'one', 'late', 1, '2026-03-25 12:00:00', '2026-03-25 12:00:00', 0, 0, false, NULL),
                (1, 'two', 'late', 1, '2026-03-25 12:00:00', '2026-03-25 12:00:00', 0, 0, false, '2026-03-25 13:00:00')
            """,
        ):
            connection.exec_driver_sql(statement)

    def kept(columns: str) -> list[tuple[Any, ...]]:
        with connected(bare) as connection:
            found = connection.execute(text(f"SELECT {columns} FROM incidents ORDER BY incident_id"))  # noqa: S608
            return [tuple(row) for row in found]

    migrate.upgrade(bare)
    assert kept("reopened, hold_seconds, recovered_since IS NULL") == [(0, 0, True), (0, 3600, False)]
    with connected(bare) as connection:
        connection.exec_driver_sql(
            "UPDATE incidents SET recovered_since = '2026-03-25 12:30:00' WHERE integration_id = 'one'"
        )
    migrate.downgrade(bare, "0010")
    assert kept("resolved_at IS NULL") == [(False,), (False,)]


def test_the_end_of_a_sync_that_is_owed_is_carried_over(bare: str) -> None:
    """It gets a message of its own; and what was requested has the name of today."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0017")
    owed = """
        INSERT INTO outbox (key, team_id, channel_id, kind, content, not_before, card_revision, broadcast, state,
            attempts, created_at)
        VALUES (:key, 'T1', 'C1', 'notice', :content, '2026-03-25 12:00:00', 0, false, 'owed', 0,
            '2026-03-25 12:00:00')
        """
    before = [
        {"what": "sync_triggered", "who": "U1"},
        {"what": "sync_ended", "who": "U1", "thread_ts": "12.3"},
        {"what": "unsnoozed", "who": "U1"},
    ]
    with connected(bare) as connection:
        connection.execute(text("INSERT INTO channels (team_id, channel_id) VALUES ('T1', 'C1')"))
        for place, content in enumerate(before):
            connection.execute(text(owed), {"key": str(place), "content": json.dumps(content)})

    def kept() -> list[dict[str, Any]]:
        with connected(bare) as connection:
            found = connection.execute(text("SELECT content FROM outbox ORDER BY message_id"))
            return [json.loads(content) for content in found.scalars()]

    migrate.upgrade(bare)
    assert kept() == [
        {"what": "sync_requested", "who": "U1"},
        {"what": "sync_ended", "who": "U1", "changes": None},
        {"what": "unsnoozed", "who": "U1"},
    ]
    migrate.downgrade(bare, "0017")
    assert kept() == [before[0], {**before[1], "thread_ts": None}, before[2]]


def test_snoozes_keep_what_they_are_of(bare: str) -> None:
    """Each begins when it was set; what the program before can't say ends, the newest of a selector stays."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0025")
    at, until = "2026-03-25 12:00:00", "2026-03-25 14:00:00"
    statements = f"""
        INSERT INTO braze_workspaces (workspace_id, name, base_url) VALUES (1, 'a', 'http://braze.test');
        INSERT INTO channels (team_id, channel_id) VALUES ('T1', 'C1');
        INSERT INTO snoozes (team_id, channel_id, workspace_id, integration_id, until, by, at, reason) VALUES
            ('T1', 'C1', 1, 'one', '{until}', 'U1', '{at}', 'move'), ('T1', 'C1', 1, 'two', NULL, 'U1', '{at}', NULL);
        INSERT INTO outbox (key, team_id, channel_id, kind, content, not_before, card_revision, broadcast, state,
            attempts, created_at) VALUES
            ('one', 'T1', 'C1', 'notice', '{{"what": "snoozed", "integration_id": "one"}}', '{at}', 0, false, 'owed', 0,
            '{at}'),
            ('two', 'T1', 'C1', 'notice', '{{"what": "grouped_notices", "notices": [{{"what": "unsnoozed",
            "integration_id": "two"}}]}}', '{at}', 0, false, 'owed', 0, '{at}')
        """  # noqa: S608
    with connected(bare) as connection:
        for statement in statements.split(";\n"):
            connection.exec_driver_sql(statement)

    def rows(columns: str, table: str) -> list[tuple[Any, ...]]:
        with connected(bare) as connection:
            return [
                tuple(row)
                for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1"))  # noqa: S608
            ]

    migrate.upgrade(bare)
    kept = rows("selector, begins = at, until IS NULL, every, has_begun, reason", "snoozes")
    assert kept == [("one", True, False, None, True, "move"), ("two", True, True, None, True, None)]
    contents = [json.loads(content) for (content,) in rows("content", "outbox")]
    assert sorted(contents, key=str) == [
        {"what": "grouped_notices", "notices": [{"what": "unsnoozed", "selector": "two"}]},
        {"what": "snoozed", "selector": "one"},
    ]
    more = """
        INSERT INTO snoozes (team_id, channel_id, workspace_id, selector, begins, until, every, has_begun, by, at)
        SELECT team_id, channel_id, workspace_id, {}, begins, until, {}, {}, 'U2', at FROM snoozes WHERE reason = 'move'
        """
    with connected(bare) as connection:
        for of in (
            ("'one'", "NULL", "true"),
            ("'one'", "'sun 02:00-06:00 UTC'", "true"),
            ("'two'", "NULL", "false"),
            ("'U*'", "NULL", "true"),
            ("'all'", "NULL", "true"),
        ):
            connection.exec_driver_sql(more.format(*of))
    migrate.downgrade(bare, "0025")
    assert rows("integration_id, by, until IS NULL", "snoozes") == [("one", "U2", False), ("two", "U1", True)]
    assert all("integration_id" in content for (content,) in rows("content", "outbox"))


def test_workspaces_are_named_by_their_clusters(bare: str) -> None:
    """Each has a name of its own; the program before finds those of the environment by their addresses again."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0018")
    urls = ("https://rest.iad-03.braze.com", "https://rest.fra-01.braze.eu", "http://a.test", "http://b.test")
    with connected(bare) as connection:
        for url in urls:
            connection.execute(text("INSERT INTO braze_workspaces (base_url) VALUES (:url)"), {"url": url})
    migrate.upgrade(bare)
    added = (
        "INSERT INTO braze_workspaces (name, base_url, sealed_key) VALUES ('c', 'http://a.test', 'sealed')"
    )
    with connected(bare) as connection:
        names = list(
            connection.execute(text("SELECT name FROM braze_workspaces ORDER BY workspace_id")).scalars()
        )
        connection.execute(text(added))
    assert names == ["iad-03", "fra-01", "braze", "braze-4"]
    migrate.downgrade(bare, "0018")
    with connected(bare) as connection:
        found = connection.execute(text("SELECT base_url FROM braze_workspaces ORDER BY workspace_id"))
        assert list(found.scalars()) == [*urls, "http://a.test#5"]


def test_contacts_are_not_mentioned_where_nobody_chose_so(bare: str) -> None:
    """A channel that had settings before keeps them, and only shows the contacts in Braze."""
    migrate.upgrade(bare)
    migrate.downgrade(bare, "0021")
    with connected(bare) as connection:
        connection.execute(
            text(
                "INSERT INTO channel_settings (team_id, channel_id, language, set_by, set_at) "
                "VALUES ('T1', 'C1', 'ja', 'U1', '2026-03-25 12:00:00')"
            )
        )
    migrate.upgrade(bare)
    with connected(bare) as connection:
        found = connection.execute(text("SELECT language, mention_contacts FROM channel_settings"))
        assert [tuple(row) for row in found] == [("ja", False)]
