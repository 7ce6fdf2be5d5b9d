"""What people type after `/cdi`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdi_bot.core.commands.channels import ShowAudit
from cdi_bot.core.commands.incidents import Acknowledge, RequestSync
from cdi_bot.core.commands.parser import (
    BY_WORD,
    SPECIFICATIONS,
    WORDS,
    about_integration,
    parse,
    print_command,
)
from cdi_bot.core.commands.queries import ListIntegrations, ShowHelp, ShowStatus
from cdi_bot.core.commands.snoozes import EndSnooze, SetSnooze
from cdi_bot.core.commands.specification import Command, Mistake, MistakeKind
from cdi_bot.core.commands.subscriptions import ShowSubscriptions, Subscribe, Unsubscribe
from cdi_bot.core.model.incident import Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.subscription import DEFAULT_TOPICS, Filters
from tests.core.commands.samples import SAMPLE_TIME as NOW
from tests.core.commands.samples import SAMPLES

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
GROUP = "64f0c0ffee0123456789abcd"  # a workspace's group in the dashboard, which is no integration
AN_ID = Integration(workspace_id=7, integration_id="an id", integration_name="Users")


def read(text: str) -> Command | Mistake:
    """Parse at a fixed present."""
    return parse(text, now=NOW)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", ShowHelp()),
        ("   ", ShowHelp()),
        ("help", ShowHelp()),
        ("HELP me", ShowHelp()),
        ("status", ShowStatus(query=None)),
        ("  STATUS  ", ShowStatus(query=None)),
        ("status Users  sync", ShowStatus(query="Users sync")),
        ('status "Users sync"', ShowStatus(query="Users sync")),
        ("status “Users sync”", ShowStatus(query="Users sync")),
        ("status ‘Users sync’", ShowStatus(query="Users sync")),
        ("status 'Bob's users'", ShowStatus(query="Bob's users")),
        ("status `0f3c`", ShowStatus(query="0f3c")),
        ('status "', ShowStatus(query='"')),
        ('status 5" screens', ShowStatus(query='5" screens')),
        ("status R&amp;D &lt;new&gt;", ShowStatus(query="R&D <new>")),
        ("status <http://app.example.com|app.example.com>", ShowStatus(query="app.example.com")),
        ("status <https://app.example.com>", ShowStatus(query="https://app.example.com")),
        ("status <#C1|users>", ShowStatus(query="#users")),
        ("status a\u00a0b", ShowStatus(query="a b")),
        ("ｓｔａｔｕｓ　ユーザー", ShowStatus(query="ユーザー")),
        ("status 「ユーザー　同期」", ShowStatus(query="ユーザー　同期")),
        ("status ＂ユーザー 同期＂", ShowStatus(query="ユーザー 同期")),
        (r'status "Users \"EU\""', ShowStatus(query='Users "EU"')),
        (
            f"status <https://dashboard-03.braze.com/integrations/cloud_data_ingestion/{ID}>",
            ShowStatus(query=ID),
        ),
        (
            f"ack https://dashboard-03.braze.com/integrations/cloud_data_ingestion/{ID}/edit?a=b#c",
            Acknowledge(query=ID),
        ),
        (
            f"sync <http://dashboard.us-10.braze.com/x/cloud_data_ingestion/{ID}|…/{ID[:4]}>",
            RequestSync(query=ID),
        ),
        (
            f"list see dashboard-01.braze.eu/integrations/cloud_data_ingestion/{ID}",
            ListIntegrations(query=ID),
        ),
        (
            f"status <https://dashboard-03.braze.com/integrations/cloud_data_ingestion/{GROUP}?locale=en&amp;main-tab=edit-sync--{ID}>",
            ShowStatus(query=ID),
        ),
        (
            f"sync https://dashboard-03.braze.com/integrations/cloud_data_ingestion/{GROUP}/?main-tab=edit-sync--{ID}&amp;x=1#y",
            RequestSync(query=ID),
        ),
        (
            f"status https://dashboard-03.braze.com/integrations/cloud_data_ingestion?main-tab=edit-sync--{ID}",
            ShowStatus(query=ID),
        ),
        (
            "status https://dashboard-03.braze.com/integrations/cloud_data_ingestion",
            ShowStatus(query="https://dashboard-03.braze.com/integrations/cloud_data_ingestion"),
        ),
        (
            f"status dashboard-03.braze.com/integrations/cloud_data_ingestion/{GROUP}",
            ShowStatus(query=f"dashboard-03.braze.com/integrations/cloud_data_ingestion/{GROUP}"),
        ),
        ("status https://example.com/other/page", ShowStatus(query="https://example.com/other/page")),
        ("list", ListIntegrations(query=None)),
        ("list cart", ListIntegrations(query="cart")),
        ("subscriptions", ShowSubscriptions()),
        ("subs", ShowSubscriptions()),
        ("subscribe list", ShowSubscriptions()),
        ("unsubscribe Users*", Unsubscribe(selector="Users*")),
        ("unsub ALL", Unsubscribe(selector="all")),
        ("ack Users", Acknowledge(query="Users")),
        ("acknowledge Users", Acknowledge(query="Users")),
        ("unsnooze Users", EndSnooze(selector="Users")),
        ("sync Users", RequestSync(query="Users")),
        ("audit", ShowAudit()),
        ("AUDIT please", ShowAudit()),
        ("audit in:<#C1|general>", ShowAudit(channel_id="C1")),
        ("subscriptions in: <#C1>", ShowSubscriptions(channel_id="C1")),
        ("unsub ＡＬＬ in:<#G1|ops>", Unsubscribe(selector="all", channel_id="G1")),
        ("unsnooze in:<#C1|general> Users", EndSnooze(selector="Users", channel_id="C1")),
    ],
)
def test_plain_commands(text: str, command: Command) -> None:
    """Commands are known in any letter case and spacing, with names quoted or not."""
    assert read(text) == command


ERROR_LATE = frozenset({Topic.ERROR, Topic.LATE})
ERROR_LATE_100 = Filters(topics=ERROR_LATE, min_rows=100)
ERROR_LATE_PERCENT = Filters(topics=ERROR_LATE, min_percent=2.5)
ROWS_5 = Filters(min_rows=5)


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
        ("subscribe EU Users: attributes", "EU Users: attributes", Filters()),
        ("subscribe rows:5 EU Users: attributes", "EU Users: attributes", ROWS_5),
        ("subscribe EU prod:users rows:5", "EU prod:users", ROWS_5),
        ("subscribe EU 顧客：属性", "EU 顧客：属性", Filters()),
        ("subscribe Users ROWS:5 rows:6", "Users", Filters(min_rows=6)),
        ("subscribe Users mention:<@U1|ann lee>", "Users", Filters(mention="<@U1>")),
        ("subscribe Users mention: <@U1>", "Users", Filters(mention="<@U1>")),
        ("sub Users＊ ＯＮ：ｅｒｒｏｒ、late　rows：１００", "Users*", ERROR_LATE_100),
        ("subscribe Users fresh: 36h", "Users", Filters(fresh="36h")),
        ("subscribe Users off:spike", "Users", Filters(off=frozenset({"spike"}))),
        ("subscribe Users OFF: Rows-Low, no_rows", "Users", Filters(off=frozenset({"rows_low", "no_rows"}))),
        ("subscribe fresh:9:30 Users fresh:1.5h", "Users", Filters(fresh="90m")),
        ("subscribe Users FRESH:９：００", "Users", Filters(fresh="09:00")),
        ("subscribe Users on:error， late percent:２．５％", "Users", ERROR_LATE_PERCENT),
        (
            f"subscribe https://dashboard-03.braze.com/integrations/cloud_data_ingestion/{ID} rows:5",
            ID,
            ROWS_5,
        ),
        ("subscribe Users mention:<!subteam^S1|@data team>", "Users", Filters(mention="<!subteam^S1>")),
    ],
)
def test_subscribe(text: str, selector: str, filters: Filters) -> None:
    """A subscription takes its options anywhere, and whatever is no option is the selector."""
    assert read(text) == Subscribe(selector=selector, filters=filters)


@pytest.mark.parametrize("command", WORDS)
def test_what_takes_another_channel(command: str) -> None:
    """Just those that are about a channel do."""
    wanted = {
        "snooze": "x 2h",
        "digest": "daily 9:00",
        "language": "ja",
        "escalate": "to:<@U1>",
        "hours": "mon-fri",
        "contacts": "show",
    }.get(command, "x")
    channel_id = getattr(read(f"{command} {wanted} in:<#C1>"), "channel_id", None)
    assert (channel_id == "C1") == BY_WORD[command].takes_channel


def test_another_channel_is_named_by_in() -> None:
    """`in:` says which channel is meant, wherever it stands."""
    there = Subscribe(selector="Users", filters=Filters(min_rows=5), channel_id="C1")
    assert read("subscribe in:<#C1|general> Users rows:5") == there
    assert read("subscribe Users rows:5 in: <#C1>") == there
    snooze = read("snooze Users 2h in:<#C1|general> back fill")
    assert snooze == SetSnooze(
        selector="Users", until=NOW + timedelta(hours=2), reason="back fill", channel_id="C1"
    )


def test_subscribe_leaves_out_running_by_default() -> None:
    """Without `on:` a channel gets all alerts except the starts of runs."""
    command = read("subscribe all")
    assert isinstance(command, Subscribe)
    assert command.filters.topics == DEFAULT_TOPICS == frozenset(Topic) - {Topic.RUNNING}


@pytest.mark.parametrize(
    ("text", "until", "query", "reason"),
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
        ("snooze Users tomorrow 9am", timedelta(hours=21), "Users", None),
        ("snooze Users tomorrow at 9 AM back fill", timedelta(hours=21), "Users", "back fill"),
        ("snooze Users until tomorrow 14:30", timedelta(hours=26.5), "Users", None),
        ("snooze Users until 5pm", timedelta(hours=5), "Users", None),
        ("snooze Users till 9:00 night shift", timedelta(hours=21), "Users", "night shift"),
        ("snooze Users until 2026-03-01T13:30Z", timedelta(hours=1.5), "Users", None),
        ("snooze Users until 2026-03-02T09:00 x", timedelta(hours=21), "Users", "x"),
        ("snooze tomorrow 9am Users", timedelta(hours=21), "Users", None),
        ("snooze Tomorrow mails 2h", timedelta(hours=2), "Tomorrow mails", None),
        ("snooze　ユーザー　２ｈ　移行のため", timedelta(hours=2), "ユーザー", "移行のため"),
        ("snooze ユーザー tomorrow ９：３０", timedelta(hours=21.5), "ユーザー", None),
    ],
)
def test_snooze(text: str, until: timedelta | None, query: str, reason: str | None) -> None:
    """A snooze takes the first time behind the name; what follows it is the reason."""
    assert read(text) == SetSnooze(selector=query, until=NOW + until if until else None, reason=reason)


@pytest.mark.parametrize(
    ("said", "begins", "until", "reason"),
    [
        ("from tomorrow until tomorrow 5pm", "03-02 09:00", "03-02 17:00", None),
        ("from fri 18:00 until mon 8:00 move", "03-06 18:00", "03-09 08:00", "move"),
        ("from fri 22:00 to 6:00", "03-06 22:00", "03-07 06:00", None),
        ("from: 22:00 until: 6:00", "03-01 22:00", "03-02 06:00", None),
        ("from 2026-03-05 for 2 hours", "03-05 09:00", "03-05 11:00", None),
        ("from:2026-03-05 10:30 until:2026-03-06", "03-05 10:30", "03-06 09:00", None),
        ("from 2026-03-05T10:30Z 90m deploy", "03-05 10:30", "03-05 12:00", "deploy"),
        ("from 2026-02-28 until 2026-03-02", None, "03-02 09:00", None),
        ("until 2026-03-02 8:00", None, "03-02 08:00", None),
        ("until:fri 17:00", None, "03-06 17:00", None),
    ],
)
def test_a_planned_snooze(said: str, begins: str | None, until: str, reason: str | None) -> None:
    """The end is meant after the beginning; one that began already is as any other."""

    def moment(text: str) -> datetime:
        return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)

    assert read(f"snooze Users* {said}") == SetSnooze(
        selector="Users*", begins=moment(begins) if begins else None, until=moment(until), reason=reason
    )


@pytest.mark.parametrize(
    ("said", "every", "zone", "reason"),
    [
        ("every sun 02:00-06:00", "sun 02:00-06:00", None, None),
        ("every: sun 02:00-06:00", "sun 02:00-06:00", None, None),
        ("every sat and sun from 2am to 6am backups", "sat-sun 02:00-06:00", None, "backups"),
        ("every day 22:00-06:00 UTC", "daily 22:00-06:00", "UTC", None),
        ("every sunday", "sun 00:00-24:00", None, None),
        ("every sun 02:00-06:00 Asia/Tokyo sync of CRM", "sun 02:00-06:00", "Asia/Tokyo", "sync of CRM"),
    ],
)
def test_a_recurring_snooze(said: str, every: str, zone: str | None, reason: str | None) -> None:
    """Days, times and the zone; what follows is the reason."""
    wanted = SetSnooze(selector="Users*", until=None, every=every, zone=zone, reason=reason)
    assert read(f"snooze Users* {said}") == wanted


def test_names_may_hold_the_words_of_times() -> None:
    """A name that is followed by a plain time is a name."""
    for name in ("Import from S3", "Every Monday import", "Import every day"):
        command = read(f"snooze {name} 2h")
        assert command == SetSnooze(selector=name, until=NOW + timedelta(hours=2), reason=None)


def test_tomorrow_is_in_the_persons_zone_and_told_in_utc() -> None:
    """Tomorrow is the person's, and the answer is in UTC."""
    now = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    command = parse("snooze Users tomorrow", now=now)
    assert isinstance(command, SetSnooze)
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
        ("snooze 2h", Mistake(command="snooze", problem=MistakeKind.MISSING_INTEGRATION)),
        ("snooze Users sync", Mistake(command="snooze", problem=MistakeKind.MISSING_TIME, name="Users sync")),
        (
            "snooze Users 2x",
            Mistake(command="snooze", problem=MistakeKind.BAD_TIME, given="2x", name="Users"),
        ),
        (
            "snooze Users 900d",
            Mistake(command="snooze", problem=MistakeKind.BAD_TIME, given="900d", name="Users"),
        ),
        (
            "snooze Users until 25:00",
            Mistake(command="snooze", problem=MistakeKind.BAD_TIME, given="25:00", name="Users"),
        ),
        (
            "snooze Users until 2026-02-30T09:00",
            Mistake(command="snooze", problem=MistakeKind.BAD_TIME, given="2026-02-30T09:00", name="Users"),
        ),
        (
            "snooze Users until 2026-02-28T09:00",
            Mistake(
                command="snooze", problem=MistakeKind.BAD_TIME, given="until 2026-02-28T09:00", name="Users"
            ),
        ),
        ("audit in:#nosuch", Mistake(command="audit", problem=MistakeKind.BAD_CHANNEL, given="#nosuch")),
        (
            "status in:<#C1|general>",
            Mistake(command="status", problem=MistakeKind.UNKNOWN_OPTION, given="in:#general"),
        ),
        (
            "ack Users in:<#C1>",
            Mistake(command="ack", problem=MistakeKind.UNKNOWN_OPTION, given="in:#C1", name="Users"),
        ),
        ("subscribe in:", Mistake(command="subscribe", problem=MistakeKind.BAD_CHANNEL)),
        ("unsnooze x in:<@U1>", Mistake(command="unsnooze", problem=MistakeKind.BAD_CHANNEL, given="@U1")),
        (
            "subscribe Users on:erorr",
            Mistake(
                command="subscribe",
                problem=MistakeKind.UNKNOWN_STATUS,
                given="erorr",
                nearest="error",
                name="Users",
            ),
        ),
        (
            "subscribe Users on:",
            Mistake(command="subscribe", problem=MistakeKind.UNKNOWN_STATUS, name="Users"),
        ),
        (
            "hours 09:00-17:00 Europe/Nowhere",
            Mistake(command="hours", problem=MistakeKind.BAD_ZONE, given="Europe/Nowhere"),
        ),
        (
            "hours mon-fri 9-17 Europe/Berln except:error",
            Mistake(
                command="hours",
                problem=MistakeKind.BAD_ZONE,
                given="Europe/Berln",
                nearest="Europe/Berlin",
            ),
        ),
        (
            "hours mon-fri 9-17 America/New York",
            Mistake(
                command="hours",
                problem=MistakeKind.BAD_ZONE,
                given="America/New York",
                nearest="America/New_York",
            ),
        ),
        (
            "digest daily 09:00 tokio",
            Mistake(command="digest", problem=MistakeKind.BAD_ZONE, given="tokio", nearest="Asia/Tokyo"),
        ),
        (
            "snooze Users* every sun 02:00-06:00 Europe/Berln backup",
            Mistake(
                command="snooze",
                problem=MistakeKind.BAD_ZONE,
                given="Europe/Berln",
                nearest="Europe/Berlin",
                name="Users*",
            ),
        ),
        ("hours soonish", Mistake(command="hours", problem=MistakeKind.BAD_HOURS, given="soonish")),
        ("contacts bla", Mistake(command="contacts", problem=MistakeKind.UNKNOWN_OPTION, given="bla")),
        (
            "owner Users* kenji",
            Mistake(command="owner", problem=MistakeKind.BAD_MENTION, given="kenji", name="Users*"),
        ),
        (
            "subscribe Users off:row_low",
            Mistake(
                command="subscribe",
                problem=MistakeKind.UNKNOWN_REASON,
                given="row_low",
                nearest="rows_low",
                name="Users",
            ),
        ),
        (
            "subscribe Users off:",
            Mistake(command="subscribe", problem=MistakeKind.UNKNOWN_REASON, name="Users"),
        ),
        (
            "subscribe Users rows:many",
            Mistake(command="subscribe", problem=MistakeKind.BAD_NUMBER, given="rows:many", name="Users"),
        ),
        (
            "subscribe Users rows:0",
            Mistake(command="subscribe", problem=MistakeKind.BAD_NUMBER, given="rows:0", name="Users"),
        ),
        (
            "subscribe Users rows:2.5",
            Mistake(command="subscribe", problem=MistakeKind.BAD_NUMBER, given="rows:2.5", name="Users"),
        ),
        (
            "subscribe Users fresh:36",
            Mistake(command="subscribe", problem=MistakeKind.BAD_FRESHNESS, given="fresh:36", name="Users"),
        ),
        (
            "subscribe Users fresh:9m",
            Mistake(command="subscribe", problem=MistakeKind.BAD_FRESHNESS, given="fresh:9m", name="Users"),
        ),
        (
            "subscribe Users percent:101",
            Mistake(command="subscribe", problem=MistakeKind.BAD_NUMBER, given="percent:101", name="Users"),
        ),
        (
            "subscribe Users row:5",
            Mistake(
                command="subscribe",
                problem=MistakeKind.UNKNOWN_OPTION,
                given="row:5",
                nearest="rows:",
                name="Users",
            ),
        ),
        (
            "subscribe Users mention:@ann",
            Mistake(command="subscribe", problem=MistakeKind.BAD_MENTION, given="@ann", name="Users"),
        ),
        (
            "subscribe Users mention:<!channel>",
            Mistake(command="subscribe", problem=MistakeKind.BAD_MENTION, given="@channel", name="Users"),
        ),
        (
            "unsubscribe Users on:late",
            Mistake(command="unsubscribe", problem=MistakeKind.UNKNOWN_OPTION, given="on:late", name="Users"),
        ),
    ],
)
def test_mistakes(text: str, mistake: Mistake) -> None:
    """A command that says too little or something odd is answered with what is wrong."""
    assert read(text) == mistake


PIECES = st.sampled_from(
    [
        *WORDS,
        *"\"'`<>@#!|:,*?&",
        "on:",
        "rows:",
        "percent:",
        "fresh:",
        "off:",
        "mention:",
        "<@U1|a b>",
        "in:",
        "<#C1|general>",
        "tomorrow",
        "9am",
        "for",
        "2026-03-02T09:00",
        "　",
        "：",
        "ｓｎｏｏｚｅ",
        "\\",
        "「",
        "」",
        "<!subteam^S1>",
        "2h",
        "until",
        "it",
    ]
) | st.text(max_size=8)


TEXTS = st.text() | st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join)


@given(TEXTS)
@example("snooze x " + "9" * 5000 + "h")
@example("subscribe x rows:" + "9" * 5000)
@example("status " + '"' * 5000)
@example("status " + "<@" * 5000)
def test_every_text_is_a_command(text: str) -> None:
    """Whatever is typed is answered, and nothing is raised."""
    command = read(text)
    assert isinstance(command, Command | Mistake)
    query = getattr(command, "query", None) or getattr(command, "selector", None)
    assert query is None or query.strip()


@given(st.sampled_from(WORDS), TEXTS)
@example("status", "<>")
@example("status", '"\\"')
@example("subscribe", "x percent:0.000001 mention:<@U1>")
@example("snooze", "x until 2026-03-02T09:00 in:<#C1>")
@example("snooze", "x until recovery 2h")
@example("snooze", "it 1m y")
def test_a_command_is_read_again_as_it_is_printed(verb: str, rest: str) -> None:
    """A command as text does what was typed."""
    for text in (rest, f"{verb} {rest}"):
        command = read(text)
        if not isinstance(command, Mistake):
            assert read(print_command(command)) == command, print_command(command)


@pytest.mark.parametrize("text", [text for samples in SAMPLES.values() for text, _ in samples])
def test_samples(text: str) -> None:
    """Each command's samples are read as they say, and its own words lead to it."""
    specification, command = next(
        (each, command) for each in SPECIFICATIONS for sample, command in SAMPLES[each.word] if sample == text
    )
    assert read(text) == command
    assert read(print_command(command)) == command
    assert isinstance(command, specification.command | (specification.bare or specification.command))


def as_delivered(shown: str) -> str:
    """An example with people, groups and channels as Slack escapes them."""
    for typed, escaped in (
        ("@data-team", "<!subteam^S1>"),
        ("@ann", "<@U1|ann>"),
        ("#on-call", "<#C1|on-call>"),
    ):
        shown = shown.replace(typed, escaped)
    return shown


@pytest.mark.parametrize("word", WORDS)
def test_examples_show_their_own_command(word: str) -> None:
    """What help and mistakes show begins with the word that it is an example of, and is read as the command."""
    specification = BY_WORD[word]
    assert specification.usage.startswith(f"/cdi {word}")
    for shown, _ in specification.help:
        typed = as_delivered(shown)
        assert typed.startswith(f"/cdi {word}")
        assert isinstance(read(typed.removeprefix("/cdi ")), specification.command), shown


@pytest.mark.parametrize("word", WORDS)
def test_examples_of_options_are_read(word: str) -> None:
    """Each option that help explains is taken by the command it belongs to."""
    for option, _ in BY_WORD[word].options:
        meant = (
            "Users" if BY_WORD[word].names else {"hours": "mon-fri", "contacts": "show"}.get(word, "to:<#C2>")
        )
        assert isinstance(read(f"{word} {meant} {as_delivered(option)}"), BY_WORD[word].command), option


def test_no_word_means_two_commands() -> None:
    """Words and aliases lead to one command each, and are written as they are compared."""
    words = [word for each in SPECIFICATIONS for word in (each.word, *each.aliases)]
    assert len(words) == len(set(words))
    assert [word for word in words if word != word.lower() or " " in word] == []


@pytest.mark.parametrize(
    "text",
    [
        "subscribe Users on:error off:spike,hollow rows:5 percent:2.5 fresh:90m mention:<!subteam^S1|@x> in:<#C1>",
        "unsubscribe Users in:<#C1>",
        "ack Users",
        'snooze Users 2h because of "{id}"',
        "unsnooze Users",
        "sync Users",
        "status Users",
    ],
)
def test_a_choice_completes_the_command(text: str) -> None:
    """With an id in place of the words, everything else is as typed."""
    command = read(text)
    assert isinstance(command, Command)
    chosen = about_integration(command, AN_ID)
    assert chosen.workspace_id == 7
    assert replace(chosen, workspace_id=None) == read(text.replace("Users", '"an id"', 1))


def test_a_choice_of_what_names_no_integration_shows_its_status() -> None:
    """Help, and a command that is about a channel alone, have nothing to complete."""
    for command in (None, ShowHelp(), ShowSubscriptions()):
        assert about_integration(command, AN_ID) == ShowStatus(query="an id", workspace_id=7)


def test_a_mistake_is_no_command() -> None:
    """It can't be printed: nothing that was typed would be done by it."""
    with pytest.raises(ValueError, match="mistake"):
        print_command(read("sync"))


@given(st.sampled_from(WORDS))
def test_every_command_is_likely_for_its_misspelling(command: str) -> None:
    """A command with its last letter doubled is not understood, and offered first."""
    answer = read(command + command[-1])
    assert isinstance(answer, Mistake)
    assert answer.problem is MistakeKind.UNKNOWN_COMMAND
    first = answer.likely[0].command
    assert isinstance(first, BY_WORD[command].command | (BY_WORD[command].bare or ShowHelp))


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters='"<>&\\“”„«»＂‘’＇\u00a0'), min_size=1)
)
def test_quoted_names_come_through(name: str) -> None:
    """A quoted name is taken as it stands, whatever it looks like."""
    query = name.strip()
    if query:
        assert read(f'status "{name}"') == ShowStatus(query=query)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("subscribe EU Users: attributes", Subscribe(selector="EU Users: attributes", filters=Filters())),
        ("subscribe EU on:time", Subscribe(selector="EU on:time", filters=Filters())),
        (
            "subscribe eu  ON:Time on:error",
            Subscribe(selector="eu ON:Time", filters=Filters(topics=frozenset({Topic.ERROR}))),
        ),
        ("unsubscribe EU on:time in:<#C1>", Unsubscribe(selector="EU on:time", channel_id="C1")),
        ("status EU on:time", ShowStatus(query="EU on:time")),
        ("ack in:store", Acknowledge(query="in:store")),
        (
            "subscribe EU on:error",
            Subscribe(selector="EU", filters=Filters(topics=frozenset({Topic.ERROR}))),
        ),
    ],
)
def test_a_known_name_wins(text: str, command: Command) -> None:
    """A name that looks like an option is the integration, wherever options may follow it."""
    names = {"eu users: attributes", "eu on:time", "eu", "in:store"}
    assert parse(text, now=NOW, names=names) == command


def test_an_unknown_name_like_an_option_is_asked_about() -> None:
    """Where no integration is called so, a word that no option has is a slip of the pen."""
    mistake = parse("subscribe EU on:time", now=NOW)
    assert isinstance(mistake, Mistake)
