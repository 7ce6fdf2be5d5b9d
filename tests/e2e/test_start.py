"""The start and the stop of the real program: what hangs or is refused meanwhile holds nothing else up."""

from __future__ import annotations

import signal
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import aiohttp
import pytest

from cdi_bot.sandbox.faults import Fault, FaultKind
from cdi_bot.sandbox.slack.seed_data import DATA_ALERTS, MARA
from tests.e2e.kit import System, begin, readiness
from tests.program import ROOT

HANG = {"kind": FaultKind.LATENCY, "seconds": 20.0, "times": 1}


async def healthy(system: System) -> bool:
    """Whether `/healthz` answers."""
    address = f"http://127.0.0.1:{system.port}/healthz"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return answer.status == 200


@pytest.mark.parametrize("fault", [{"kind": FaultKind.STATUS, "status": 403, "html": True}, HANG])
async def test_without_a_websocket_everything_else_begins(system: System, fault: dict[str, object]) -> None:
    """Runs are polled and alerts sent while a filtering proxy refuses WebSockets; `/readyz` says what is missing."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    await system.polled(3)
    await system.stop()
    system.sandbox.slack.faults.add(Fault(path="socket$", **fault))  # type: ignore[arg-type]  # any of its fields
    await begin(system)
    system.run(users)
    await system.alert("Users")
    assert "alerts go out, commands don't arrive" in await system.bot.logged("no connection to Slack")
    status, reasons = await readiness(system)
    assert status == 503
    assert reasons == ["Slack can't deliver commands: no WebSocket connection is open"]
    system.sandbox.slack.faults.clear()
    if fault is not HANG:
        await system.bot.logged('"ready"')
        assert (await readiness(system))[0] == 200
    await system.stop()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """A database on which another program holds the write lock."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield


@asynccontextmanager
async def hanging(what: str, system: System) -> AsyncIterator[dict[str, str]]:
    """Something that takes a request of the bot and never answers; gives the settings that lead there."""
    folder, sandbox = system.program.folder, system.sandbox
    match what:
        case "Braze":
            sandbox.braze.faults.add(Fault(**HANG))  # type: ignore[arg-type]  # likewise
            yield {}
        case "auth.test" | "apps.connections.open" | "socket$" | "chat.postMessage":
            sandbox.slack.faults.add(Fault(path=what, **HANG))  # type: ignore[arg-type]  # likewise
            yield {}
        case "SQLite":
            with locked(folder / "cdi_bot.db"):
                yield {}
        case "PostgreSQL":
            with socket.create_server(("127.0.0.1", 0)) as silent:
                port = silent.getsockname()[1]
                yield {"DATABASE_URL": f"postgresql://bot:secret@127.0.0.1:{port}/bot"}
        case _:
            # A resolver without a network: a look-up of a name waits in a thread, which nothing can break off.
            (folder / "sitecustomize.py").write_text(
                "import socket, time\n"
                "real = socket.getaddrinfo\n"
                "def slow(host, *more, **options):\n"
                "    if host in ('rest.made-up.example', b'rest.made-up.example'):\n"
                "        time.sleep(20)\n"
                "    return real(host, *more, **options)\n"
                "socket.getaddrinfo = slow\n"
            )
            yield {"BRAZE_BASE_URL": "http://rest.made-up.example", "PYTHONPATH": f"{ROOT}:{folder}"}


@pytest.mark.parametrize(
    "what", ["Braze", "auth.test", "apps.connections.open", "socket$", "SQLite", "PostgreSQL", "DNS"]
)
async def test_a_stop_during_the_start(system: System, what: str) -> None:
    """Whatever hangs, health is served meanwhile, and SIGTERM ends the program at once and well."""
    async with hanging(what, system) as env:
        await begin(system, **env)
        assert await healthy(system)
        status, reasons = await readiness(system)
        assert (status, bool(reasons)) == (503, True)
        begun = time.monotonic()
        finished = await system.stop()
        assert time.monotonic() - begun < 5
    assert '"ready"' not in finished.err
    assert "Traceback" not in finished.err


@pytest.mark.parametrize("what", ["Braze", "chat.postMessage", "SQLite"])
async def test_a_stop_while_something_hangs(system: System, what: str) -> None:
    """The same while the program is at work."""
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    async with hanging(what, system):
        if what == "SQLite":
            await system.sandbox.people.command(DATA_ALERTS, MARA, "unsubscribe all")
        else:
            faults = system.sandbox.braze.faults if what == "Braze" else system.sandbox.slack.faults
            system.run(users)
            await system.until(lambda: not faults.active())
        begun = time.monotonic()
        await system.stop()
        assert time.monotonic() - begun < 9


async def test_a_braze_that_hangs_keeps_nobody_waiting(system: System) -> None:
    """Commands are answered after a few seconds, long before a request to Braze is given up."""
    system.sandbox.braze.faults.add(Fault(kind=FaultKind.LATENCY, seconds=30, path="/cdi"))
    begun = time.monotonic()
    await system.start()
    assert time.monotonic() - begun < 15
    assert (await system.type("help"))["text"]
    await system.stop()


async def test_slack_waits_for_a_bot_that_is_starting(http_system: System) -> None:
    """A request of Slack's that comes before the bot can answer is left to Slack to send again: 503."""
    http_system.sandbox.slack.faults.add(Fault(path="auth.test", **HANG))  # type: ignore[arg-type]  # likewise
    await begin(http_system)
    address = f"http://127.0.0.1:{http_system.port}/slack/events"
    async with aiohttp.ClientSession() as session, session.post(address, data=b"{}") as answer:
        assert answer.status == 503
    await http_system.stop(signal.SIGINT)
