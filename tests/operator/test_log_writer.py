"""The writer of log lines: it never holds up who logs, and says how many lines it had to drop."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator

import pytest

from cdi_bot.operator.log_writer import LogWriter


class Pipe:
    """A pipe as standard error, which is read only when the test does."""

    def __init__(self) -> None:
        """Open it."""
        self.reader, writer = os.pipe()
        self.stream = os.fdopen(writer, "w", encoding="ascii")
        self.closed = False

    def read(self) -> str:
        """Read what is there, once something is."""
        return os.read(self.reader, 1 << 20).decode()

    def close_reader(self) -> None:
        """Nobody reads any more."""
        if not self.closed:
            os.close(self.reader)
        self.closed = True


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe."""
    made = Pipe()
    yield made
    made.close_reader()
    made.stream.close()


def logger_to(writer: LogWriter) -> logging.Logger:
    """A logger of its own that writes there."""
    logger = logging.Logger("test")  # noqa: LOG001  # one that shares nothing with the runner's
    logger.addHandler(writer)
    return logger


def test_lines_come_in_their_order(pipe: Pipe) -> None:
    """Each line once, whole; what the encoding lacks is escaped."""
    writer = LogWriter(pipe.stream)
    logger = logger_to(writer)
    for number in range(100):
        logger.warning("line %d é", number)
    writer.flush()
    assert pipe.read().splitlines() == [f"line {number} \\xe9" for number in range(100)]
    writer.close()


def test_nobody_waits_for_a_blocked_reader_and_what_is_dropped_is_counted(pipe: Pipe) -> None:
    """Lines beyond the queue are dropped; when there is room again, a line says how many, and logging goes on."""
    writer = LogWriter(pipe.stream, lines=10)
    logger = logger_to(writer)
    big = "x" * 100_000  # more than a pipe holds: the thread is held up by the first line
    for number in range(50):
        logger.warning("%d %s", number, big)
    writer.flush(seconds=0.05)  # returns although nothing was read
    text = ""
    while "dropped" not in text:
        text += pipe.read()
    lines = text.splitlines()
    dropped = next(int(line.split()[0]) for line in lines if "dropped" in line)
    assert dropped in (39, 40)  # the queue, and the one that the thread had taken out of it or not yet
    while text.count(f"{big}\n") < 50 - dropped:  # until then the queue may be full again
        text += pipe.read()
    logger.warning("again")
    assert pipe.read() == "again\n"
    writer.close()


def test_a_reader_that_is_gone_is_no_error(pipe: Pipe) -> None:
    """Lines that can't be written are dropped; whoever logs hears nothing of it."""
    writer = LogWriter(pipe.stream)
    pipe.close_reader()
    logger_to(writer).warning("to nobody")
    writer.flush()
    writer.close()
    writer.close()
    writer.flush()


def test_a_line_that_cannot_be_formatted_shows_nothing_of_what_it_held(
    pipe: Pipe, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is told as that: its arguments may hold a secret, and Python's own report would print them."""
    writer = LogWriter(pipe.stream)
    logger_to(writer).warning("%d", "SECRET")
    writer.flush()
    assert pipe.read() == "a log line could not be written: TypeError\n"
    assert "SECRET" not in capfd.readouterr().err
    writer.close()


def test_a_reader_that_is_slow_for_a_moment_gets_everything(pipe: Pipe) -> None:
    """Also through a descriptor that somebody else has made non-blocking."""
    os.set_blocking(pipe.stream.fileno(), False)
    writer = LogWriter(pipe.stream)
    logger = logger_to(writer)
    read: list[str] = []
    for number in range(5):
        logger.warning("%d %s", number, "x" * 50_000)
    reader = threading.Thread(target=lambda: read.extend(iter_until(pipe, 5)))
    reader.start()
    writer.flush(seconds=10)
    reader.join(10)
    assert [line.split()[0] for line in "".join(read).splitlines()] == ["0", "1", "2", "3", "4"]
    writer.close()


def iter_until(pipe: Pipe, lines: int) -> Iterator[str]:
    """Read so many lines."""
    while lines > 0:
        text = pipe.read()
        lines -= text.count("\n")
        yield text
