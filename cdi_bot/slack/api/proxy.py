"""Through which proxy Slack is reached.

slack_sdk takes any proxy of the environment for every address, also for those that `NO_PROXY` leaves out and for
this machine itself, where Slack's stand-in listens. So the choice is made here and the SDK's own is undone.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """Give the proxy that the environment names for this address, `None` where it is reached directly."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_this_machine(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
