"""What the bot would have told of a history, by the code of `cdi-bot backtest --runs FILE --json`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from cdi_bot.cli.backtest import as_json
from cdi_bot.cli.runs_file import read_lines
from cdi_bot.core.replay.replay import replay
from cdi_bot.slack.render.kit.i18n import Translator
from tests.bench.alerts.history import History, Line


def backtest(history: History) -> list[Line]:
    """Its incidents, told until the history ends, whenever its last line was."""
    until = datetime.fromtimestamp(history.end, UTC)
    past = read_lines((json.dumps(line).encode() for line in history.lines()), until)
    return [as_json(told, _ENGLISH) for told in replay(past, until=until)]


_ENGLISH = Translator()
