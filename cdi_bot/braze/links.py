"""The cursor of the next page, out of a `Link` header.

Braze documents `</cdi/integrations/ID/job_sync_status?cursor=c2tpcDow>; rel="prev",</cdi/integrationsID/…>;
rel="next"`: relative, no space after the comma, and the `next` target lacks a slash. So a target is never
followed; all that is taken is its `cursor`, and all that is asked for is built from scratch.
"""

import re
from urllib.parse import unquote

_LINK = re.compile(r"<([^>]*)>([^<]*)")
_REL = re.compile(r"""(?:^|[;\s])rel\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))""", re.IGNORECASE)

MAX_CURSOR = 2048
"""Longer cursors are taken for rubbish: Braze's are base64 of a short offset."""


def next_cursor(link: str) -> str | None:
    """Return the decoded cursor of the link whose relation is `next`; `None` without one.

    Takes several links in any order (header lines joined by commas), names in any letter case, and any
    other parameters. Never raises.
    """
    for target, parameters in _LINK.findall(link):
        relation = _REL.search(parameters)
        if relation and "next" in "".join(filter(None, relation.groups())).lower().split():
            cursor = _cursor(target)
            if cursor:
                return cursor
    return None


def _cursor(target: str) -> str | None:
    query = target.partition("?")[2].partition("#")[0]
    for part in query.split("&"):
        name, _, value = part.partition("=")  # the first "=" only: base64 ends with more of them
        if name.lower() == "cursor":
            cursor = unquote(value, errors="replace")  # a "+" stays one: it is a letter of base64
            return cursor if 0 < len(cursor) <= MAX_CURSOR else None
    return None
