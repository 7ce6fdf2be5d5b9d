"""The Slack app manifest and the Procfile: what other machines read of this project."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import pytest
import yaml

from cdi_bot.slack.api.directory import NEEDED, OPTIONAL
from cdi_bot.slack.handlers.messages import register_messages
from cdi_bot.slack.handlers.registration import register_events
from cdi_bot.slack.render.forms.fields import FORM

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT.parent / "shared" / "slack-manifest.schema.json"

# The words of Slack's reference of app manifests, in the sections that are used here: it refuses any other.
WORDS = {
    "": "_metadata display_information features oauth_config settings",
    "_metadata": "major_version minor_version",
    "display_information": "name description long_description background_color",
    "features": "app_home bot_user shortcuts slash_commands unfurl_domains",
    "features.app_home": "home_tab_enabled messages_tab_enabled messages_tab_read_only_enabled",
    "features.bot_user": "display_name always_online",
    "features.shortcuts": "name type callback_id description",
    "features.slash_commands": "command url description usage_hint should_escape",
    "oauth_config": "redirect_urls scopes",
    "oauth_config.scopes": "bot bot_optional user user_optional",
    "settings": "allowed_ip_address_ranges event_subscriptions interactivity org_deploy_enabled"
    " socket_mode_enabled token_rotation_enabled",
    "settings.event_subscriptions": "request_url bot_events user_events",
    "settings.interactivity": "is_enabled request_url message_menu_options_url",
}

# Slack's own table: which scope lets an app hear of which event.
EVENT_SCOPES = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "app_uninstalled": None,
    "tokens_revoked": None,
    "channel_archive": "channels:read",
    "channel_unarchive": "channels:read",
    "channel_deleted": "channels:read",
    "channel_left": "channels:read",
    "group_archive": "groups:read",
    "group_unarchive": "groups:read",
    "group_deleted": "groups:read",
    "group_left": "groups:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The manifest, read."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return read


def sections(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Each section of the manifest by its path, with the words in it."""
    yield path, set(part)
    for word, inner in part.items():
        for each in inner if isinstance(inner, list) else [inner]:
            if isinstance(each, dict):
                yield from sections(each, f"{path}.{word}".lstrip("."))


def test_slack_would_take_the_manifest(manifest: dict[str, Any]) -> None:
    """The manifest fits Slack's own JSON Schema, where that lies beside the checkout."""
    if not SCHEMA.exists():
        pytest.skip("Slack's manifest schema doesn't lie beside this checkout (../shared)")
    jsonschema.validate(manifest, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_slack_knows_every_word(manifest: dict[str, Any]) -> None:
    """No word is misspelt or in the wrong place."""
    for path, query in sections(manifest):
        assert query <= set(WORDS[path].split()), path


def test_lengths(manifest: dict[str, Any]) -> None:
    """No text is longer than Slack takes: names 35, descriptions 140, a long one between 174 and 4,000."""
    about = manifest["display_information"]
    (command,) = manifest["features"]["slash_commands"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 174 <= len(about["long_description"]) <= 4000
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000
    (shortcut,) = manifest["features"]["shortcuts"]
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150


def test_the_command_arrives_escaped(manifest: dict[str, Any]) -> None:
    """There is one command, and mentions in it come as ids."""
    (command,) = manifest["features"]["slash_commands"]
    assert (command["command"], command["should_escape"]) == ("/cdi", True)


def test_home_and_the_form_can_be_opened(manifest: dict[str, Any]) -> None:
    """Home is on, and the shortcut opens the form that the bot knows by that name."""
    assert manifest["features"]["app_home"]["home_tab_enabled"]
    (shortcut,) = manifest["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("global", FORM)


def test_scopes(manifest: dict[str, Any]) -> None:
    """The app asks for what `check` looks for; what the bot can do without is marked optional."""
    scopes = manifest["oauth_config"]["scopes"]
    needed = set(scopes["bot"]) - set(scopes["bot_optional"])
    assert set(scopes["bot_optional"]) <= set(scopes["bot"])
    assert needed == set(NEEDED)
    assert set(scopes["bot_optional"]) == set(OPTIONAL)


def test_each_event_has_its_scope(manifest: dict[str, Any]) -> None:
    """Slack delivers an event only to an app with the scope for it; what people say to the bot it can do without."""
    scopes = manifest["oauth_config"]["scopes"]
    optional = {"app_mentions:read", "im:history"}
    for event in manifest["settings"]["event_subscriptions"]["bot_events"]:
        scope = EVENT_SCOPES[event]
        assert scope is None or scope in scopes["bot"], event
        assert scope is None or (scope in scopes["bot_optional"]) == (scope in optional), event


def test_people_can_write_to_the_bot(manifest: dict[str, Any]) -> None:
    """The tab in which they would is not read-only."""
    home = manifest["features"]["app_home"]
    assert (home["messages_tab_enabled"], home["messages_tab_read_only_enabled"]) == (True, False)


def test_each_event_is_listened_to(manifest: dict[str, Any]) -> None:
    """The app asks for the events that the bot takes, and for no others."""
    subscribed: set[str] = set()

    class Ears:
        def on_event(self, kind: str, _listener: object) -> None:
            subscribed.add(kind)

    register_events(cast("Any", Ears()), cast("Any", None), moved=cast("Any", None))
    register_messages(SimpleNamespace(slack=Ears()))  # type: ignore[arg-type]  # it only listens here
    asked = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert asked == (subscribed - {"message"}) | {"app_home_opened", "message.im"}


def test_the_modes(manifest: dict[str, Any]) -> None:
    """Socket Mode and buttons are on; token rotation, which one workspace's own app doesn't need, is off."""
    settings = manifest["settings"]
    assert settings["socket_mode_enabled"]
    assert settings["interactivity"]["is_enabled"]
    assert not settings["token_rotation_enabled"]


def test_the_procfile_migrates_before_it_runs() -> None:
    """A release brings the database up to date, then the bot runs; neither needs the package installed."""
    processes = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    )
    assert processes == {
        "release": "python -m cdi_bot db upgrade",
        # A platform that starts `web` wants to reach its port from outside, in Socket Mode too.
        "web": "CDI_BOT_HOST=${CDI_BOT_HOST:-0.0.0.0} python -m cdi_bot run",
    }
