"""Many Braze workspaces in a process of their own: a cheap server that speaks Braze's CDI API over real HTTP.

Nothing is stored here: the runs of an integration follow from its number and the time. Each workspace has a port and
limits of its own, counted by the clock minute as Braze counts them. Its integrations belong to `FLOWS` flows, and the
first of each flow fails every six minutes; of all other runs one in fifty goes wrong. Prints the addresses as one line
of JSON, answers `GET /counts` with how many requests it saw and turned away, and ends with its standard input.
Arguments: how many workspaces, and how many integrations each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from zlib import crc32

PAGE = 10
LIST_LAG = 5.0
LIMITS = {"list": 50, "status": 100}
PERIODS = (300, 900, 900, 3600, 3600, 86400)
"""Seconds between the runs of one integration after another."""

FLOWS = 5
FAILS_EVERY = 360
"""Seconds from failure to failure: 200 cards are edited 33 times a minute, of the 50 that Slack takes."""


def chance(*what: object) -> float:
    """Any number from 0 to 1, the same for the same words."""
    return crc32(repr(what).encode()) / 2**32


class Braze:
    """One workspace."""

    def __init__(self, number: int, integrations: int) -> None:
        """Give each integration its schedule."""
        self._number, self._integrations = number, integrations
        self._used: Counter[tuple[str, int]] = Counter()
        self.seen: Counter[str] = Counter()

    def answer(self, target: str) -> tuple[int, object, list[str]]:
        """Answer a GET: status, body, more header lines."""
        path, _, query = target.partition("?")
        if path == "/counts":
            return 200, self.seen, []
        now = time.time()
        endpoint = "status" if path.endswith("/job_sync_status") else "list"
        minute = int(now // 60)
        self._used[endpoint, minute] += 1
        left = LIMITS[endpoint] - self._used[endpoint, minute]
        headers = [
            f"X-RateLimit-Limit: {LIMITS[endpoint]}",
            f"X-RateLimit-Remaining: {max(left, 0)}",
            f"X-RateLimit-Reset: {(minute + 1) * 60}",
        ]
        self.seen[endpoint] += 1
        if left < 0:
            self.seen["turned away"] += 1
            return 429, {"message": "Rate limit exceeded"}, headers
        if endpoint == "status":
            integration = int(path.split("/")[-2].removeprefix("i"))
            runs = [self._run(integration, back, now) for back in range(PAGE)]
            return 200, {"message": "success", "results": runs}, headers
        offset = int(query.partition("cursor=")[2] or 0)
        last = min(offset + PAGE, self._integrations)
        if last < self._integrations:
            headers.append(f'Link: </cdi/integrations?cursor={last}>; rel="next"')
        rows = [self._listed(integration, now - LIST_LAG) for integration in range(offset, last)]
        return 200, {"message": "success", "results": rows}, headers

    def _run(self, integration: int, back: int, now: float) -> dict[str, object]:
        """The run before so many others, counted back from the newest."""
        fails = integration < FLOWS
        period = FAILS_EVERY if fails else PERIODS[integration % len(PERIODS)]
        shift = chance(self._number, integration) * period
        turn = int((now - shift) // period) - back
        start = turn * period + shift
        finish = start + 10 + chance(self._number, integration, turn) * min(period - 20, 300)
        ended, luck = finish <= now, chance(turn, integration, self._number)
        status = "error" if fails or luck < 0.01 else "partial" if luck < 0.02 else "success"
        return {
            "job_status": status if ended else "running",
            "sync_start_time": iso(start),
            "sync_finish_time": iso(finish) if ended else None,
            "last_timestamp_synced": iso(start - 60),
            "rows_synced": int(luck * 10_000) if ended else 0,
            "rows_failed_with_errors": 7 if ended and status != "success" else 0,
        }

    def _listed(self, integration: int, seen: float) -> dict[str, object]:
        newest = self._run(integration, 0, seen)
        return {
            "integration_id": f"i{integration:06}",
            "app_group_id": "bench",
            "integration_name": f"Flow {integration % FLOWS} i{integration:06}",
            "integration_type": "attributes",
            "integration_status": "active",
            "contact_emails": ["data@example.com"],
            "last_updated_at": iso(1_700_000_000),
            "warehouse_type": "Snowflake",
            "last_job_start_time": newest["sync_start_time"],
            "last_job_status": newest["job_status"],
            "next_scheduled_run": None,
        }


def iso(seconds: float) -> str:
    """A time as Braze writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Connection(asyncio.Protocol):
    """Reads requests without a body, one after the other, and answers them."""

    def __init__(self, braze: Braze) -> None:
        """Answer for one workspace."""
        self._braze, self._waiting = braze, b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request as soon as it is whole."""
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            head, _, self._waiting = self._waiting.partition(b"\r\n\r\n")
            status, answer, headers = self._braze.answer(head.split(b" ", 2)[1].decode())
            body = json.dumps(answer).encode()
            lines = [f"HTTP/1.1 {status} Some", "Content-Type: application/json", *headers]
            top = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
            self._transport.write(top.encode() + body)


async def serve(workspaces: int, integrations: int) -> None:
    """Serve until nobody needs it any more."""
    loop, addresses = asyncio.get_running_loop(), []
    for number in range(workspaces):
        server = await loop.create_server(
            partial(Connection, Braze(number, integrations)), host="127.0.0.1", port=0
        )
        addresses.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    print(json.dumps(addresses), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:3])))
