"""What people type after `/cdi`."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdi_bot.core.commands import (
    COMMANDS,
    Ack,
    Command,
    Help,
    ListIntegrations,
    Mistake,
    MistakeKind,
    ShowSubscriptions,
    Snooze,
    Status,
    Subscribe,
    Sync,
    Unsnooze,
    Unsubscribe,
    parse,
)
from cdi_bot.core.model import DEFAULT_TOPICS, Filters, Topic

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def read(text: str) -> Command:
    """Parse at a fixed present."""
    return parse(text, now=NOW)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Help()),
        ("   ", Help()),
        ("help", Help()),
        ("HELP me", Help()),
        ("statsu", Help(unknown="statsu", nearest="status")),
        ("Subscribee Users", Help(unknown="Subscribee", nearest="subscribe")),
        ("<@U1|ann>", Help(unknown="@ann")),
        ("x" * 100_000, Help(unknown="x" * 100_000)),
        ("status", Status(words=None)),
        ("  STATUS  ", Status(words=None)),
        ("status Users  sync", Status(words="Users sync")),
        ('status "Users sync"', Status(words="Users sync")),
        ("status “Users sync”", Status(words="Users sync")),
        ("status ‘Users sync’", Status(words="Users sync")),
        ("status 'Bob's users'", Status(words="Bob's users")),
        ("status `0f3c`", Status(words="0f3c")),
        ('status "', Status(words='"')),
        ('status 5" screens', Status(words='5" screens')),
        ("status R&amp;D &lt;new&gt;", Status(words="R&D <new>")),
        ("status <http://app.example.com|app.example.com>", Status(words="app.example.com")),
        ("status <https://app.example.com>", Status(words="https://app.example.com")),
        ("status <#C1|users>", Status(words="#users")),
        ("status a\u00a0b", Status(words="a b")),
        ("list", ListIntegrations(words=None)),
        ("list cart", ListIntegrations(words="cart")),
        ("subscriptions", ShowSubscriptions()),
        ("subs", ShowSubscriptions()),
        ("unsubscribe Users*", Unsubscribe(selector="Users*")),
        ("unsub ALL", Unsubscribe(selector="all")),
        ("ack Users", Ack(words="Users")),
        ("acknowledge Users", Ack(words="Users")),
        ("unsnooze Users", Unsnooze(words="Users")),
        ("sync Users", Sync(words="Users")),
    ],
)
def test_plain_commands(text: str, command: Command) -> None:
    """Commands are known in any letter case and spacing, with names quoted or not."""
    assert read(text) == command


@pytest.mark.parametrize(
    ("text", "selector", "filters"),
    [
        ("subscribe Users", "Users", Filters()),
        ("sub all", "all", Filters()),
        ("subscribe **", "all", Filters()),
        ("subscribe Users*", "Users*", Filters()),
        ("subscribe prod:users", "prod:users", Filters()),
        ('subscribe "on:call sync" rows:5', "on:call sync", Filters(min_rows=5)),
        ("subscribe Users on:error", "Users", Filters(topics=frozenset({Topic.ERROR}))),
        ("subscribe on:Error,LATE Users x", "Users x", Filters(topics=frozenset({Topic.ERROR, Topic.LATE}))),
        (
            "subscribe Users on: error, partial",
            "Users",
            Filters(topics=frozenset({Topic.ERROR, Topic.PARTIAL})),
        ),
        (
            "subscribe Users on:error ,partial",
            "Users",
            Filters(topics=frozenset({Topic.ERROR, Topic.PARTIAL})),
        ),
        ("subscribe Users on=config-error", "Users", Filters(topics=frozenset({Topic.CONFIG_ERROR}))),
        ('subscribe Users on:"error"', "Users", Filters(topics=frozenset({Topic.ERROR}))),
        ("subscribe Users rows:1,000 percent:2.5%", "Users", Filters(min_rows=1000, min_percent=2.5)),
        ("subscribe Users ROWS:5 rows:6", "Users", Filters(min_rows=6)),
        ("subscribe Users mention:<@U1|ann lee>", "Users", Filters(mention="<@U1>")),
        ("subscribe Users mention: <@U1>", "Users", Filters(mention="<@U1>")),
        ("subscribe Users mention:<!subteam^S1|@data team>", "Users", Filters(mention="<!subteam^S1>")),
    ],
)
def test_subscribe(text: str, selector: str, filters: Filters) -> None:
    """A subscription takes its options anywhere, and whatever is no option is the selector."""
    assert read(text) == Subscribe(selector=selector, filters=filters)


def test_subscribe_leaves_out_running_by_default() -> None:
    """Without `on:` a channel hears of everything but of runs that begin."""
    command = read("subscribe all")
    assert isinstance(command, Subscribe)
    assert command.filters.topics == DEFAULT_TOPICS == frozenset(Topic) - {Topic.RUNNING}


@pytest.mark.parametrize(
    ("text", "until", "words", "reason"),
    [
        ("snooze Users 2h", timedelta(hours=2), "Users", None),
        ("snooze Users sync 2h back fill", timedelta(hours=2), "Users sync", "back fill"),
        ("snooze Users 2 hours", timedelta(hours=2), "Users", None),
        ("snooze Users for 90m because of R&amp;D", timedelta(minutes=90), "Users", "because of R&D"),
        ("snooze Attributes for Japan 1d", timedelta(days=1), "Attributes for Japan", None),
        ('snooze "Sync 2h job" 3h', timedelta(hours=3), "Sync 2h job", None),
        ("snooze 2h Users", timedelta(hours=2), "Users", None),
        ("snooze 1h sync 2h", timedelta(hours=2), "1h sync", None),
        ("snooze Users tomorrow", timedelta(hours=21), "Users", None),
        ("snooze Users until tomorrow away", timedelta(hours=21), "Users", "away"),
        ("snooze Users until it recovers", None, "Users", None),
        ("snooze Users until recovery fix is on its way", None, "Users", "fix is on its way"),
        ("snooze Cart recovery mails 2h", timedelta(hours=2), "Cart recovery mails", None),
        ("snooze Users recovery", None, "Users", None),
    ],
)
def test_snooze(text: str, until: timedelta | None, words: str, reason: str | None) -> None:
    """A mute takes the first time behind the name; what follows it is the reason."""
    assert read(text) == Snooze(words=words, until=NOW + until if until else None, reason=reason)


def test_tomorrow_is_in_the_persons_zone_and_told_in_utc() -> None:
    """Tomorrow is the person's, and the answer is in UTC."""
    now = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    command = parse("snooze Users tomorrow", now=now)
    assert isinstance(command, Snooze)
    assert command.until == datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    assert command.until.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("subscribe", Mistake(command="subscribe", problem=MistakeKind.MISSING_INTEGRATION)),
        ("sub on:error", Mistake(command="subscribe", problem=MistakeKind.MISSING_INTEGRATION)),
        ("unsubscribe", Mistake(command="unsubscribe", problem=MistakeKind.MISSING_INTEGRATION)),
        ('ack ""', Mistake(command="ack", problem=MistakeKind.MISSING_INTEGRATION)),
        ("sync", Mistake(command="sync", problem=MistakeKind.MISSING_INTEGRATION)),
        ("snooze", Mistake(command="snooze", problem=MistakeKind.MISSING_INTEGRATION)),
        ("snooze 2h", Mistake(command="snooze", problem=MistakeKind.MISSING_INTEGRATION)),
        ("snooze Users sync", Mistake(command="snooze", problem=MistakeKind.MISSING_TIME)),
        ("snooze Users 2x", Mistake(command="snooze", problem=MistakeKind.BAD_TIME, given="2x")),
        ("snooze Users 900d", Mistake(command="snooze", problem=MistakeKind.BAD_TIME, given="900d")),
        (
            "subscribe Users on:erorr",
            Mistake(command="subscribe", problem=MistakeKind.UNKNOWN_STATUS, given="erorr", nearest="error"),
        ),
        ("subscribe Users on:", Mistake(command="subscribe", problem=MistakeKind.UNKNOWN_STATUS)),
        (
            "subscribe Users rows:many",
            Mistake(command="subscribe", problem=MistakeKind.BAD_NUMBER, given="rows:many"),
        ),
        (
            "subscribe Users rows:0",
            Mistake(command="subscribe", problem=MistakeKind.BAD_NUMBER, given="rows:0"),
        ),
        (
            "subscribe Users rows:2.5",
            Mistake(command="subscribe", problem=MistakeKind.BAD_NUMBER, given="rows:2.5"),
        ),
        (
            "subscribe Users percent:101",
            Mistake(command="subscribe", problem=MistakeKind.BAD_NUMBER, given="percent:101"),
        ),
        (
            "subscribe Users row:5",
            Mistake(command="subscribe", problem=MistakeKind.UNKNOWN_OPTION, given="row:5", nearest="rows"),
        ),
        (
            "subscribe Users mention:@ann",
            Mistake(command="subscribe", problem=MistakeKind.BAD_MENTION, given="@ann"),
        ),
        (
            "subscribe Users mention:<!channel>",
            Mistake(command="subscribe", problem=MistakeKind.BAD_MENTION, given="@channel"),
        ),
        (
            "unsubscribe Users on:late",
            Mistake(command="unsubscribe", problem=MistakeKind.UNKNOWN_OPTION, given="on:late"),
        ),
    ],
)
def test_mistakes(text: str, mistake: Mistake) -> None:
    """A command that says too little or something odd is answered with what is wrong."""
    assert read(text) == mistake


PIECES = st.sampled_from(
    [
        *COMMANDS,
        *"\"'`<>@#!|:,*?&",
        "on:",
        "rows:",
        "percent:",
        "mention:",
        "<@U1|a b>",
        "<!subteam^S1>",
        "2h",
        "until",
        "it",
    ]
) | st.text(max_size=8)


@given(st.text() | st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join))
@example("snooze x " + "9" * 5000 + "h")
@example("subscribe x rows:" + "9" * 5000)
@example("status " + '"' * 5000)
@example("status " + "<@" * 5000)
def test_every_text_is_a_command(text: str) -> None:
    """Whatever is typed is answered, and nothing is raised."""
    command = read(text)
    assert isinstance(command, get_args(Command))
    words = getattr(command, "words", None) or getattr(command, "selector", None)
    assert words is None or words.strip()


@given(st.sampled_from(COMMANDS))
def test_every_command_is_nearest_to_its_misspelling(command: str) -> None:
    """A command with its last letter doubled is still recognised as meant."""
    answer = read(command + command[-1] + "z")
    assert isinstance(answer, Help)
    assert answer.nearest == command


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters='"<>&`“”„«»‘’\u00a0'), min_size=1))
def test_quoted_names_come_through(name: str) -> None:
    """A quoted name is taken as it stands, whatever it looks like."""
    words = name.strip()
    if len(words) > 1 and words[0] == words[-1] == "'":
        words = words[1:-1].strip()
    if words:
        assert read(f'status "{name}"') == Status(words=words)
