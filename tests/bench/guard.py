"""Attacks on a real bot by somebody without any credential: what each takes, and whether an alert still comes in time.

`python -m tests.bench.guard`; everything is bounded, goes to 127.0.0.1 alone, and ends by itself within two minutes.
The bot runs in HTTP mode, where its port has to be open. During each attack a sync fails; its alert is due within 10 s.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import resource
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from aiohttp import web

from tests.bench.processes import ALERTS, ROOT, Controls, Env, resident, stand_ins

CONNECTIONS = 1024
BODIES = 200
COMMANDS = 120
CLIENTS = 50
DUE_SECONDS = 10.0
SIGNATURE = "v0=" + "0" * 64


class Between:
    """Stands between the bot and Braze, and gives one integration's status an answer of its own, where it has one."""

    def __init__(self, braze: str, http: aiohttp.ClientSession) -> None:
        """Pass everything on."""
        self._braze, self._http = braze, http
        self.answer: tuple[bytes, dict[str, str]] | None = None
        self.integration_id = ""
        self.given = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request of the bot."""
        if self.answer and f"/{self.integration_id}/" in request.path:
            self.given.set()
            body, headers = self.answer
            return web.Response(body=body, headers=headers, content_type="application/json")
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type")}
        url = self._braze + str(request.rel_url)
        async with self._http.request(request.method, url, headers=headers) as told:
            kept = {
                name: told.headers[name]
                for name in told.headers
                if name.lower().startswith(("x-rate", "link"))
            }
            return web.Response(
                status=told.status, body=await told.read(), headers=kept, content_type="application/json"
            )


@dataclass(kw_only=True)
class Target:
    """A running bot, and what is measured of it."""

    pid: int
    port: int
    log: Path
    controls: Controls
    between: Between
    ids: list[str] = field(default_factory=list)
    peak: float = 0.0
    files: int = 0

    async def watch(self) -> None:
        """Note the most memory and the most open files, ten times a second, until cancelled."""
        while True:
            self.peak = max(self.peak, resident(self.pid))
            self.files = max(self.files, len(os.listdir(f"/proc/{self.pid}/fd")))  # noqa: PTH208 (in no time)
            await asyncio.sleep(0.1)

    async def alert(self) -> float:
        """Have a sync fail; gives the seconds from then until its alert is in the channel."""
        integration_id = self.ids.pop()
        before = await self._told()
        begun = time.perf_counter()
        await self.controls.post(f"braze/integrations/{integration_id}/run", seconds=0, outcome="error")
        while await self._told() <= before:
            if time.perf_counter() - begun > 6 * DUE_SECONDS:
                return float("inf")
            await asyncio.sleep(0.05)
        return time.perf_counter() - begun

    async def _told(self) -> int:
        """How many failures the channel shows: the third within two minutes and those after it stand in one card."""
        messages = (await self.controls.get(f"slack/messages?channel={ALERTS}"))["messages"]
        found = [re.match(r"(\d+) failing since|Load.* – ", each["text"]) for each in messages]
        alone = sum(each is not None and each[1] is None for each in found)
        return max([alone, *(int(each[1]) for each in found if each and each[1])])


Attack = Callable[[Target, AsyncExitStack], Awaitable[str]]


async def _hold(target: Target, stack: AsyncExitStack, count: int, sent: bytes) -> str:
    """Open connections, send this on each, and keep them for as long as the bot does."""
    opened = 0
    for _ in range(count):
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                _, writer = await asyncio.open_connection("127.0.0.1", target.port)
                opened += 1
                stack.callback(writer.close)
                writer.write(sent)
                await writer.drain()
    return f"{opened} of {count} connected"


def _body(timestamp: int | None) -> bytes:
    head = "POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 1048576\r\n"
    if timestamp is not None:
        head += f"X-Slack-Request-Timestamp: {timestamp}\r\nX-Slack-Signature: {SIGNATURE}\r\n"
    return f"{head}\r\n".encode() + b"x" * (1048576 - 48 * 1024)


async def idle_connections(target: Target, stack: AsyncExitStack) -> str:
    """Connections on which nothing is sent."""
    return await _hold(target, stack, CONNECTIONS, b"")


async def unsigned_bodies(target: Target, stack: AsyncExitStack) -> str:
    """Bodies without a signature that stop 48 kB short."""
    return await _hold(target, stack, BODIES, _body(None))


async def forged_bodies(target: Target, stack: AsyncExitStack) -> str:
    """The same with a signature that could be Slack's."""
    return await _hold(target, stack, BODIES, _body(int(time.time())))


async def asked_without_pause(target: Target, stack: AsyncExitStack) -> str:
    """Clients that ask for the metrics, each again as soon as it was answered."""
    taken: list[float] = []
    http = await stack.enter_async_context(aiohttp.ClientSession())

    async def ask() -> None:
        while True:
            begun = time.perf_counter()
            with suppress(aiohttp.ClientError):
                async with http.get(f"http://127.0.0.1:{target.port}/metrics") as answer:
                    await answer.read()
            taken.append(time.perf_counter() - begun)

    asking = [asyncio.create_task(ask()) for _ in range(CLIENTS)]
    for task in asking:
        stack.callback(task.cancel)
    await asyncio.sleep(3)
    return f"answered {len(taken) / 3:.0f} times a second, within {max(taken):.1f} s"


async def gzip_bomb(target: Target, _stack: AsyncExitStack) -> str:
    """An answer of Braze's of 300 kB that unpacks to 300 MB, for one integration."""
    return await _answered(target, gzip.compress(bytes(300 * 1024**2)), {"Content-Encoding": "gzip"})


async def long_answer(target: Target, _stack: AsyncExitStack) -> str:
    """An answer of Braze's of 200 MB, for one integration."""
    return await _answered(target, b'{"results": [' + b'"x",' * (50 * 1024**2) + b'""]}', {})


async def _answered(target: Target, body: bytes, headers: dict[str, str]) -> str:
    target.between.given.clear()
    target.between.answer = body, headers
    # A new run of it, so that the bot looks.
    await target.controls.post(f"braze/integrations/{target.between.integration_id}/run", seconds=0)
    await asyncio.wait_for(target.between.given.wait(), 30)
    return "answered"


async def commands(target: Target, _stack: AsyncExitStack) -> str:
    """One person who subscribes and unsubscribes as fast as Slack lets them."""
    taken = [
        await target.controls.type(("subscribe", "unsubscribe")[number % 2] + " flood*")
        for number in range(COMMANDS)
    ]
    return f"{COMMANDS} commands, acknowledged within {max(taken):.0f} ms"


ATTACKS: dict[str, Attack] = {
    "none": lambda _target, _stack: asyncio.sleep(0, "–"),
    f"{CONNECTIONS:,} idle connections": idle_connections,
    f"{BODIES} unsigned bodies that stop short": unsigned_bodies,
    f"{BODIES} forged bodies that stop short": forged_bodies,
    f"{CLIENTS} clients that ask for /metrics without pause": asked_without_pause,
    "300 MB of zeros in gzip from Braze": gzip_bomb,
    "200 MB of JSON from Braze": long_answer,
    "a flood of commands": commands,
}


async def guard(folder: Path) -> None:
    """Attack a bot in each way, and print a row of the table for each."""
    async with AsyncExitStack() as running:
        env = await running.enter_async_context(stand_ins(2 * len(ATTACKS), 30, 100))
        http = await running.enter_async_context(aiohttp.ClientSession())
        between = await running.enter_async_context(_between(env, http))
        target = await running.enter_async_context(_bot(env, folder, between, http))
        await target.controls.type("subscribe all")
        listed = (await target.controls.get("braze/integrations"))["integrations"]
        target.ids = [each["integration_id"] for each in listed]
        between.integration_id = target.ids.pop()
        await asyncio.sleep(10)  # what fails while watching begins is history
        for name, attack in ATTACKS.items():
            size, target.peak, target.files = target.log.stat().st_size, 0.0, 0
            watching = asyncio.create_task(target.watch())
            async with AsyncExitStack() as stack:
                said = await attack(target, stack)
                taken = await target.alert()
                await asyncio.sleep(2)  # what the attack takes may come after the alert
            between.answer = None
            watching.cancel()
            held = "held" if taken <= DUE_SECONDS else "DID NOT HOLD"
            logged = (target.log.stat().st_size - size) / 1024
            print(
                f"| {name} | {said} | {taken:.1f} s | {target.peak:.0f} MB | {target.files} "
                f"| {logged:.0f} kB | {held} |",
                flush=True,
            )


@asynccontextmanager
async def _between(env: Env, http: aiohttp.ClientSession) -> AsyncIterator[Between]:
    between = Between(env["BRAZE_BASE_URL"], http)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", between.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    env["BRAZE_BEHIND"] = env["BRAZE_BASE_URL"]
    env["BRAZE_BASE_URL"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield between
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _bot(
    env: Env, folder: Path, between: Between, http: aiohttp.ClientSession
) -> AsyncIterator[Target]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = folder / "log"
    controls = Controls({"BRAZE_BASE_URL": env["BRAZE_BEHIND"]}, http)
    own = {
        "PORT": str(port),
        "CDI_BOT_LOG_FORMAT": "json",
        "CDI_BOT_POLL_INTERVAL": "2",
        "SLACK_APP_TOKEN": "",
    }
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            f"ulimit -n {CONNECTIONS} && exec '{sys.executable}' -m cdi_bot run",
            cwd=folder,
            env={**env, "PYTHONPATH": str(ROOT), "CDI_BOT_HOST": "127.0.0.1", **own},
            stdin=asyncio.subprocess.DEVNULL,
            stderr=stream,
        )
    try:
        await asyncio.wait_for(_ready(log), 30)
        await controls.post("slack/http", request_url=f"http://127.0.0.1:{port}/slack/events")
        yield Target(pid=process.pid, port=port, log=log, controls=controls, between=between)
    finally:
        process.terminate()
        await process.wait()


async def _ready(log: Path) -> None:
    with log.open("rb") as lines:
        while b'"ready"' not in lines.readline():  # noqa: ASYNC110 (another process writes it)
            await asyncio.sleep(0.05)


def main() -> None:
    """Print the table."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4 * CONNECTIONS, most), most))  # the attackers need them
    print("| attack | got | alert after | memory, most | open files, most | logged | |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with TemporaryDirectory(prefix="cdi-bot-guard-") as name:
        asyncio.run(asyncio.wait_for(guard(Path(name)), 300))


if __name__ == "__main__":
    main()
