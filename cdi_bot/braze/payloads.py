"""Reads Braze's responses: as leniently as possible without guessing.

A valid page goes straight from bytes to values. If anything in it is invalid, the page is read again item by item, so
that as little as possible is lost:

* a field that is missing, null or an empty string is unknown; so is one that is invalid (a count of "abc" or -1, a
  time of "soon"), and that is reported. "12" is 12;
* starts, ends and schedules are believed from 2000 until two years from now. A watermark may be any later time, as that
  is what a mistyped year looks like; one beyond the calendar is the latest time that is kept;
* a time without a zone is taken as UTC and reported; others are converted to UTC. As Ruby, in which Braze is written,
  puts a time into a text (`2026-03-25 12:53:35 UTC`), it is read too;
* a run without a status or a start time, and an integration without an id, can't be kept: the item is reported
  and left out. An integration without a name gets its id as name;
* texts are cut to 1,000 characters; nobody sees more of a name;
* statuses are lower-cased, and documented ones are known in every spelling ("Limit Exceeded"); undocumented ones are
  kept, and undocumented fields are ignored;
* a page none of whose items can be kept is no answer: it would look as if there were none;
* that, and a response that is not a JSON object with a list of `results`, raises `BrazeTrouble` with the reason
  `NOT_JSON`.

What is reported comes back as `Unreadable`; `where` has the form `results[3].rows_synced`.

Source: Braze's API reference names the fields, the statuses and the `Link` header. That counts may be strings, that
times differ in precision and that fields may be null was seen by other clients. Braze documents
`Link: </cdi/integrations/ID/job_sync_status?cursor=c2tpcDow>; rel="prev",</cdi/integrationsID/…>; rel="next"`:
the targets are relative, no space follows the comma, and the `next` target lacks a slash. So a target is never
followed: only its `cursor` is taken, and every URL is built from scratch.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from sys import intern
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import unquote

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from cdi_bot.braze.errors import UNUSABLE_ID, trouble_for
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import DOCUMENTED_STATUSES, Run
from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble, ListPage, StatusPage, Unreadable

LONGEST_TEXT = 1000
"""Characters: longer names and words are cut, before anything is done with them."""

BELIEVED_FROM, BELIEVED_AHEAD = datetime(2000, 1, 1, tzinfo=UTC), timedelta(days=731)
"""Starts, ends and schedules are believed from then until so long from now."""

LATEST = datetime(9999, 12, 31, tzinfo=UTC)
"""Later watermarks are kept as this: both databases hold it, and it is in the calendar of every time zone."""

MAX_CURSOR = 2048
"""Longer cursors are ignored: Braze's are base64 of a short offset."""

_WATERMARK = "last_timestamp_synced"
_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,128}")
_RUBY_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (?:UTC|([+-]\d{4}))", re.ASCII)
_YEAR_OF_FIVE_DIGITS = re.compile(r"\s*\+?0*[1-9]\d{4,}-\d\d-\d\d", re.ASCII)
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_REL = re.compile(r"""(?:^|[;\s])rel\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))""", re.IGNORECASE)


def is_valid_integration_id(integration_id: str) -> bool:
    """Whether this could be an id: it needs no escaping in a URL path (RFC 3986's unreserved characters).

    Not only UUIDs: Braze's API reference also shows `abc123xyz`.
    """
    return _ID.fullmatch(integration_id) is not None


def check_integration_id(integration_id: str) -> None:
    """Raise `BrazeTrouble` for what can't be an id."""
    if not is_valid_integration_id(integration_id):
        raise trouble_for(BrazeReason.INVALID_INTEGRATION, text=UNUSABLE_ID)


def _usable_id(integration_id: str) -> str:
    if not is_valid_integration_id(integration_id):
        raise ValueError("the id can't stand in a URL")
    return integration_id


def _spelled_as_documented(status: str) -> str:
    documented = status.replace(" ", "_").replace("-", "_")
    return intern(documented if documented in DOCUMENTED_STATUSES else status)


def _joined(texts: object) -> object:
    """Several texts as one. Braze documents `contact_emails` as a text, though its name is a plural."""
    if not isinstance(texts, list):
        return texts or None
    return ", ".join(text.strip() for text in texts if isinstance(text, str)) or None


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time lies outside the calendar") from error


def _believed(time: datetime, info: ValidationInfo) -> datetime:
    latest: datetime = info.context or LATEST
    if not BELIEVED_FROM <= time <= latest:
        raise ValueError("the time can't be believed: it lies before 2000, or more than two years ahead")
    return time


def _kept_watermark(time: datetime) -> datetime:
    """In UTC, and no later than is kept. Raises `ValueError` for times that no row was ever changed at."""
    if time.replace(tzinfo=UTC) >= LATEST - timedelta(days=2):  # some zones can't be converted any more
        return LATEST
    time = _in_utc(time)
    if time < datetime(1970, 1, 1, tzinfo=UTC):
        raise ValueError("the time can't be believed: it lies before 1970")
    return time


# Strict: a bare number is not a time. Strings of digits pass as epoch seconds; the minimum year, where it matters,
# rejects a date written 20260325, which would be a day in 1970.
_Time = Annotated[AwareDatetime, Strict(), AfterValidator(_in_utc)]
_BelievedTime = Annotated[_Time, AfterValidator(_believed)]
_Watermark = Annotated[AwareDatetime, Strict(), AfterValidator(_kept_watermark)]
_Count = Annotated[int, Field(ge=0, lt=2**63)]  # databases hold 64 bits
_Text = Annotated[
    str, StringConstraints(pattern=r"^[^\x00]*$"), AfterValidator(lambda text: text[:LONGEST_TEXT].rstrip())
]  # PostgreSQL holds no NUL
_Word = Annotated[
    _Text,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=1),
    AfterValidator(_spelled_as_documented),
]


_Texts = Annotated[_Text, BeforeValidator(_joined)]


class _RunRow(BaseModel):
    """An item of `job_sync_status`, with the field names of the core's `Run`."""

    job_status: _Word
    sync_start_time: _BelievedTime
    sync_finish_time: _BelievedTime | None = None
    last_timestamp_synced: _Watermark | None = None
    rows_synced: _Count | None = None
    rows_failed_with_errors: _Count | None = None


class _IntegrationRow(BaseModel):
    """An item of the list, with the field names of the core's `Integration`."""

    integration_id: Annotated[str, AfterValidator(_usable_id)]
    integration_name: Annotated[_Text, StringConstraints(strip_whitespace=True)] | None = None
    integration_type: _Text | None = None
    integration_status: _Text | None = None
    warehouse_type: _Text | None = None
    app_group_id: _Text | None = None
    contact_emails: _Texts | None = None
    last_updated_at: _BelievedTime | None = None
    last_job_start_time: _BelievedTime | None = None
    last_job_status: _Word | None = None
    next_scheduled_run: _BelievedTime | None = None


_Row = TypeVar("_Row", bound=BaseModel)


class _Page(BaseModel, Generic[_Row]):
    """A whole response to either GET."""

    results: list[_Row]


class _Reader(Generic[_Row]):
    """Reads one kind of page: as a whole where it is valid, else item by item."""

    def __init__(self, page: type[_Page[_Row]], row: type[_Row]) -> None:
        self._page = page
        self._row = row
        self._told_by = "integration_id" if "integration_id" in row.model_fields else "sync_start_time"
        self._required = {name for name, field in row.model_fields.items() if field.is_required()}

    def read(self, body: bytes, now: datetime) -> tuple[list[_Row], list[Unreadable]]:
        """Return the items that can be kept, and what is invalid."""
        latest = min(now, LATEST - BELIEVED_AHEAD) + BELIEVED_AHEAD
        try:
            return self._page.model_validate_json(body, context=latest).results, []
        except ValidationError:
            unreadable: list[Unreadable] = []  # the exception quotes the response: nothing of it is kept
        items = _items(body)
        salvaged = [
            self._salvage(item, f"results[{place}]", unreadable, latest) for place, item in enumerate(items)
        ]
        rows = [row for row in salvaged if row is not None]
        if items and not rows:  # else it would look as if there were no runs, or no integrations
            raise _not_json(f"none of its items can be kept (the first: {unreadable[0].why})")
        return rows, unreadable

    def _salvage(
        self, item: object, where: str, unreadable: list[Unreadable], latest: datetime
    ) -> _Row | None:
        """Fix or drop invalid fields until the rest can be read; `None` when a required one is invalid."""
        if not isinstance(item, dict):
            unreadable.append(Unreadable(where=where, why="not an object"))
            return None
        known = {
            field: _plain(item[field])
            for field in self._row.model_fields
            if item.get(field) not in (None, "")
        }
        of = str(known.get(self._told_by, ""))[:128]
        while True:  # ends: each round drops a field, or writes one otherwise, once each
            try:
                return self._row.model_validate_json(json.dumps(known), context=latest)
            except ValidationError as error:
                problems = error.errors(include_url=False, include_context=False, include_input=False)
            for problem in problems:
                field = str(problem["loc"][0])
                place = f"{where}.{field}"
                if "datetime" in problem["type"] and (time := _RUBY_TIME.fullmatch(str(known[field]))):
                    known[field] = f"{time[1]}T{time[2]}{time[3] or 'Z'}"
                elif field == _WATERMARK and _YEAR_OF_FIVE_DIGITS.match(str(known[field])):
                    known[field] = LATEST.isoformat()
                elif problem["type"] == "timezone_aware":
                    known[field] += "Z"
                    unreadable.append(
                        Unreadable(where=place, of=of, why="a time without a zone, taken as UTC")
                    )
                elif field in self._required:
                    unreadable.append(Unreadable(where=place, of=of, why=f"left out: {problem['msg']}"))
                    return None
                else:
                    del known[field]
                    unreadable.append(
                        Unreadable(where=place, of=of, why=f"taken as unknown: {problem['msg']}")
                    )


def _items(body: bytes) -> list[object]:
    """Find the items of an invalid page. Raises `BrazeTrouble` when it has no list of them."""
    try:
        page = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        page = None
    if page is None:
        raise _not_json("HTML instead of JSON" if body.lstrip().startswith(b"<") else "no whole JSON")
    items = page.get("results") if isinstance(page, dict) else None
    if not isinstance(items, list):
        raise _not_json("JSON without a list of results")
    return items


def _plain(value: object) -> Any:
    """A value that validators and databases accept: no NUL, no halves of surrogate pairs, of lists the texts."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_plain(each) for each in value if isinstance(each, str)]
    return value if isinstance(value, int | float) else {}


_RUNS = _Reader(_Page[_RunRow], _RunRow)
_INTEGRATIONS = _Reader(_Page[_IntegrationRow], _IntegrationRow)
_CONFIRMATION = TypeAdapter(dict[str, Any])


def read_status_page(
    body: bytes, integration_id: str, *, now: datetime, link: str, cursor: str | None
) -> StatusPage:
    """Read a page of runs; `link` is the response's `Link` header, `cursor` the one that was sent."""
    rows, unreadable = _RUNS.read(body, now)
    following = _following(link, cursor, unreadable)
    runs = tuple(Run(integration_id=integration_id, **vars(row)) for row in rows)
    return StatusPage(runs=runs, next_cursor=following, unreadable=tuple(unreadable))


def read_list_page(
    body: bytes, workspace_id: int, *, now: datetime, link: str, cursor: str | None
) -> ListPage:
    """Read a page of integrations; `link` is the response's `Link` header, `cursor` the one that was sent."""
    rows, unreadable = _INTEGRATIONS.read(body, now)
    following = _following(link, cursor, unreadable)
    for row in rows:
        row.integration_name = row.integration_name or row.integration_id
    integrations = tuple(Integration(workspace_id=workspace_id, **vars(row)) for row in rows)
    return ListPage(integrations=integrations, next_cursor=following, unreadable=tuple(unreadable))


def read_confirmation(body: bytes) -> None:
    """Check that Braze confirmed a sync, not a proxy's page. Raises `BrazeTrouble` with the reason `NOT_JSON`."""
    try:
        _CONFIRMATION.validate_json(body)
    except ValidationError:
        confirmed = False
    else:
        confirmed = True
    if not confirmed:
        raise _not_json("no JSON object")


def _not_json(what: str) -> BrazeTrouble:
    return trouble_for(BrazeReason.NOT_JSON, what=what)


def next_cursor(link: str) -> str | None:
    """Return the decoded cursor of the link whose relation is `next`; `None` without one.

    Takes several links in any order (header lines joined by commas), names in any letter case, and any
    other parameters. Never raises.
    """
    for target, parameters in _LINK.findall(link):
        relation = _REL.search(parameters)
        if relation and "next" in "".join(filter(None, relation.groups())).lower().split():
            cursor = _cursor_in(target)
            if cursor:
                return cursor
    return None


def _cursor_in(target: str) -> str | None:
    query = target.partition("?")[2].partition("#")[0]
    for part in query.split("&"):
        name, _, value = part.partition("=")  # the first "=" only: base64 ends with more of them
        if name.lower() == "cursor":
            cursor = unquote(value, errors="replace")  # a "+" stays one: it is a character of base64
            return cursor if 0 < len(cursor) <= MAX_CURSOR else None
    return None


def _following(link: str, cursor: str | None, unreadable: list[Unreadable]) -> str | None:
    """The next page's cursor, unless it leads back to the page just read."""
    following = next_cursor(link) if link else None
    if following is not None and following == cursor:
        unreadable.append(Unreadable(where="Link", why="the next page is this one again: reading stops here"))
        return None
    return following
