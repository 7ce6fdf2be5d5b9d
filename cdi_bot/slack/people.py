"""What Slack tells of people: their time zone. Needs `users:read`, which is optional."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

log = structlog.get_logger(__name__)


async def zone_of(client: AsyncWebClient, user: str) -> tzinfo:
    """A person's time zone, UTC where Slack does not tell it."""
    try:
        answer = await client.users_info(user=user)
        return ZoneInfo(str((answer.get("user") or {}).get("tz") or "UTC"))
    except (SlackClientError, OSError, ValueError, LookupError) as error:
        log.warning("time zone not told; taking UTC", user=user, error=type(error).__name__)
        return UTC
