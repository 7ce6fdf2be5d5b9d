"""The Web API's `auth.test`, `users.info` and `bots.info`. Source: docs.slack.dev/reference/methods."""

from cdi_bot.sandbox.slack.methods import Ask, Method, bot_json, flag, scopes
from cdi_bot.sandbox.slack.model import Json, Refusal


def _auth_test(ask: Ask) -> Json:
    world = ask.world
    return {
        "url": "https://northwind-data.slack.com/",
        "team": world.team_name,
        "user": world.users[world.bot_user].name,
        "team_id": world.team,
        "user_id": world.bot_user,
        "bot_id": world.bot_id,
        "is_enterprise_install": False,
    }


def _user(ask: Ask) -> Json:
    found = ask.world.users.get(str(ask.arguments["user"]))
    if found is None:
        raise Refusal("user_not_found")
    with_locale = flag(ask.arguments, "include_locale")
    world = ask.world
    is_met = any({found.id, world.bot_user} <= channel.members for channel in world.channels.values())
    shown = found.web(world.team, world.clock(), with_locale=with_locale, is_met=is_met)
    if "users:read.email" not in ask.token.scopes:
        del shown["profile"]["email"]
    return {"user": shown}


def _bot(ask: Ask) -> Json:
    if ask.arguments.get("bot") not in (None, ask.world.bot_id):
        raise Refusal("bot_not_found")
    return {"bot": bot_json(ask.world)}


USERS: dict[str, Method] = {
    "auth.test": Method(run=_auth_test),
    "users.info": Method(run=_user, required=("user",), scopes=scopes("users:read")),
    "bots.info": Method(run=_bot, scopes=scopes("users:read")),
}
