"""Structured logs: one event a line, for people at a terminal or for a log collector, and never a secret.

The libraries' own logging takes the same road, so that their lines look alike and are redacted as well:
Braze's 401 repeats the key, and a database's error repeats its URL.
"""

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from cdi_bot.operator.log_writer import LogWriter

STARS = "***"

# What looks like a credential is hidden even where nobody registered it: Slack's tokens, an
# Authorization header, the password in a URL.
_CREDENTIAL = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+|xapp-[\w-]+"
    r"|(?<=Bearer )[\w.~+/=-]{8,}"
    r"|(?<=://)[^/\s:@]*:[^/\s]*(?=@)",
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
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
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
