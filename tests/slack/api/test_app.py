"""Slack's deliveries over Socket Mode: acknowledged first, worked on once, finished before a stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import PayloadTeams, TokenState
from cdi_bot.sandbox.slack.payloads import Press
from cdi_bot.sandbox.slack.seed_data import BOT, DATA_ALERTS, MARA, OTHER_TEAM, OUTSIDER, TEAM
from cdi_bot.sandbox.slack.socket_mode import ENVELOPE
from cdi_bot.slack.api.app import SlackApp
from tests.slack.api.bolt_kit import PATIENCE, Json, Work, app_at, message_with_buttons, type_help


@pytest.fixture
def work() -> Work:
    """Return what the listeners do."""
    return Work()


@pytest.fixture
async def app(sandbox: Sandbox, work: Work) -> AsyncIterator[SlackApp]:
    """Return an app that is connected over Socket Mode."""
    made = app_at(sandbox, work)
    await made.connect()
    yield made
    await made.drain(PATIENCE)
    await made.close()


@pytest.mark.usefixtures("app")
class TestTaking:
    """What is delivered is acknowledged first, and worked on once."""

    async def test_a_command_is_acknowledged_before_its_work(self, sandbox: Sandbox, work: Work) -> None:
        """A listener that takes for ever costs nobody the acknowledgement."""
        work.may_end.clear()
        told = await type_help(sandbox)
        assert (told["acked"], told["response"]) == (True, None)
        assert (await work.next())["text"] == "help"
        assert work.ended == 0
        work.may_end.set()

    async def test_a_listener_that_fails_is_logged(self, app: SlackApp, sandbox: Sandbox, work: Work) -> None:
        """What goes wrong after the acknowledgement is logged with its cause, and the next command works."""

        async def fails(_body: Json) -> None:
            raise LookupError("no such thing")

        app.on_command("/broken", fails)
        with capture_logs() as logs:
            told = await sandbox.people.command(DATA_ALERTS, MARA, "", command="/broken")
            assert told["acked"]
            await type_help(sandbox)
            await work.next()
        (line,) = logs
        assert (line["event"], line["log_level"]) == ("a request from Slack failed", "error")

    async def test_buttons_go_by_their_action_id(self, sandbox: Sandbox, work: Work) -> None:
        """A listener gets the actions whose id fits; others are acknowledged, and nothing more."""
        message = message_with_buttons(sandbox, "go:1", "gone", "open_in_braze")
        for action_id in ("gone", "open_in_braze", "go:1"):
            told = await sandbox.people.press(message, Press(user=MARA, action_id=action_id))
            assert told["acked"]
        assert (await work.next())["actions"][0]["action_id"] == "go:1"
        assert work.taken.empty()

    async def test_whoever_uses_something_is_met(self, app: SlackApp, sandbox: Sandbox, work: Work) -> None:
        """Slack names the team of whoever presses a button: of somebody from outside another one."""
        met: list[tuple[str, str | None]] = []
        app.on_person(lambda user, team: met.append((user, team)))
        message = message_with_buttons(sandbox, "go")
        for user in (MARA, OUTSIDER):
            await sandbox.people.press(message, Press(user=user, action_id="go"))
            await work.next()
        await type_help(sandbox)  # a command names no team of the person
        await work.next()
        assert met == [(MARA, TEAM), (OUTSIDER, OTHER_TEAM)]

    async def test_events_that_nobody_listens_to_are_acknowledged(self, sandbox: Sandbox) -> None:
        """Otherwise Slack would send them again, and at last switch events off."""
        assert (await sandbox.people.event({"type": "app_uninstalled"}))["acked"]

    async def test_a_command_of_another_app_is_not_acknowledged(self, sandbox: Sandbox) -> None:
        """A command that the manifest should not have sent here is left alone, and the person is told by Slack."""
        sandbox.slack.rules = replace(sandbox.slack.rules, ack_seconds=0.2)
        told = await sandbox.people.command(DATA_ALERTS, MARA, "", command="/other")
        assert told["error"] == "operation_timeout"


@pytest.mark.usefixtures("app")
class TestTwice:
    """Slack sends again what it saw no acknowledgement of."""

    async def test_a_command_whose_acknowledgement_was_lost(self, sandbox: Sandbox, work: Work) -> None:
        """The envelope comes again on the other connection: it is acknowledged, and not worked on again."""
        await sandbox.sockets.wait_connected(2)
        sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path=ENVELOPE, times=1))
        assert (await type_help(sandbox))["acked"]
        assert (await type_help(sandbox))["acked"]
        for _ in range(2):
            await work.next()
        assert work.taken.empty()

    async def test_an_envelope_without_a_name_of_its_own(self, sandbox: Sandbox, work: Work) -> None:
        """What has neither `trigger_id` nor `event_id` is known again by its envelope."""
        await sandbox.sockets.wait_connected(2)
        sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path=ENVELOPE, times=1))
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": MARA},
            "actions": [{"action_id": "go", "block_id": "a", "type": "button"}],
        }
        for _ in range(2):
            told = await sandbox.sockets.deliver("interactive", payload, accepts_response=True)
            assert told.error is None
        for _ in range(2):
            await work.next()
        assert work.taken.empty()

    async def test_a_command_that_was_not_taken_at_first(
        self, app: SlackApp, sandbox: Sandbox, work: Work
    ) -> None:
        """What came to nothing is not remembered: when Slack sends it again it is worked on."""
        await sandbox.sockets.wait_connected(2)
        typing = asyncio.create_task(sandbox.people.command(DATA_ALERTS, MARA, "", command="/late"))
        for _ in range(2):  # answered on each connection, so that the first command has arrived too
            assert (await type_help(sandbox))["acked"]
            await work.next()
        app.on_command("/late", work)
        sandbox.sockets.cut()
        assert (await typing)["acked"]
        assert (await work.next())["command"] == "/late"

    async def test_a_form_whose_answer_was_lost(self, sandbox: Sandbox, work: Work) -> None:
        """It is taken once, and answered the same again; one that failed is taken anew."""
        await sandbox.sockets.wait_connected(2)
        sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER, path=ENVELOPE, times=1))

        def fails() -> Json:
            sandbox.sockets.cut()  # Slack sees no answer, and sends the form again
            raise LookupError

        form = {
            "type": "view_submission",
            "user": {"id": MARA},
            "view": {"type": "modal", "callback_id": "form"},
        }
        work.answers = [lambda: {"response_action": "clear"}, fails, dict]
        for payload in ({"response_action": "clear"}, None):
            told = await sandbox.sockets.deliver("interactive", form, accepts_response=True)
            assert (told.error, told.payload) == (None, payload)
        assert work.answers == []


class TestStopping:
    """A stop takes nothing new, and finishes what was taken."""

    async def test_what_was_taken_is_finished(self, sandbox: Sandbox, work: Work) -> None:
        """The drain waits for work that goes on."""
        app = app_at(sandbox, work)
        await app.connect()
        work.may_end.clear()
        await type_help(sandbox)
        await work.next()
        draining = asyncio.create_task(app.drain(PATIENCE))
        await asyncio.sleep(0)
        work.may_end.set()
        await draining
        assert work.ended == 1
        await app.close()

    async def test_what_takes_too_long_is_given_up(self, sandbox: Sandbox, work: Work) -> None:
        """The drain ends in its time, and says how much was left."""
        app = app_at(sandbox, work)
        await app.connect()
        work.may_end.clear()
        await type_help(sandbox)
        await work.next()
        with capture_logs() as logs:
            await app.drain(0.02)
        assert logs == [
            {
                "event": "some requests from Slack were not finished",
                "count": 1,
                "log_level": "warning",
            }
        ]
        assert work.ended == 0
        await app.close()

    async def test_what_comes_then_is_left_to_others(self, sandbox: Sandbox, work: Work) -> None:
        """It is not acknowledged, so that another process gets it as soon as this one has gone."""
        stopping, other = app_at(sandbox, Work()), app_at(sandbox, work)
        await stopping.connect()
        await stopping.drain(PATIENCE)
        typing = asyncio.create_task(type_help(sandbox))
        await other.connect()
        await stopping.close()
        assert (await typing)["acked"]
        assert (await work.next())["text"] == "help"
        await other.drain(PATIENCE)
        await other.close()


class TestIdentity:
    """`auth.test` tries the bot token."""

    async def test_who_it_is(self, app: SlackApp) -> None:
        """Team and bot are told."""
        identity = await app.identify()
        assert (identity.team_id, identity.bot_user_id) == (TEAM, BOT)

    async def test_an_organisation(self, app: SlackApp, sandbox: Sandbox) -> None:
        """A workspace tells its organisation; an app that is installed to all of it has that as its team."""
        sandbox.slack.rules = replace(sandbox.slack.rules, teams=PayloadTeams.GRID)
        assert (await app.identify())[:3] == (TEAM, BOT, "E0NORTHWIND")
        sandbox.slack.rules = replace(sandbox.slack.rules, teams=PayloadTeams.ORGANIZATION)
        assert (await app.identify())[:3] == ("E0NORTHWIND", BOT, "E0NORTHWIND")

    async def test_a_revoked_token(self, app: SlackApp, sandbox: Sandbox) -> None:
        """Slack's word says what is wrong; the token is not in it."""
        sandbox.slack.set_token(sandbox.slack_bot_token, state=TokenState.REVOKED)
        with pytest.raises(SlackTrouble) as caught:
            await app.identify()
        assert (caught.value.reason, caught.value.verdict) == ("token_revoked", SlackVerdict.TEAM_GONE)

    async def test_an_answer_that_names_nobody(self, app: SlackApp, sandbox: Sandbox) -> None:
        """What something in between answers is trouble that may pass."""
        sandbox.slack.faults.add(
            Fault(kind=FaultKind.STATUS, status=200, body='{"ok": true}', path="auth.test")
        )
        with pytest.raises(SlackTrouble) as caught:
            await app.identify()
        assert (caught.value.reason, caught.value.verdict) == ("bad_answer", SlackVerdict.RETRY)
