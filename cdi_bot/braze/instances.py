"""Braze's instances: which base URL and key can be used, and which dashboard belongs to it.

Source of the table: Braze's API overview. It holds documented pairs only: a guessed link would lead nowhere.
"""

from urllib.parse import SplitResult, urlsplit

from cdi_bot.braze.errors import trouble_for
from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble

_DASHBOARDS = {
    **{f"rest.iad-0{number}.braze.com": f"dashboard-0{number}.braze.com" for number in range(1, 9)},
    "rest.us-10.braze.com": "dashboard.us-10.braze.com",
    **{f"rest.fra-0{number}.braze.eu": f"dashboard-0{number}.braze.eu" for number in (1, 2)},
    **{f"rest.{place}-01.braze.com": f"dashboard.{place}-01.braze.com" for place in ("au", "id", "jp", "kr")},
}
_REST_HOSTS = {dashboard: rest for rest, dashboard in _DASHBOARDS.items()}


def checked_base_url(base_url: str) -> str:
    """Return the base URL without a slash at its end.

    Raises `BrazeTrouble` that says how to fix it for what can't be a REST endpoint. Nothing of the URL but its host
    is repeated: people paste keys and passwords into any field.
    """
    parts = _split(base_url.strip())
    if parts is None:  # raised here, since Python's own error quotes what it could not read
        raise _invalid("The base URL is not a URL")
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host or any(mark.isspace() for mark in parts.geturl()):
        raise _invalid("The base URL does not begin with https:// and a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise _invalid("The base URL holds more than a host: no user, query or fragment belongs there")
    if host in _REST_HOSTS:
        raise _invalid(f"{host} is the dashboard; its REST endpoint is https://{_REST_HOSTS[host]}")
    if parts.scheme == "http" and host.endswith((".braze.com", ".braze.eu")):
        raise _invalid("The base URL begins with http://, which would send the key unprotected")
    return parts.geturl().rstrip("/")


def checked_key(api_key: str) -> str:
    """Reject here what no header can hold: httpx would quote it in an error."""
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise trouble_for(
            BrazeReason.BAD_KEY, what="The API key is empty or holds characters that no key has"
        )
    return key


def _invalid(what: str) -> BrazeTrouble:
    return trouble_for(BrazeReason.INVALID_URL, what=what)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a number out of range raises only when it is read
    except ValueError:
        return None
    return parts


def dashboard_url(base_url: str) -> str | None:
    """Return the dashboard's address for a workspace's REST endpoint, `None` where the instance is unknown.

    What runs on this machine is the stand-in, which has pages of its own.
    """
    host = urlsplit(base_url).hostname or ""
    if host in _DASHBOARDS:
        return f"https://{_DASHBOARDS[host]}"
    return base_url if host in {"localhost", "127.0.0.1", "::1"} else None
