"""Braze's answers, read as leniently as they can be without guessing.

A clean page goes straight from bytes to values. On any flaw the page is read again item by item, and what can't be
read costs as little as possible:

* a field that is missing, null or an empty string is unknown; so is one that can't be read (a count of "abc" or
  -1, a time of "soon"), and that is reported. "12" is 12;
* a time without a zone is taken as UTC and reported; others are turned into UTC;
* a run without a status or a start time, and an integration without an id, can't be kept: the item is reported
  and left out. An integration without a name goes by its id;
* statuses are lower-cased, words never heard of are kept, fields never heard of are ignored;
* an answer that is no JSON object with a list of `results` raises `NotJsonError`.

`Unreadable` says all of this to the caller; `where` reads like `results[3].rows_synced`.
"""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from cdi_bot.braze.errors import NotJsonError
from cdi_bot.braze.links import next_cursor
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.run import Run
from cdi_bot.monitoring.braze_port import ListPage, StatusPage, Unreadable

_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,128}")


def is_valid_integration_id(integration_id: str) -> bool:
    """Whether this could be an id: it can stand in a URL path as it is (RFC 3986's unreserved letters).

    Not only UUIDs: Braze's reference also shows `abc123xyz`.
    """
    return _ID.fullmatch(integration_id) is not None


def _usable_id(integration_id: str) -> str:
    if not is_valid_integration_id(integration_id):
        raise ValueError("the id can't stand in a URL")
    return integration_id


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time lies outside the calendar") from error


# Strict: a bare number is no time. Strings of digits pass as epoch seconds, hence the least year where it matters:
# a date written 20260325 would else be taken for a day in 1970.
_Time = Annotated[AwareDatetime, Strict(), AfterValidator(_in_utc)]
_RecentTime = Annotated[_Time, Field(ge=datetime(2000, 1, 1, tzinfo=UTC))]
_Count = Annotated[int, Field(ge=0, lt=2**63)]  # databases hold 64 bits
_Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]  # PostgreSQL holds no NUL
_Word = Annotated[_Text, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1)]


class _RunRow(BaseModel):
    """An item of `job_sync_status`; names are those of `core.model.Run`."""

    job_status: _Word
    sync_start_time: _RecentTime
    sync_finish_time: _RecentTime | None = None
    last_timestamp_synced: _Time | None = None
    rows_synced: _Count | None = None
    rows_failed_with_errors: _Count | None = None


class _IntegrationRow(BaseModel):
    """An item of the list; names are those of `core.model.Integration`."""

    integration_id: Annotated[str, AfterValidator(_usable_id)]
    integration_name: Annotated[_Text, StringConstraints(strip_whitespace=True)] | None = None
    integration_type: _Text | None = None
    integration_status: _Text | None = None
    warehouse_type: _Text | None = None
    last_updated_at: _Time | None = None
    last_job_start_time: _RecentTime | None = None
    last_job_status: _Word | None = None
    next_scheduled_run: _RecentTime | None = None


_Row = TypeVar("_Row", bound=BaseModel)


class _Page(BaseModel, Generic[_Row]):
    """A whole answer of either GET."""

    results: list[_Row]


class _Reader(Generic[_Row]):
    """Reads one kind of page: as a whole where it is clean, else item by item."""

    def __init__(self, page: type[_Page[_Row]], row: type[_Row]) -> None:
        """Take the page's model and that of its items."""
        self._page = page
        self._row = row
        self._required = {name for name, field in row.model_fields.items() if field.is_required()}

    def read(self, body: bytes) -> tuple[list[_Row], list[Unreadable]]:
        """Return the items that can be kept, and what could not be read."""
        try:
            return self._page.model_validate_json(body).results, []
        except ValidationError:
            unreadable: list[Unreadable] = []  # its text quotes the answer: nothing of it is kept
        salvaged = [
            self._salvage(item, f"results[{place}]", unreadable) for place, item in enumerate(_items(body))
        ]
        return [row for row in salvaged if row is not None], unreadable

    def _salvage(self, item: object, where: str, unreadable: list[Unreadable]) -> _Row | None:
        """Mend or drop one field after another until the rest can be read; `None` when a needed one can't."""
        if not isinstance(item, dict):
            unreadable.append(Unreadable(where=where, why="not an object"))
            return None
        known = {
            field: _plain(item[field])
            for field in self._row.model_fields
            if item.get(field) not in (None, "")
        }
        while True:  # each round drops a field, or gives one its zone, which happens once to each
            try:
                return self._row.model_validate_json(json.dumps(known))
            except ValidationError as error:
                problems = error.errors(include_url=False, include_context=False, include_input=False)
            for problem in problems:
                field = str(problem["loc"][0])
                place = f"{where}.{field}"
                if problem["type"] == "timezone_aware":
                    known[field] += "Z"
                    unreadable.append(Unreadable(where=place, why="a time without a zone, taken as UTC"))
                elif field in self._required:
                    unreadable.append(Unreadable(where=place, why=f"left out: {problem['msg']}"))
                    return None
                else:
                    del known[field]
                    unreadable.append(Unreadable(where=place, why=f"taken as unknown: {problem['msg']}"))


def _items(body: bytes) -> list[object]:
    """Find the items of a page in which something is wrong. Raises `NotJsonError` when there are none to find."""
    try:
        page = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        page = None
    if page is None:
        raise NotJsonError("HTML instead of JSON" if body.lstrip().startswith(b"<") else "no whole JSON")
    items = page.get("results") if isinstance(page, dict) else None
    if not isinstance(items, list):
        raise NotJsonError("JSON without a list of results")
    return items


def _plain(value: object) -> Any:
    """A value that validators and databases can bear: no NUL, no halves of surrogate pairs, no depth."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    return value if isinstance(value, int | float) else {}


_RUNS = _Reader(_Page[_RunRow], _RunRow)
_INTEGRATIONS = _Reader(_Page[_IntegrationRow], _IntegrationRow)


def read_status_page(body: bytes, integration_id: str, *, link: str, cursor: str | None) -> StatusPage:
    """Read a page of runs; `link` is the answer's `Link` header, `cursor` the one that was sent."""
    rows, unreadable = _RUNS.read(body)
    following = _following(link, cursor, unreadable)
    runs = tuple(Run(integration_id=integration_id, **vars(row)) for row in rows)
    return StatusPage(runs=runs, next_cursor=following, unreadable=tuple(unreadable))


def read_list_page(body: bytes, workspace_id: int, *, link: str, cursor: str | None) -> ListPage:
    """Read a page of integrations; `link` is the answer's `Link` header, `cursor` the one that was sent."""
    rows, unreadable = _INTEGRATIONS.read(body)
    following = _following(link, cursor, unreadable)
    for row in rows:
        row.integration_name = row.integration_name or row.integration_id
    integrations = tuple(Integration(workspace_id=workspace_id, **vars(row)) for row in rows)
    return ListPage(integrations=integrations, next_cursor=following, unreadable=tuple(unreadable))


def read_confirmation(body: bytes) -> None:
    """Make sure that a sync was confirmed by Braze, not by a proxy's page. Raises `NotJsonError`."""
    try:
        _CONFIRMATION.validate_json(body)
    except ValidationError:
        confirmed = False
    else:
        confirmed = True
    if not confirmed:
        raise NotJsonError("no JSON object")


_CONFIRMATION = TypeAdapter(dict[str, Any])


def _following(link: str, cursor: str | None, unreadable: list[Unreadable]) -> str | None:
    """The next page's cursor, unless it leads back to the page just read."""
    following = next_cursor(link) if link else None
    if following is not None and following == cursor:
        unreadable.append(Unreadable(where="Link", why="the next page is this one again: reading stops here"))
        return None
    return following
