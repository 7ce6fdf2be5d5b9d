"""Reading the configuration file: every problem at its line, and the schema that editors use says the same."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cdi_bot.configuration.document import json_schema
from cdi_bot.configuration.reading import read_config
from cdi_bot.core.model.configuration import FileProblemsError, Item, Table

SCHEMA = Path(__file__).parent.parent.parent / "docs" / "cdi-bot.schema.json"

GOOD = """\
[[workspace]]
name = "emea"
base_url = "https://rest.fra-01.braze.eu/"
api_key = "env:EMEA_KEY"
visible_to = ["C024BE91L", "C024BE91M"]

[[workspace]]
name = "apac"
base_url = "https://rest.us-10.braze.com"
api_key = "file:/run/secrets/apac key"
visible_to = "everyone"

[[channel]]
id = "C024BE91L"
language = "ja"
zone = "Asia/Tokyo"
digest = "weekly mon 09:00 quiet"
hours = "mon-fri 08:00-19:00 except:error,late"
holidays = ["2026-12-26", "2026-12-25"]
contacts = "mention"
escalate = "to:U024BE7LH"
workspace = "apac"

[[integration]]
workspace = "emea"
selector = "Users*"
owner = "S0614TZR7"
runbook = "https://wiki.example.com/users"
critical = true

[[integration]]
workspace = "emea"
selector = "all"
owner = "none"
critical = false

[[subscription]]
channel = "C024BE91L"
workspace = "emea"
selector = "Users*"
on = ["late",
  "error"]
off = ["spike"]
rows = 10
percent = 2
fresh = "09:00"
mention = "S0614TZR7"

[[subscription]]
channel = "C024BE91L"
workspace = "emea"
selector = "3e5f6d1c-0000-4a4a-8b8b-111122223333"

[[snooze]]
channel = "C024BE91L"
workspace = "emea"
selector = "Users*"
window = "every sat,sun 22:00-06:00 America/Argentina/Buenos_Aires"
reason = "the warehouse is maintained"

[[snooze]]
channel = "C024BE91L"
workspace = "emea"
selector = "Users*"
window = "from 2026-12-24 18:00+01:00 until 2026-12-25T06:00:30Z"
"""


def problems(text: str) -> list[tuple[int, str]]:
    """What is wrong with a file: lines and words."""
    with pytest.raises(FileProblemsError) as caught:
        read_config(text, "bot.toml")
    return [(each.line, each.text) for each in caught.value.problems]


def test_what_a_file_says_stands_at_its_lines() -> None:
    """Each item is read in one form, with its defaults left out, and remembers its line."""
    found = read_config(GOOD, "bot.toml")
    settings = {
        item.field: fields[item.field] for item, fields in found.items.items() if item.table is Table.CHANNEL
    }
    assert settings == {
        "language": "ja",
        "zone": "Asia/Tokyo",
        "digest": "weekly mon 09:00 quiet",
        "hours": "mon-fri 08:00-19:00 except:error,late",
        "holidays": ("2026-12-25", "2026-12-26"),
        "contacts": "mention",
        "escalate": "after:30m to:U024BE7LH",
        "workspace": "apac",
    }
    users = Item(table=Table.SUBSCRIPTION, channel="C024BE91L", workspace="emea", selector="Users*")
    assert found.items[users] == {
        "on": ("error", "late"),
        "off": ("spike",),
        "rows": 10,
        "percent": 2.0,
        "fresh": "09:00",
        "mention": "S0614TZR7",
    }
    assert found.lines[users] == 37
    assert {item.field: fields for item, fields in found.items.items() if item.table is Table.SNOOZE} == {
        "every sat-sun 22:00-06:00 America/Argentina/Buenos_Aires": {"reason": "the warehouse is maintained"},
        "from 2026-12-24T17:00:00Z until 2026-12-25T06:00:30Z": {},
    }
    assert found.items[Item(table=Table.WORKSPACE, workspace="apac")] == {
        "base_url": "https://rest.us-10.braze.com",
        "api_key": "file:/run/secrets/apac key",
    }
    assert found.lines[Item(table=Table.CHANNEL, channel="C024BE91L", field="digest")] == 17


def test_every_problem_is_told_at_its_line() -> None:
    """One wrong entry hides none of another; words that are nearly right are named."""
    text = """\
[[workspac]]
[[workspace]]
name = "EMEA"
base_url = "https://dashboard-01.braze.com"
api_key = "11111111-2222-3333-4444-555555555555"
[[channel]]
id = "C024BE91L"
digst = "daily 09:00"
zone = "Europe/Nowhere"
[[channel]]
id = "C024BE91M"
[[channel]]
id = "C024BE91M"
[[subscription]]
channel = "#general"
selector = "Users: attributes"
rows = true
on = ["eror"]
"""
    found = problems(text)
    assert [line for line, _ in found] == [1, 3, 4, 5, 8, 9, 12, 15, 16, 17, 18]
    words = dict(found)
    assert words[1] == "[[workspac]] isn't a table of this file: workspace?"
    assert words[8] == "channel: digst isn't a key of it: digest?"
    assert words[12] == "channel: stands in line 10 already"
    assert "Users*" in words[16]
    assert "env:NAME" in words[5]
    assert "11111111" not in str(found)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[[channel]]\nid = "C1\n', 2),
        ("[[channel]]\nid =\n", 2),
        ("a = 1\na = 2\n", 2),
        ("[[a]\n", 1),
        ("a = [\n1,\n", 3),
    ],
)
def test_what_is_no_toml_is_told_at_its_line(text: str, line: int) -> None:
    """The file's own grammar comes first, and alone."""
    ((found, words),) = problems(text)
    assert found == line
    assert words.startswith("isn't valid TOML: ")


@pytest.mark.parametrize(
    "lines",
    [
        'api_key = "{key}"',
        'api_key = "env:{key}"',
        'api_key = ["{key}"]',
        'api_key = "{key}',
        "api_key = {key}",
        'api_key = """{key}',
        'api_key = "{key}" # "{key}',
        'name = "{key}*"\nbase_url = "https://{key}@rest.iad-03.braze.com"',
        'api_key = "env:X"\nvisible_to = ["{key}"]',
        'api_key = "\\{key}"',
        'api_key = {{ is = "{key}" }}',
    ],
)
def test_a_key_in_the_wrong_place_is_not_repeated(lines: str) -> None:
    """Neither where the file can be read nor where it can't."""
    key = "5f0c2b7d-9a41-4c4b-8f0e-0a1b2c3d4e5f"
    found = problems(f"[[workspace]]\n{lines.format(key=key)}\n")
    assert not [words for _, words in found if key in words or key[:8] in words]


@pytest.mark.parametrize(
    "text", ['[channel]\nid = "C024BE91L"', "channel = [1, 2]", "channel.id = 1", "channel = 1"]
)
def test_a_table_that_is_no_array_is_told(text: str) -> None:
    """With one pair of brackets it would be one entry only."""
    assert problems(text) == [(1, "channel: has to be written as [[channel]]")]


@pytest.mark.parametrize("text", [f"a = {'[' * 9999}", f"a = {'{a = ' * 9999}", f"a = {'9' * 9999}"])
def test_what_is_too_long_or_too_deep_is_told(text: str) -> None:
    """Python's parser gives up with errors of its own."""
    ((line, words),) = problems(text)
    assert (line, words) == (1, "isn't valid TOML: it holds a value that is too long or too deep")


def test_entries_that_mean_the_same_stand_once() -> None:
    """In whatever spelling, on one line too; a text with a zero can't be stored."""
    one = 'channel = "C024BE91L", selector'
    assert problems(f'subscription = [{{{one} = "Users*"}}, {{{one} = "USERS*"}}]') == [
        (1, "subscription: stands in line 1 already")
    ]
    twin = '[[workspace]]\nname = "{}"\nbase_url = "https://rest.x/"\napi_key = "env:X"\n'
    assert problems(twin.format("a") + twin.format("b")) == [
        (5, "workspace: has the endpoint and key of line 1")
    ]
    ((line, words),) = problems(f'subscription = [{{{one} = "Users\\u0000*"}}]')
    assert (line, words.partition(". ")[0]) == (1, "subscription.selector: isn't valid")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_lines_are_counted_whatever_wrote_the_file(newline: str, begin: str) -> None:
    """An editor for Windows, too."""
    text = f'{begin}[[channel]]\nid = "C024BE91L"\n\nzone = "Nowhere"\n'.replace("\n", newline)
    ((line, words),) = problems(text)
    assert line == 4
    assert words.startswith("channel.zone")


def test_the_schema_in_the_repository_is_the_models() -> None:
    """`make golden` writes it."""
    if os.environ.get("CDI_BOT_WRITE_GOLDEN"):
        SCHEMA.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(SCHEMA.read_text()) == json_schema()


BAD = [
    ("workspace", {"name": "a/b", "base_url": "https://rest.x", "api_key": "env:X"}),
    ("workspace", {"name": "a", "base_url": "rest.x", "api_key": "env:X"}),
    ("workspace", {"name": "a", "base_url": "https://rest.x?y=1", "api_key": "env:X"}),
    ("workspace", {"name": "a", "base_url": "https://rest.x", "api_key": "a-key"}),
    ("workspace", {"name": "a", "base_url": "https://rest.x", "api_key": "env:1X"}),
    ("workspace", {"name": "a", "base_url": "https://rest.x"}),
    ("workspace", {"name": "a", "base_url": "https://rest.x", "api_key": "env:X", "visible_to": []}),
    ("workspace", {"name": "a", "base_url": "https://rest.x", "api_key": "env:X", "visible_to": ["x"]}),
    ("workspace", {"name": "a", "base_url": "https://rest.x", "api_key": "env:X", "visible_to": "C024BE91L"}),
    (
        "workspace",
        {"name": "a", "base_url": "https://rest.x", "api_key": "env:X", "visble_to": ["C024BE91L"]},
    ),
    ("channel", {"id": "C024BE91L", "hours": "mon-fri 8-19"}),
    ("channel", {"id": "C024BE91L", "holidays": ["tomorrow"]}),
    ("channel", {"id": "C024BE91L", "contacts": "all"}),
    ("integration", {"selector": "Users*", "owner": "@ann"}),
    ("integration", {"selector": "Users*", "runbook": "wiki"}),
    ("integration", {"selector": "Users*", "critical": "yes"}),
    ("integration", {"selector": "Users", "critical": True}),
    ("channel", {"id": "general"}),
    ("channel", {"id": "C024BE91L", "digest": "daily 9am"}),
    ("channel", {"id": "C024BE91L", "digest": "weekly 09:00"}),
    ("channel", {"id": "C024BE91L", "escalate": "after:30m"}),
    ("channel", {"id": "C024BE91L", "escalate": 30}),
    ("subscription", {"channel": "C024BE91L", "selector": ""}),
    ("subscription", {"channel": "C024BE91L", "selector": "Users"}),
    ("subscription", {"selector": "all"}),
    ("subscription", {"channel": "C024BE91L", "selector": "all", "on": []}),
    ("subscription", {"channel": "C024BE91L", "selector": "all", "on": "error"}),
    ("subscription", {"channel": "C024BE91L", "selector": "all", "off": ["late"]}),
    ("subscription", {"channel": "C024BE91L", "selector": "all", "rows": 0}),
    ("subscription", {"channel": "C024BE91L", "selector": "all", "rows": "10"}),
    ("subscription", {"channel": "C024BE91L", "selector": "all", "percent": 101}),
    ("subscription", {"channel": "C024BE91L", "selector": "all", "fresh": "soon"}),
    ("subscription", {"channel": "C024BE91L", "selector": "all", "mention": "@ann"}),
    ("sbscription", {"channel": "C024BE91L"}),
    ("snooze", {"channel": "C024BE91L", "selector": "all"}),
    ("snooze", {"channel": "C024BE91L", "selector": "all", "window": "every sun 02:00-06:00"}),
    ("snooze", {"channel": "C024BE91L", "selector": "all", "window": "every sunday 2-6 UTC"}),
    (
        "snooze",
        {"channel": "C024BE91L", "selector": "all", "window": "from 2026-12-24T18:00 until 2026-12-25"},
    ),
    ("snooze", {"channel": "C024BE91L", "selector": "all", "window": "2h"}),
    (
        "snooze",
        {"channel": "C024BE91L", "selector": "all", "window": "every sun 02:00-06:00 UTC", "reason": " "},
    ),
]

ODD_WINDOWS = (
    "every sun 02:00-06:00 Europe/Nowhere",
    "every sun 02:00-06:00 europe/berlin",
    "every daily 00:00-24:00 UTC",
    "from 2026-02-30T18:00Z until 2026-03-01T18:00Z",
    "from 2026-12-25T06:00Z until 2026-12-24T18:00Z",
    "from 2026-12-24T18:00Z until 2026-12-24T18:00:59Z",
    "from 2026-12-24T18:00Z until 2027-12-25T18:00Z",
    "from 0001-01-01T00:00+14:00 until 0001-01-01T06:00Z",
)


@pytest.mark.parametrize("window", ODD_WINDOWS)
def test_a_window_that_never_is_or_never_ends_is_refused(window: str) -> None:
    """A pattern alone can't say so."""
    text = f'[[snooze]]\nchannel = "C024BE91L"\nselector = "all"\nwindow = "{window}"\n'
    ((line, words),) = problems(text)
    assert line == 4
    assert "snooze.window: isn't valid. When, with its time zone" in words


@pytest.mark.parametrize(("table", "entry"), BAD)
def test_the_schema_refuses_what_the_checker_refuses(table: str, entry: dict[str, object]) -> None:
    """An editor and the command tell the same."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
    text = "\n".join([f"[[{table}]]", *lines])
    assert problems(text)
    assert not Draft202012Validator(json_schema()).is_valid(tomllib.loads(text))


def test_the_documented_example_is_one() -> None:
    """The page shows the file beside it, which is valid."""
    example = (SCHEMA.parent / "cdi-bot.toml").read_text()
    assert f"```toml\n{example}```" in (SCHEMA.parent / "configuration.md").read_text()
    assert read_config(example, "cdi-bot.toml").items
    assert Draft202012Validator(json_schema()).is_valid(tomllib.loads(example))


def test_the_schema_takes_what_the_checker_takes() -> None:
    """So does an empty file."""
    for text in (GOOD, ""):
        assert Draft202012Validator(json_schema()).is_valid(tomllib.loads(text))
        read_config(text, "bot.toml")
