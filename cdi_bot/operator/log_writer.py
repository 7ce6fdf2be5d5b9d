"""Writes log lines from a thread of its own, so that whoever reads them can't stop the program.

Standard error is often a pipe: where nobody reads it, writing to it waits for ever. Lines wait in a queue with a limit;
beyond it they are dropped and counted, and the count is told as soon as a line can be written again.
"""

from __future__ import annotations

import io
import logging
import os
import select
import threading
from contextlib import suppress
from queue import Full, Queue
from typing import TextIO

WAITING_LINES = 2_000

FLUSH_SECONDS = 1.0
"""How long the end of the program waits for the last lines to be written."""


class LogWriter(logging.Handler):
    """Formats each line where it is logged, and has a thread write it to `stream`. At most `lines` wait.

    Nothing is ever raised, and no line that can't be written is printed elsewhere: it may hold a secret.
    """

    def __init__(self, stream: TextIO, *, encoding: str | None = None, lines: int = WAITING_LINES) -> None:
        """Start the thread; `encoding` is the stream's own unless given."""
        super().__init__()
        self._stream = stream
        self._encoding = encoding or stream.encoding or "utf-8"
        try:
            self._descriptor: int | None = stream.fileno()
        except io.UnsupportedOperation:
            self._descriptor = None  # in memory
        self._queue: Queue[str | threading.Event | None] = Queue(lines)
        self._counting = threading.Lock()
        self._dropped = 0
        self._is_closed = False
        threading.Thread(target=self._run, name="log writer", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Format a record and queue it."""
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001  # a line that can't be formatted must not break what it tells of
            line = f"a log line could not be written: {type(error).__name__}"
        self.tell(line)

    def tell(self, line: str) -> None:
        """Queue a line as it is."""
        try:
            self._queue.put_nowait(line)
        except Full:
            self._count_dropped(1)

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """Wait until every line so far is written, or dropped, but no longer than so many seconds."""
        written = threading.Event()
        with suppress(Full):
            if not self._is_closed:
                self._queue.put(written, timeout=seconds)
                written.wait(seconds)

    def close(self) -> None:
        """Write what can be written soon, and end the thread."""
        self.flush()
        self._is_closed = True
        with suppress(Full):
            self._queue.put_nowait(None)
        super().close()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            elif not self._write(item):
                self._count_dropped(1)
            elif dropped := self._take_dropped():
                told = f"{dropped} log lines were dropped: standard error did not take them"
                record = logging.LogRecord(__name__, logging.WARNING, "", 0, told, None, None)
                if not self._write(self.format(record)):
                    self._count_dropped(dropped)

    def _count_dropped(self, lines: int) -> None:
        with self._counting:
            self._dropped += lines

    def _take_dropped(self) -> int:
        with self._counting:
            dropped, self._dropped = self._dropped, 0
        return dropped

    def _write(self, line: str) -> bool:
        """Write a line whole, however long that takes; False where that can't be done."""
        try:
            if self._descriptor is None:
                self._stream.write(f"{line}\n")
                return True
            rest = f"{line}\n".encode(self._encoding, "backslashreplace")
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:  # somebody who shares the stream made it non-blocking
                    select.select([], [self._descriptor], [])
        except (OSError, ValueError):  # full, read by nobody, closed
            return False
        return True
