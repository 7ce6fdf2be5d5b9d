"""Messages handed to Slack over the wire, and looked for when their fate is unknown."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from cdi_bot.core.model.channel import Channel
from cdi_bot.delivery.slack_port import SlackTrouble, SlackVerdict, asking_before_each_call
from cdi_bot.delivery.views import CardView, StoreView
from cdi_bot.sandbox import Sandbox
from cdi_bot.sandbox.control import Json
from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.model import TokenState
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, FINANCE_PRIVATE, GENERAL, KENJI
from cdi_bot.slack.api import messenger
from cdi_bot.slack.api.call import SlackApi, open_session
from cdi_bot.slack.api.messenger import SlackMessenger
from cdi_bot.slack.render.kit.blocks import Bar, Rendered
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.store import LeaseLost
from tests.slack.render.samples import failing, incident_view, recovered

ALERTS = Channel(team_id="T0DEMO", channel_id=DATA_ALERTS)
CARD = CardView(incidents=(incident_view(failing()),))


class Ticks:
    """A clock that counts seconds and moves when told to."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self.seconds


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Return a running stand-in."""
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Return a session of connections."""
    async with open_session() as opened:
        yield opened


def messenger_at(url: str, token: str, session: aiohttp.ClientSession, **more: object) -> SlackMessenger:
    """Return a messenger that writes to a stand-in."""
    api = SlackApi(session, token=token, url=f"{url}/api/", **more)  # type: ignore[arg-type]  # its timeout or clock
    return SlackMessenger(api, Translator())


@pytest.fixture
def clock() -> Ticks:
    """Return a clock that stands still."""
    return Ticks()


@pytest.fixture
def slack(sandbox: Sandbox, session: aiohttp.ClientSession, clock: Ticks) -> SlackMessenger:
    """Return a messenger that writes to the stand-in."""
    return messenger_at(sandbox.url, sandbox.slack_bot_token, session, clock=clock)


def shown(sandbox: Sandbox, channel: str = DATA_ALERTS) -> list[Json]:
    """Return a channel's messages as the page would show them."""
    return [message.stream() for message in sandbox.slack.messages(channel)]


async def trouble_of(sandbox: Sandbox, slack: SlackMessenger, fault: Fault) -> SlackTrouble:
    """Post while Slack misbehaves and return what that was told as."""
    sandbox.slack.faults.add(fault)
    with pytest.raises(SlackTrouble) as caught:
        await slack.post(ALERTS, CARD, key="card:1:1")
    return caught.value


A_WHILE = timedelta(minutes=1)
"""Longer ago than everything in these tests."""


async def test_post_and_update(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """A card is posted with its key, and an update replaces what it shows under the same name."""
    ts = await slack.post(ALERTS, CARD, key="card:1:1")
    await slack.update(
        ALERTS, ts, CardView(incidents=(incident_view(failing(failed_in_a_row=2)),)), key="card:1:2"
    )
    (message,) = shown(sandbox)
    assert message["ts"] == ts
    assert "2 runs failed in a row" in message["text"]
    assert message["metadata"] == {"event_type": "cdi_bot_message", "event_payload": {"key": "card:1:2"}}


@pytest.mark.parametrize("is_connected", [False, True], ids=["a new connection", "one that is there"])
async def test_an_objection_in_the_last_moment(
    sandbox: Sandbox, slack: SlackMessenger, session: aiohttp.ClientSession, *, is_connected: bool
) -> None:
    """Nothing is sent when something objects only after the connection was there; the next call goes as usual."""
    objections: list[LeaseLost] = []

    async def connected(*_about: object) -> None:
        asyncio.get_running_loop().call_soon(objections.append, LeaseLost("another may go on"))

    def objects() -> None:
        for each in objections:
            raise each

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    trace.freeze()
    before = [await slack.post(ALERTS, CARD, key="before")] if is_connected else []
    session.trace_configs.append(trace)
    with pytest.raises(LeaseLost, match="another may go on"), asking_before_each_call(objects):
        await slack.post(ALERTS, CARD, key="late")
    session.trace_configs.remove(trace)
    assert [each["ts"] for each in shown(sandbox)] == before
    after = await slack.post(ALERTS, CARD, key="late")
    assert [each["ts"] for each in shown(sandbox)] == [*before, after]


async def test_a_bar_stands_beside_all_but_the_first_line(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """What follows the first line is an attachment of the bar's colour; an update changes it, or takes it away."""
    ts = await slack.post(ALERTS, CARD, key="card")
    (message,) = shown(sandbox)
    (beside,) = message["attachments"]
    assert len(message["blocks"]) == 1
    assert (beside["color"], beside["fallback"]) == (Bar.RED, message["text"])
    assert beside["blocks"][-1]["type"] == "actions"
    await slack.update(ALERTS, ts, CardView(incidents=(incident_view(recovered()),)), key="card")
    (message,) = shown(sandbox)
    assert [each["color"] for each in message["attachments"]] == [Bar.GREEN]
    await slack.update(ALERTS, ts, StoreView(trouble="disk full"), key="card")
    (message,) = shown(sandbox)
    assert message["attachments"] == []


async def test_replies(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """A reply hangs on its card, and is shown in the channel too when that is asked for."""
    card = await slack.post(ALERTS, CARD, key="card")
    await slack.post(ALERTS, CARD, key="quiet", thread_ts=card)
    await slack.post(ALERTS, CARD, key="loud", thread_ts=card, broadcast=True)
    replies = [
        message for message in shown(sandbox) if message["thread_ts"] == card and message["ts"] != card
    ]
    assert [reply["reply_broadcast"] for reply in replies] == [False, True]


async def test_find_in_channel(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """A message is found by its key among others, a key that nobody carries is not, nor one from before."""
    sandbox.slack.rules = sandbox.slack.rules.__class__(post_burst=100)
    names = {key: await slack.post(ALERTS, CARD, key=key) for key in ("a", "b", "c")}
    assert await slack.find(ALERTS, key="b", ago=A_WHILE, thread_ts=None) == names["b"]
    assert await slack.find(ALERTS, key="z", ago=A_WHILE, thread_ts=None) is None
    minutes = timedelta(minutes=-10)  # and five of margin
    assert await slack.find(ALERTS, key="b", ago=minutes, thread_ts=None) is None


async def test_find_in_thread(slack: SlackMessenger) -> None:
    """A reply is found in its thread, and is not there when the thread is gone."""
    card = await slack.post(ALERTS, CARD, key="card")
    reply = await slack.post(ALERTS, CARD, key="reply", thread_ts=card)
    assert await slack.find(ALERTS, key="reply", ago=A_WHILE, thread_ts=card) == reply
    gone = "1000000000.000001"
    assert await slack.find(ALERTS, key="reply", ago=A_WHILE, thread_ts=gone) is None


async def test_find_turns_pages(
    sandbox: Sandbox, slack: SlackMessenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search goes on to older pages, and ends with a word when there are too many."""
    sandbox.slack.rules = sandbox.slack.rules.__class__(post_burst=100)
    monkeypatch.setattr(messenger, "PAGE", 2)
    oldest = await slack.post(ALERTS, CARD, key="oldest")
    for number in range(4):
        await slack.post(ALERTS, CARD, key=f"{number}")
    assert await slack.find(ALERTS, key="oldest", ago=A_WHILE, thread_ts=None) == oldest
    monkeypatch.setattr(messenger, "MOST_PAGES", 2)
    with pytest.raises(SlackTrouble) as caught:
        await slack.find(ALERTS, key="oldest", ago=A_WHILE, thread_ts=None)
    assert (caught.value.reason, caught.value.verdict) == ("history_too_long", SlackVerdict.REFUSED)


async def test_find_where_it_may_not_read(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """Where the bot may not read, a search is refused instead of finding nothing."""
    general = Channel(team_id="T0DEMO", channel_id=GENERAL)
    with pytest.raises(SlackTrouble) as caught:
        await slack.find(general, key="a", ago=A_WHILE, thread_ts=None)
    assert caught.value.verdict is SlackVerdict.REFUSED
    scopes = sandbox.slack.tokens[sandbox.slack_bot_token].scopes - {"channels:history"}
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=scopes)
    with pytest.raises(SlackTrouble) as caught:
        await slack.find(ALERTS, key="a", ago=A_WHILE, thread_ts=None)
    assert (caught.value.reason, caught.value.verdict) == ("missing_scope", SlackVerdict.REFUSED)


async def test_a_person_is_written_to_in_the_direct_message(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """It is opened for that; nobody's can't be."""
    scopes = sandbox.slack.tokens[sandbox.slack_bot_token].scopes | {"im:read"}
    sandbox.slack.set_token(sandbox.slack_bot_token, scopes=scopes)
    person = Channel(team_id="T0DEMO", channel_id=KENJI)
    ts = await slack.post(person, CARD, key="a")
    direct = Channel(team_id="T0DEMO", channel_id=sandbox.slack.direct_message(KENJI).id)
    assert [
        each["ts"] for each in sandbox.slack.snapshot()["messages"] if each["channel"] == direct.channel_id
    ] == [ts]
    info = await slack.channel_info(direct)
    assert (info.is_private, info.is_member, info.is_archived) == (True, True, False)
    with pytest.raises(SlackTrouble) as caught:
        await slack.post(Channel(team_id="T0DEMO", channel_id="U0NOBODY00"), CARD, key="b")
    assert caught.value.verdict is SlackVerdict.CHANNEL_GONE


async def test_channel_info(slack: SlackMessenger) -> None:
    """A channel is told as Slack tells it; a private one without the bot can't be seen."""
    info = await slack.channel_info(ALERTS)
    assert (info.is_private, info.is_archived, info.is_member) == (
        False,
        False,
        True,
    )
    hidden = Channel(team_id="T0DEMO", channel_id=FINANCE_PRIVATE)
    with pytest.raises(SlackTrouble) as caught:
        await slack.channel_info(hidden)
    assert caught.value.verdict is SlackVerdict.CHANNEL_GONE


async def test_lost_answer_is_unknown(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """A post whose answer is lost is not sent again, and can be found by its key."""
    fault = Fault(kind=FaultKind.CUT_AFTER, path="chat.postMessage")
    trouble = await trouble_of(sandbox, slack, fault)
    assert (trouble.reason, trouble.verdict) == ("connection_lost", SlackVerdict.UNKNOWN)
    (message,) = shown(sandbox)
    assert await slack.find(ALERTS, key="card:1:1", ago=A_WHILE, thread_ts=None) == message["ts"]


async def test_cut_before_is_unknown(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """A connection that drops looks the same when nothing was taken: the outcome is unknown."""
    trouble = await trouble_of(sandbox, slack, Fault(kind=FaultKind.CUT_BEFORE))
    assert trouble.verdict is SlackVerdict.UNKNOWN
    assert shown(sandbox) == []


async def test_lost_update_may_be_repeated(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """An update whose answer is lost is simply worth another try."""
    ts = await slack.post(ALERTS, CARD, key="card")
    sandbox.slack.faults.add(Fault(kind=FaultKind.CUT_AFTER))
    with pytest.raises(SlackTrouble) as caught:
        await slack.update(ALERTS, ts, CARD, key="card")
    assert caught.value.verdict is SlackVerdict.RETRY


@pytest.mark.parametrize("html", [True, False])
async def test_server_error(sandbox: Sandbox, slack: SlackMessenger, html: bool) -> None:
    """A server error, as JSON or as a proxy's page, leaves a post's outcome unknown."""
    trouble = await trouble_of(sandbox, slack, Fault(kind=FaultKind.STATUS, status=503, html=html))
    assert trouble.verdict is SlackVerdict.UNKNOWN


async def test_slow_slack(sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
    """A call that takes too long is given up, and its outcome is unknown."""
    slack = messenger_at(sandbox.url, sandbox.slack_bot_token, session, timeout=0.05)
    trouble = await trouble_of(sandbox, slack, Fault(kind=FaultKind.LATENCY, seconds=5))
    assert (trouble.reason, trouble.verdict) == ("timed_out", SlackVerdict.UNKNOWN)


async def test_nobody_listens(session: aiohttp.ClientSession) -> None:
    """Where nobody listens nothing was sent: worth another try."""
    async with Sandbox() as gone:
        url = gone.url
    slack = messenger_at(url, "xoxb-1-secret", session)
    with pytest.raises(SlackTrouble) as caught:
        await slack.post(ALERTS, CARD, key="card")
    assert (caught.value.reason, caught.value.verdict) == ("not_connected", SlackVerdict.RETRY)


async def test_retry_after_by_method(sandbox: Sandbox, slack: SlackMessenger, clock: Ticks) -> None:
    """After a 429 the method is left alone for as long as Slack asked, and other methods go on."""
    ts = await slack.post(ALERTS, CARD, key="before")
    fault = Fault(kind=FaultKind.RATE_LIMITED, retry_after=7, times=1, path="chat.postMessage")
    assert (await trouble_of(sandbox, slack, fault)).retry_after == 7
    calls = len(sandbox.slack.calls)
    clock.seconds = 5
    with pytest.raises(SlackTrouble) as caught:
        await slack.post(ALERTS, CARD, key="too early")
    assert (caught.value.verdict, caught.value.retry_after) == (SlackVerdict.RETRY, 2)
    assert len(sandbox.slack.calls) == calls
    await slack.update(ALERTS, ts, CARD, key="before")
    clock.seconds = 7
    await slack.post(ALERTS, CARD, key="in time")


async def test_revoked(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """A revoked token concerns the whole team."""
    sandbox.slack.set_token(sandbox.slack_bot_token, state=TokenState.REVOKED)
    with pytest.raises(SlackTrouble) as caught:
        await slack.post(ALERTS, CARD, key="card")
    assert (caught.value.reason, caught.value.verdict) == ("token_revoked", SlackVerdict.TEAM_GONE)


async def test_deleted_card(sandbox: Sandbox, slack: SlackMessenger) -> None:
    """A card that somebody deleted can't be updated."""
    ts = await slack.post(ALERTS, CARD, key="card")
    sandbox.slack.delete(sandbox.slack.find(DATA_ALERTS, ts))
    with pytest.raises(SlackTrouble) as caught:
        await slack.update(ALERTS, ts, CARD, key="card")
    assert caught.value.verdict is SlackVerdict.MESSAGE_GONE


class OddSlack:
    """A Slack that answers as told: each body with its status and type, in order; keeps what it was sent."""

    def __init__(self, *answers: tuple[int, str, str]) -> None:
        """Prepare the answers; the last is repeated."""
        self.answers = list(answers)
        self.seen: list[Json] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer the next request."""
        body = await request.text()
        self.seen.append(json.loads(body) if body.startswith("{") else {})
        status, kind, text = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=status, content_type=kind, text=text)


async def odd(slack: OddSlack) -> tuple[web.AppRunner, str]:
    """Serve an odd Slack on a free port."""
    app = web.Application()
    app.router.add_route("*", "/api/{method}", slack.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


WHY = '"response_metadata": {"messages": ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]}'
REFUSED = (200, "application/json", f'{{"ok": false, "error": "invalid_blocks", {WHY}}}')
TAKEN = (200, "application/json", '{"ok": true, "ts": "1.000001"}')


@pytest.mark.parametrize("error", ["invalid_blocks", "invalid_attachments"])
async def test_plainer_message(session: aiohttp.ClientSession, error: str) -> None:
    """A workspace that refuses bar or blocks still gets the alert: without the bar, then in one plain paragraph."""
    refused = (*REFUSED[:2], REFUSED[2].replace("invalid_blocks", error))
    told = OddSlack(refused, refused, TAKEN)
    runner, url = await odd(told)
    try:
        assert await messenger_at(url, "xoxb-1", session).post(ALERTS, CARD, key="card") == "1.000001"
    finally:
        await runner.cleanup()
    fancy, without_bar, plainest = told.seen
    assert [*fancy["blocks"], *fancy["attachments"][0]["blocks"]] == without_bar["blocks"]
    assert len(plainest["blocks"]) == 1
    for plainer in (without_bar, plainest):
        assert plainer["attachments"] == []
        assert (plainer["text"], plainer["metadata"]) == (fancy["text"], fancy["metadata"])


async def test_refused_even_plain(session: aiohttp.ClientSession) -> None:
    """What is refused even as a plain paragraph is told as refused, after three tries."""
    told = OddSlack(REFUSED)
    runner, url = await odd(told)
    try:
        with pytest.raises(SlackTrouble) as caught:
            await messenger_at(url, "xoxb-1", session).post(ALERTS, CARD, key="card")
    finally:
        await runner.cleanup()
    assert caught.value.verdict is SlackVerdict.REFUSED
    assert len(told.seen) == 3


ODD_ANSWERS = [
    (200, "text/html", "<html>log in to the Wi-Fi</html>"),
    (200, "text/plain", "no"),
    (200, "application/json", "[]"),
    (200, "application/json", '["ok"]'),
    (200, "application/json", "{truncated"),
    (200, "application/json", "null"),
    (200, "application/json", '{"ok": true}'),
    (200, "application/json", '{"ok": true, "channel": {}, "ts": 1, "messages": {}}'),
    (200, "application/gzip", "x"),
    (302, "text/html", "elsewhere"),
    (500, "text/plain", "no"),
]


@pytest.mark.parametrize("answer", ODD_ANSWERS)
async def test_nothing_else_escapes(answer: tuple[int, str, str], session: aiohttp.ClientSession) -> None:
    """Whatever answers, the use cases meet SlackTrouble alone, and a post's outcome is then unknown."""
    runner, url = await odd(OddSlack(answer))
    slack = messenger_at(url, "xoxb-1-secret", session)
    try:
        with pytest.raises(SlackTrouble) as caught:
            await slack.post(ALERTS, CARD, key="card")
        assert caught.value.verdict is SlackVerdict.UNKNOWN
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        person = Channel(team_id="T0DEMO", channel_id=KENJI)
        for call in (slack.channel_info(ALERTS), slack.post(person, CARD, key="card")):
            with pytest.raises(SlackTrouble):
                await call
        found = await asyncio.gather(
            slack.find(ALERTS, key="card", ago=A_WHILE, thread_ts=None), return_exceptions=True
        )
        assert found[0] is None or isinstance(found[0], SlackTrouble)
    finally:
        await runner.cleanup()


async def test_cursor_that_repeats(session: aiohttp.ClientSession) -> None:
    """A search does not run in circles behind a cursor that leads to itself."""
    page = '{"ok": true, "messages": [], "response_metadata": {"next_cursor": "again"}}'
    told = OddSlack((200, "application/json", page))
    runner, url = await odd(told)
    try:
        slack = messenger_at(url, "xoxb-1", session)
        assert await slack.find(ALERTS, key="card", ago=A_WHILE, thread_ts=None) is None
    finally:
        await runner.cleanup()
    assert len(told.seen) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(session: aiohttp.ClientSession, status: int) -> None:
    """Neither the message nor the token goes where an answer points to; whether it was posted is looked up."""
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", redirect)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        with pytest.raises(SlackTrouble) as caught:
            await messenger_at(url, "xoxb-1", session).post(ALERTS, CARD, key="card")
        await SlackApi(session, token="xoxb-1").respond(f"{url}/response", Rendered(text="answer", blocks=[]))
    finally:
        await runner.cleanup()
    assert (caught.value.reason, caught.value.verdict) == ("redirected", SlackVerdict.UNKNOWN)
    assert set(asked) == {"/api/chat.postMessage", "/response"}
