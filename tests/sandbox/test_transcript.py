"""The conversation as text: what each block, date, name and event looks like in a terminal."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cdi_bot.sandbox.slack.model import Content
from cdi_bot.sandbox.slack.world import SlackWorld
from cdi_bot.sandbox.transcript import Names, Transcript, block_lines, plain
from tests.sandbox.braze_kit import NOON, Clock
from tests.sandbox.slack_kit import ALERTS, MARA, actions, button, section, text_input
from tests.sandbox.slack_kit import plain as plain_text

Json = dict[str, Any]

NAMES = Names(
    channels={ALERTS: "data-alerts"}, users={MARA: "mara"}, zone=ZoneInfo("Europe/Stockholm"), now=NOON
)
AT = int(datetime(2026, 3, 25, 23, 30, tzinfo=ZoneInfo("UTC")).timestamp())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*Users sync* has _failed_ ~badly~", "Users sync has failed badly"),
        ("sync_failed_rows and 3*4*5 stay", "sync_failed_rows and 3*4*5 stay"),
        ("&lt;b&gt; &amp;lt;", "<b> &lt;"),
        (
            "<https://example.com|Open> <https://example.com>",
            "Open https://example.com",
        ),
        (
            f"<@{MARA}> <@U0NEW> <@U0NEW|new> <#{ALERTS}> <#C9|nine> <#C9>",
            "@mara @U0NEW @new #data-alerts #nine #C9",
        ),
        ("<!channel> <!subteam^S1|@team>", "@channel @team"),
        (":red_circle: failed :unheard_of:", "🔴 failed :unheard_of:"),
        (f"<!date^{AT}^{{date_short_pretty}} {{time}}|late>", "tomorrow 00:30"),
        (f"<!date^{AT - 86_400}^{{date_pretty}} at {{time_secs}}|late>", "today at 00:30:00"),
        (f"<!date^{AT - 172_800}^{{date_long_pretty}}|late>", "yesterday"),
        (f"<!date^{AT + 864_000}^{{date_short_pretty}}|late>", "Apr 5, 2026"),
        (
            f"<!date^{AT}^{{date_num}} {{date}} {{date_long}}|late>",
            "2026-03-26 March 26, 2026 Thursday, March 26, 2026",
        ),
        ("<!date^soon^{time}|late>", "late"),
        ("<!date^1|late>", "late"),
        ("a\x1b[31mred\x07\u202e", "a[31mred"),
    ],
)
def test_mrkdwn_reads_as_plain_text(text: str, shown: str) -> None:
    """Marks go, references become names, dates stand in the reader's zone, escapes are undone last."""
    assert plain(text, NAMES) == shown


CHART = {
    "type": "data_visualization",
    "title": "Rows",
    "chart": {
        "type": "line",
        "series": [{"name": "ok", "data": [{"label": str(n), "value": n} for n in range(8)]}],
    },
}
FLAT = {
    "type": "data_visualization",
    "title": "Flat",
    "chart": {"type": "bar", "series": [{"name": "ok", "data": [{"label": "a", "value": 5}]}]},
}
TABLE = {
    "type": "table",
    "column_settings": [None, {"align": "right"}],
    "rows": [
        [{"type": "raw_text", "text": "Integration"}, {"type": "raw_text", "text": "Rows"}],
        [{"type": "raw_text", "text": "会員"}, {"type": "raw_text", "text": "1203"}],
        [
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "date", "timestamp": 1, "format": "{time}", "fallback": "Café\nbar"},
                        ],
                    }
                ],
            },
        ],
    ],
}


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        (section("one\n*two*"), ["one", "two"]),
        (
            {
                "type": "section",
                "fields": [
                    {"type": "mrkdwn", "text": "*Rows*\n7"},
                    plain_text("alone"),
                    plain_text("At:\nnow"),
                ],
                "accessory": button(),
            },
            ["Rows: 7", "alone", "At: now", "[Go]"],
        ),
        ({"type": "header", "text": plain_text("会 x")}, ["会 x", "────"]),
        ({"type": "divider"}, ["─" * 40]),
        (
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "_a_"}, plain_text("b")],
            },
            ["a  b"],
        ),
        (
            actions(
                button(),
                {"type": "static_select", "placeholder": plain_text("Pick")},
                {"type": "overflow"},
                {"type": "timepicker"},
            ),
            ["[Go] [Pick ▾] [… ▾] […]"],
        ),
        (text_input(), ["Name: […]"]),
        (
            TABLE,
            [
                "Integration  Rows",
                "───────────  ────",
                "会員         1203",
                "Café bar",
            ],
        ),
        ({"type": "table", "rows": []}, []),
        (CHART, ["Rows (line chart)", "▁▂▃▄▅▆▇█  ok: 0 … 7"]),
        (FLAT, ["Flat (bar chart)", "▁  ok: 5 … 5"]),
        ({"type": "alert", "text": plain_text("careful")}, ["careful"]),
        ({"type": "video"}, ["(video)"]),
    ],
    ids=lambda value: str(value.get("type")) if isinstance(value, dict) else "",
)
def test_blocks_read_as_lines(block: Json, lines: list[str]) -> None:
    """Each block has a plain form."""
    assert block_lines(block, NAMES) == lines


def told(world: SlackWorld, events: list[Json], zone: str = "UTC") -> list[str]:
    """Return the transcript of some events."""
    transcript = Transcript(world.snapshot(), ZoneInfo(zone))
    return [line for event in events for line in transcript.lines(event, NOON)]


def test_a_conversation_reads_from_top_to_bottom(clock: Clock) -> None:
    """Place, author and time head each message; threads are set in; changes and whispers say so."""
    events: list[Json] = []
    world = SlackWorld(clock=clock, on_change=events.append)
    root = world.post(ALERTS, Content(text="fallback", blocks=(section("Users failed"), actions(button()))))
    world.post(ALERTS, Content(text="looking"), author=MARA, thread_ts=root.ts)
    world.post(ALERTS, Content(text="well again"), thread_ts=root.ts, reply_broadcast=True)
    world.change(root, Content(text="Users is well"), edited=False)
    whisper = world.post_ephemeral(ALERTS, MARA, Content(text="psst"))
    world.delete(whisper)
    world.delete(world.find(ALERTS, root.ts))
    assert told(world, events) == [
        "#data-alerts  cdi-bot  12:00:00",
        "  Users failed",
        "  [Go]",
        "#data-alerts  mara  12:00:00  (reply)",
        "    │ looking",
        "#data-alerts  cdi-bot  12:00:00  (reply, also sent to the channel)",
        "    │ well again",
        "#data-alerts  cdi-bot  12:00:00  (changed)",
        "  Users is well",
        "#data-alerts  cdi-bot  12:00:00  (only visible to mara)",
        "  psst",
        "#data-alerts  (a message was deleted)",
    ]


def test_of_a_change_only_the_news_is_told(clock: Clock) -> None:
    """The first line says what it is about; a change that shows nothing new is not told."""
    events: list[Json] = []
    world = SlackWorld(clock=clock, on_change=events.append)
    card = world.post(ALERTS, Content(text="x", blocks=(section("Users"), section("1 run"), section("here"))))
    clock.advance(60)
    card = world.change(
        card, Content(text="x", blocks=(section("Users"), section("2 runs"), section("here")))
    )
    world.change(card, Content(text="x", blocks=(section("Users"), section("2 runs"))))
    transcript = Transcript(world.snapshot())
    assert [line for event in events for line in transcript.lines(event, clock())] == [
        "#data-alerts  cdi-bot  12:00:00",
        "  Users",
        "  1 run",
        "  here",
        "#data-alerts  cdi-bot  12:01:00  (changed)",
        "  Users",
        "  2 runs",
    ]


def test_attachments_direct_messages_and_the_readers_zone(clock: Clock) -> None:
    """A direct message is named by its person; the blocks of an attachment stand beside its bar."""
    events: list[Json] = []
    world = SlackWorld(clock=clock)
    channel = world.direct_message(MARA)
    world.on_change = events.append
    attachments: tuple[Json, ...] = (
        {"blocks": [section("in blocks")]},
        {},
    )
    world.post(channel.id, Content(text="", attachments=attachments))
    assert told(world, events, "Asia/Tokyo") == [
        "@mara  cdi-bot  21:00:00",
        "  ┃ in blocks",
    ]


def test_what_is_no_part_of_the_conversation(clock: Clock) -> None:
    """Connecting is told once, a renamed channel is learnt, and the rest says nothing."""
    world = SlackWorld(clock=clock)
    renamed = {"id": ALERTS, "name": "al\x1berts"}
    events: list[Json] = [
        {"type": "bot_connected", "connected": True},
        {"type": "bot_connected", "connected": True},
        {"type": "bot_connected", "connected": False},
        {"type": "channel", "channel": renamed},
        {"type": "message_deleted", "channel": ALERTS, "ts": "1.1"},
        {"type": "faults", "slack": []},
    ]
    assert told(world, events) == [
        "cdi-bot is connected",
        "cdi-bot is not connected",
        "#alerts  (a message was deleted)",
    ]
