"""The workspace that a stand-in starts with: team T0DEMO, four channels, five people and the bot."""

import hashlib

from cdi_bot.sandbox.slack.model import BOT_SCOPES, Channel, Token, User

TEAM = "T0DEMO"
OTHER_TEAM = "T0STRANGER"  # of another company, met over Slack Connect
SIBLING_TEAM = "T0SIBLING1"  # of the same organization
ENTERPRISE = "E0NORTHWIND"  # the organization of an Enterprise Grid
APP = "A0CDIBOT01"
BOT = "U0CDIBOT01"
BOT_ID = "B0CDIBOT01"
SLACKBOT = "USLACKBOT"

DATA_ALERTS = "C0ALERTS01"
MARKETING_OPS = "C0MKTOPS01"
GENERAL = "C0GENERAL1"
FINANCE_PRIVATE = "C0FINANCE1"

MARA = "U0MARA0001"
KENJI = "U0KENJI001"
PRIYA = "U0PRIYA001"
GUEST = "U0GUEST001"
OUTSIDER = "U0STRANGE1"


def users() -> list[User]:
    """Return three people of the team, a guest, a person of another workspace, and the bot."""
    return [
        User(
            id=MARA,
            name="mara",
            real_name="Mara Lindqvist",
            tz="Europe/Stockholm",
            email="mara@northwind.example",
        ),
        User(id=KENJI, name="kenji", real_name="田中 健司", tz="Asia/Tokyo", locale="ja-JP"),
        User(
            id=PRIYA,
            name="priya",
            real_name="Priya Raman",
            tz="America/New_York",
            email="priya@northwind.example",
        ),
        User(id=GUEST, name="otto", real_name="Otto Brandt", tz="Europe/Berlin", is_restricted=True),
        User(id=OUTSIDER, name="lena", real_name="Lena Fuchs", tz="Europe/Vienna", home=OTHER_TEAM),
        User(id=BOT, name="cdi-bot", real_name="cdi-bot", is_bot=True),
        User(id=SLACKBOT, name="slackbot", real_name="Slackbot", is_bot=True),
    ]


def channels(created: int) -> list[Channel]:
    """Return the channels; the bot has joined #data-alerts and #marketing-ops."""
    team = frozenset({MARA, KENJI, PRIYA})
    return [
        Channel(id=DATA_ALERTS, name="data-alerts", created=created, members=team | {GUEST, OUTSIDER, BOT}),
        Channel(id=MARKETING_OPS, name="marketing-ops", created=created, members=team | {BOT}),
        Channel(id=GENERAL, name="general", created=created, members=team),
        Channel(
            id=FINANCE_PRIVATE,
            name="finance-private",
            created=created,
            members=frozenset({MARA, PRIYA}),
            is_private=True,
        ),
    ]


def bot_token(seed: int) -> str:
    """Return the bot token that works in the workspace of this seed."""
    return f"xoxb-0-{_secret('bot', seed)}"


def app_token(seed: int) -> str:
    """Return the app-level token that works in the workspace of this seed."""
    return f"xapp-1-{APP}-{_secret('app', seed)}"


def tokens(seed: int) -> dict[str, Token]:
    """Return the two tokens of an installed app that uses Socket Mode."""
    return {
        bot_token(seed): Token(scopes=BOT_SCOPES),
        app_token(seed): Token(scopes=frozenset({"connections:write"}), app_level=True),
    }


def _secret(what: str, seed: int) -> str:
    return hashlib.sha256(f"{what} {seed}".encode()).hexdigest()[:24]
