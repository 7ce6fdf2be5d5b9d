"""`make bench`: measure, and print the tables of docs/performance.md."""

from __future__ import annotations

import asyncio
import os
import platform
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.bench.delivery import delivery, rows
from tests.bench.detection import table as detection
from tests.bench.polls import cpu_per_poll
from tests.bench.scale import scale, table
from tests.bench.whole import acknowledgement, memory, seconds_to_connect


async def main() -> None:
    """Measure everything, one after the other."""
    with TemporaryDirectory(prefix="cdi-bot-bench-") as name:
        folder = Path(name)
        start = await seconds_to_connect(folder)
        ack = await acknowledgement(_made(folder / "ack"))
        polls = await cpu_per_poll(_made(folder / "polls"))
        told = await delivery(_made(folder / "delivery"))
        resident = await memory(_made(folder / "memory"))
        many = await scale(
            _made(folder / "scale"), workspaces=40, integrations=250, runs=100, warm_up=120, seconds=60
        )
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite\n")
    print("| what | measured | aim |")
    print("| --- | --- | --- |")
    print(f"| start to connected, median of 5 | {start:.2f} s | 2 s |")
    print(
        "| `/cdi` acknowledged while 300 integrations are polled, p99 (p50, max) "
        f"| {ack['p99']:.1f} ms ({ack['p50']:.1f}, {ack['max']:.1f}) | 50 ms |"
    )
    for name, what, aim in (
        ("unchanged", "that finds nothing new, beside a bare httpx GET + json", "3×"),
        ("asked", "for a person, saved at once, likewise", "–"),
        ("changed", "that stores a new run, likewise", "–"),
    ):
        print(
            f"| CPU of a status poll {what} "
            f"| {polls[name]:.2f} ms, {polls[name] / polls['bare']:.2f}× of {polls['bare']:.2f} ms | {aim} |"
        )
    print("\n".join(rows(told)))
    print(f"| resident memory with 1,000 integrations | {resident:.0f} MB | 100 MB |")
    print("\n".join(table(many)))
    print("\nHow soon the end of a run is known, simulated: half of all ends, 95 %, the last one\n")
    detection()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    with Path(os.devnull).open(
        "w"
    ) as nowhere:  # what is logged meanwhile costs what it costs, and is not shown
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(nowhere))
        asyncio.run(main())
