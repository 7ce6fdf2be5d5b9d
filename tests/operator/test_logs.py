"""Log lines: their shape, what is left out of them, and that no secret gets through."""

import io
import json
import logging
import warnings
from collections.abc import Callable

import pytest
import structlog

from cdi_bot.operator import logs

KEY = "very-secret-braze-key"


@pytest.fixture(autouse=True)
def _secrets(restored_logging: None) -> None:
    """Secrets are registered, and logging is put back afterwards."""
    logs.register_secrets([KEY, KEY + "-longer", ""])


class Written(io.StringIO):
    """What was logged so far."""

    def getvalue(self) -> str:
        """All of it."""
        logs.flush_log()
        return super().getvalue()


def logged(log_format: str | None = "json", level: str = "info") -> io.StringIO:
    """Logging set up to write into the returned buffer."""
    stream = Written()
    logs.set_up_logging(log_format=log_format, level=level, stream=stream)
    return stream


def test_a_json_line_has_event_level_time_and_context() -> None:
    """One event is one JSON object, with what was bound around it."""
    stream = logged()
    with structlog.contextvars.bound_contextvars(integration_id="abc"):
        structlog.get_logger().info("polled", channel="C1", count=3)
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "polled", "level": "info", "integration_id": "abc", "channel": "C1", "count": 3}


def test_without_a_terminal_json_is_the_default() -> None:
    """A stream that is no terminal gets JSON unless told otherwise."""
    stream = logged(log_format=None)
    structlog.get_logger().warning("hello")
    assert json.loads(stream.getvalue())["event"] == "hello"


def test_console_lines_are_for_people() -> None:
    """The console form is text with key=value pairs, in plain characters when no terminal is there."""
    stream = logged(log_format="console")
    structlog.get_logger().info("polled", channel="C1")
    assert "channel=C1" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_the_level_is_kept() -> None:
    """Lines below the level are left out, ours and the libraries'."""
    stream = logged(level="warning")
    structlog.get_logger().info("ours")
    logging.getLogger("some.library").info("theirs")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("name", ["httpx", "apscheduler.executors", "slack_sdk.web", "slack_bolt.App"])
def test_talkative_libraries_speak_only_of_trouble(name: str) -> None:
    """Even at debug level, a library that tells of every request is logged from warnings up."""
    stream = logged(level="debug")
    logging.getLogger(name).info("a request went out")
    assert stream.getvalue() == ""
    logging.getLogger(name).warning("trouble with %s", "x")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["logger"]) == ("trouble with x", name)


def test_a_beat_that_comes_too_early_is_no_news() -> None:
    """The scheduler skips it, which is all right while a database or host is slow; its errors are logged."""
    stream = logged(level="debug")
    scheduler = logging.getLogger("apscheduler.scheduler")
    scheduler.warning("skipped: maximum number of running instances reached")
    assert stream.getvalue() == ""
    scheduler.error("broken")
    assert json.loads(stream.getvalue())["event"] == "broken"


def test_warnings_are_log_lines() -> None:
    """A Python warning takes the same road as everything else."""
    stream = logged()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old way", stacklevel=1)
    assert "old way" in json.loads(stream.getvalue())["event"]


def test_how_an_address_is_written_is_no_secret() -> None:
    """What tells people to write USER:PASSWORD is shown as it is; a name and password that are so called are not."""
    stream = logged()
    structlog.get_logger().error("write http://USER:PASSWORD@HOST:PORT, not http://user:password@HOST:PORT")
    expected = "write http://USER:PASSWORD@HOST:PORT, not http://***@HOST:PORT"
    assert json.loads(stream.getvalue())["event"] == expected


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_in_any_corner_of_a_line(log_format: str) -> None:
    """Event, values, nested containers, keys, objects and exceptions are all gone through."""
    stream = logged(log_format=log_format)

    class Holder:
        def __repr__(self) -> str:
            return f"Holder({KEY})"

    structlog.get_logger().error(
        f"failed with {KEY}",
        plain=KEY,
        longer=f"{KEY}-longer",
        nested={"list": [KEY, (KEY, {KEY})], KEY: "as a key"},
        holder=Holder(),
        error=ValueError(KEY),
        header="Authorization: Bearer abc.def-ghi=",
        tokens="xoxb-1-abc xapp-1-A-def xoxe.xoxp-1-ghi",
        url="postgresql+psycopg://bot:p@ss@host/db",
        slashed="postgresql://bot:q@uu/rr@host/db",
        kept=[1, 2.5, None, True, "bearer of news"],
    )
    text = stream.getvalue()
    for secret in (KEY, "-longer", "abc.def", "1-abc", "A-def", "1-ghi", "p@ss", "q@", "uu", "rr@"):
        assert secret not in text
    assert "postgresql+psycopg://***@host/db" in text
    assert "bearer of" in text


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_in_a_traceback(log_format: str) -> None:
    """An exception's text and its traceback are redacted, from our loggers and from the libraries'."""
    stream = logged(log_format=log_format)

    def ask() -> None:
        raise RuntimeError(f"Invalid API key: {KEY}")

    try:
        ask()
    except RuntimeError:
        structlog.get_logger().exception("asked in vain")
        logging.getLogger("some.library").exception("asked in vain with %s", KEY)
    assert stream.getvalue().count("RuntimeError: Invalid API key: ***") == 2
    assert KEY not in stream.getvalue()


def counted() -> Callable[[float], None]:
    """Lines are counted by a clock that is set by hand."""
    now = [0.0]
    (handler,) = logging.getLogger().handlers
    handler.filters = [logs.CountRepeats(lambda: now[0])]
    return lambda seconds: now.__setitem__(0, seconds)


def test_a_repeated_line_is_counted() -> None:
    """Ten equal lines are written in a minute, ours or a library's; the next line of any kind tells of the others."""
    stream = logged()
    set_clock = counted()
    for number in range(1000):
        structlog.get_logger("ours").warning("refused", reason="full")
        logging.getLogger("asyncio").error("socket.accept() out of system resource\nsocket: %d", number)
    structlog.get_logger("ours").info("something else")
    set_clock(61.0)
    structlog.get_logger("ours").warning("refused", reason="full")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert sum(line["event"] == "refused" for line in lines[:20]) == 10
    assert lines[20]["event"] == "something else"
    lines = lines[21:]
    told = [(line["event"], line.get("of"), line.get("count")) for line in lines]
    assert told == [
        ("repeated lines were left out", "refused", 990),
        ("repeated lines were left out", "socket.accept() out of system resource", 990),
        ("refused", None, None),
    ]
    assert [line["level"] for line in lines] == ["warning", "error", "warning"]


def test_lines_that_differ_are_written() -> None:
    """A hundred failures at once are a hundred lines; only a flood of one event is cut."""
    stream = logged()
    counted()
    for number in range(1000):
        structlog.get_logger().info("incident", integration=number)
    logs.flush_log()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["integration"] for line in lines[:-1]] == list(range(500))
    assert (lines[-1]["of"], lines[-1]["count"]) == ("incident", 500)


def test_what_was_left_out_is_told_at_the_end() -> None:
    """Whoever ends within the minute says it before; once."""
    stream = logged()
    for _ in range(12):
        structlog.get_logger().info("again")
    logs.flush_log()
    logs.flush_log()
    assert [json.loads(line).get("count") for line in stream.getvalue().splitlines()] == [None] * 10 + [2]


def test_many_different_events_take_no_memory() -> None:
    """Events that somebody makes up one after the other are forgotten."""
    stream = logged()
    (handler,) = logging.getLogger().handlers
    for number in range(6000):
        structlog.get_logger().info(f"made up {number}")
    logs.flush_log()
    (counting,) = handler.filters
    assert isinstance(counting, logs.CountRepeats)
    assert len(counting._seen) <= 5002  # noqa: SLF001 (that it is bounded can't be seen from outside)
    assert len(stream.getvalue().splitlines()) == 6000


HOSTILE = "a\x1b[2Jb\u202etxt.exe\nforged\x9b\u2028\u2066c\u200f"
SEEN = "a\\x1b[2Jb\\u202etxt.exe\\nforged\\x9b\\u2028\\u2066c\\u200f"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_control_characters_and_marks_are_visible(log_format: str) -> None:
    """Nothing from outside moves the cursor, forges a line or turns one around; joiners of emoji stay."""
    stream = logged(log_format=log_format)
    structlog.get_logger().info(
        f"named {HOSTILE}", name=HOSTILE, nested={HOSTILE: [HOSTILE]}, family="👩\u200d👧"
    )
    logging.getLogger("library").warning("named %s", HOSTILE)
    text = stream.getvalue()
    assert len(text.splitlines()) == 2
    assert "👩\u200d👧" in text
    assert all(c.isprintable() or c in "\n\u200d" for c in text)
    if log_format == "json":
        line = json.loads(text.splitlines()[0])
        assert (line["name"], line["nested"]) == (SEEN, {SEEN: [SEEN]})


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_keeps_its_lines(log_format: str) -> None:
    """What else is in it is made visible."""
    stream = logged(log_format=log_format)
    try:
        int("name \u202e")
    except ValueError:
        structlog.get_logger().exception("failed")
    text = stream.getvalue()
    lines = json.loads(text)["exception"].splitlines() if log_format == "json" else text.splitlines()
    assert lines[-1] == "ValueError: invalid literal for int() with base 10: 'name \\u202e'"
    assert len(lines) > 3
