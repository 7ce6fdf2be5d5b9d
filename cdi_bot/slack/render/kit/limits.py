"""Slack's limits on what a message may hold, as named constants, and cutting to them.

Lengths are in characters. Sources: docs.slack.dev/reference/block-kit (one page for each block, element and
composition object) and docs.slack.dev/reference/methods/chat.update.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

BLOCKS = 50
SECTION_TEXT = 3000
SECTION_FIELDS = 10
CONTEXT_ELEMENTS = 10
BUTTON_TEXT = 75
BUTTON_VALUE = 2000
ACCESSIBILITY_LABEL = 75
PLACEHOLDER = 150
OPTION_TEXT = 75
OPTION_VALUE = 150
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
TABLE_ROWS = 100
CHART_TITLE = 50
CHART_LABEL = 20
CHART_POINTS = 20
VIEW_TITLE = 24
VIEW_BLOCKS = 100
VIEW_JSON = 200_000
"""Slack takes views of up to 250 kB, in whatever encoding."""
OPTIONS = 100
ALERT_TEXT = 200
FIELD_ERROR = 500
"""What is wrong with a field; Slack names no limit, more would not be read."""

MESSAGE_TEXT = 3000
"""Slack recommends 4,000 for the top-level text; the bot's is one line and never comes near."""

BLOCKS_JSON = 12_000
"""All blocks of a message together, as JSON. Slack answers `msg_blocks_too_long` from about 13,200 on without
documenting a number (slackapi/bolt-js issue 2509), so some room is left."""

ELLIPSIS = "…"


def clip(text: str, limit: int) -> str:
    """Cut plain text (no markup: a cut could end within it) to `limit` characters, showing that it was cut."""
    return text if len(text) <= limit else text[: limit - len(ELLIPSIS)].rstrip() + ELLIPSIS


def weight(blocks: Sequence[dict[str, Any]]) -> int:
    """How much of `BLOCKS_JSON` these blocks take."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def text_weight(text: str) -> int:
    """How much of `BLOCKS_JSON` a text takes within a block."""
    return len(json.dumps(text, ensure_ascii=False))
