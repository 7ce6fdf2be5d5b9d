"""Structured logs: one event a line, for people at a terminal or for a log collector, and never a secret.

What goes wrong again and again is counted, and what could forge or hide a line is shown as its code. The libraries'
own logging takes the same road, so that their lines look alike and are redacted as well: Braze's 401 repeats the
key, and a database's error repeats its URL.
"""

import logging
import re
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from cdi_bot.operator.log_writer import LogWriter

STARS = "***"

# What looks like a credential is hidden even where nobody registered it: Slack's tokens, an
# Authorization header, the password in a URL (but not the words of advice on how to write one).
_CREDENTIAL = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+|xapp-[\w-]+"
    r"|(?<=Bearer )[\w.~+/=-]{8,}"
    r"|(?<=://)(?!(?-i:USER:PASSWORD)@)[^/\s:@]*:[^\s\"']*(?=@)",
    re.IGNORECASE,
)

# Warns with every beat that comes before the last one has ended, which is how a slow database or host shows here.
_ALARMED = ("apscheduler.scheduler",)

# These tell of every request, tick or frame; what matters of that is logged by our own code.
_VERBOSE_LIBRARIES = (
    "aiohttp",
    "aiosqlite",
    "alembic",
    "apscheduler",
    "asyncio",
    "httpcore",
    "httpx",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "uvicorn",
)

# What moves a terminal's cursor, ends a line or turns text around; joiners within scripts and emoji may stay.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")

_MANY_LINES = ("exception", "stack")
"""These parts of an event are tracebacks."""

EQUAL_LINES, LINES_OF_AN_EVENT = 10, 500
"""So many lines with the same values, and so many of one event, are written in `REPEAT_SECONDS`; others are counted."""

REPEAT_SECONDS = 60.0

_REMEMBERED_LINES = 5000

_secrets: set[str] = set()


def register_secrets(secrets: Iterable[str]) -> None:
    """From now on each of these is shown as stars wherever it appears in a log line."""
    _secrets.update(filter(None, secrets))


def redact(text: str) -> str:
    """The text without any registered secret, nor anything else that looks like a credential."""
    # Longest first: a secret may begin with another one.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, STARS)
    return _CREDENTIAL.sub(STARS, text)


def redact_value(value: Any) -> Any:
    """The same for everything a log line can hold: containers are gone through, objects shown by their repr."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case Mapping():
            return {redact(str(key)): redact_value(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redact_value(item) for item in value]
        case BaseException():
            return redact(f"{type(value).__name__}: {value}")
        case _:
            return redact(repr(value))


def visible(text: str, *, kept: str = "") -> str:
    """The text with each control character and bidirectional mark shown as its code, but for those in `kept`."""
    if text.isprintable():
        return text
    return "".join(
        c if c in _JOINERS or c in kept or unicodedata.category(c) not in _UNSEEN else ascii(c)[1:-1]
        for c in text
    )


def show_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog processor that lets nothing into a line that could forge another: after the redaction."""
    return {
        visible(key): _visible_value(value, kept="\n\t" if key in _MANY_LINES else "")
        for key, value in event.items()
    }


def _visible_value(value: Any, *, kept: str = "") -> Any:
    match value:
        case str():
            return visible(value, kept=kept)
        case Mapping():
            return {visible(key): _visible_value(item) for key, item in value.items()}
        case list():
            return [_visible_value(item) for item in value]
        case _:
            return value


@dataclass(slots=True)
class _Repeats:
    """How often a line came since a time, in seconds, and how many of these were left out."""

    since: float
    count: int = 0
    left_out: int = 0


class CountRepeats(logging.Filter):
    """Lets few equal lines through in a while, and not too many of one event, and tells how many were left out.

    An event is what one logger says at one level in the same words; equal lines have the same values too. `clock`
    counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str, str | None], _Repeats] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written; what was left out before is told now, once its time is over."""
        if record.levelno <= logging.DEBUG:
            return True
        if isinstance(record.msg, dict):
            event = str(record.msg.get("event"))
            values = str({key: value for key, value in record.msg.items() if key != "timestamp"})
        else:
            event, values = (text.partition("\n")[0] for text in (str(record.msg), record.getMessage()))
        with self._lock:
            now = self._clock()
            over = self._take_over(now)
            is_written = all(
                self._is_within((record.name, record.levelno, event, key), limit, now)
                for key, limit in ((values, EQUAL_LINES), (None, LINES_OF_AN_EVENT))
            )
        self._tell(over, now)
        return is_written

    def end(self) -> None:
        """Tell at once what was left out."""
        with self._lock:
            now = self._clock()
            over = self._take_over(now + REPEAT_SECONDS)
        self._tell(over, now)

    def _is_within(self, key: tuple[str, int, str, str | None], limit: int, now: float) -> bool:
        seen = self._seen.setdefault(key, _Repeats(now))
        seen.count += 1
        seen.left_out += seen.count > limit
        return seen.count <= limit

    def _take_over(self, now: float) -> dict[tuple[str, int, str, str | None], _Repeats]:
        """Forget the lines whose time is over, or all when there are too many; gives those that were left out."""
        is_full = len(self._seen) >= _REMEMBERED_LINES
        ended = {k: each for k, each in self._seen.items() if is_full or now - each.since >= REPEAT_SECONDS}
        for key in ended:
            del self._seen[key]
        return {key: each for key, each in ended.items() if each.left_out}

    def _tell(self, over: dict[tuple[str, int, str, str | None], _Repeats], now: float) -> None:
        for (name, level, event, _), repeats in over.items():
            structlog.get_logger(name).log(
                level,
                "repeated lines were left out",
                of=event,
                count=repeats.left_out,
                seconds=round(now - repeats.since),
            )


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The structlog processor: stands last before the renderer, after tracebacks became text."""
    return {key: redact_value(value) for key, value in event.items()}


def tell(text: str) -> None:
    """Writes a text for people to where the log goes, redacted but as it is, and waits a moment until it is there."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogWriter):
            handler.tell(redact(text))
    flush_log()


def flush_log() -> None:
    """Waits a moment for the lines that are not written yet."""
    for handler in logging.getLogger().handlers:
        for each in handler.filters:
            if isinstance(each, CountRepeats):
                each.end()
        handler.flush()


def set_up_logging(*, log_format: str | None, level: str, stream: TextIO | None = None) -> None:
    """Sends every log line of this process to `stream` (standard error unless given).

    Args:
        log_format: "console" or "json"; None takes console on a terminal and JSON elsewhere.
        level: "debug", "info", "warning" or "error": the least important lines still written.
        stream: where they go.
    """
    stream = sys.stderr if stream is None else stream
    threshold = logging.getLevelNamesMapping()[level.upper()]
    console = stream.isatty() if log_format is None else log_format == "console"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = LogWriter(stream, encoding=None if console else "utf-8")
    handler.addFilter(CountRepeats())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
                show_event,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    for former in root.handlers:
        former.flush()
    root.handlers = [handler]
    root.setLevel(threshold)
    logging.captureWarnings(capture=True)
    for name in _VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    for name in _ALARMED:
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
