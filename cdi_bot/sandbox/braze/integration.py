"""One integration of the Braze stand-in: what it is configured to be, and the runs it has had.

No event starts here: `simulation` decides when a run starts and ends.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter

from cdi_bot.sandbox.braze.runs import SUCCESS, GeneratedRuns, Run, RunPlan, refuse_lengths, settled
from cdi_bot.sandbox.control import Strict

FILE_SOURCES = frozenset({"s3", "gcs", "azure_blob"})
"""Values of `warehouse_type` that hold files: no schedule, no UPDATED_AT, a run for each new file. Source:
braze.com/docs/user_guide/data/unification/cloud_ingestion/sources; the API's page names no values."""

_START = attrgetter("start")
_MIN_INTERVAL = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddities(Strict):
    """How the answers about an integration differ from what is documented.

    naive_times: times carry no zone. whole_seconds: times carry no fraction.
    text_counts: counts are strings.
    status: shown instead of every final status.
    omit_nulls: what is not known is left out instead of null.
    repeat_cursor: there is always a `next`, with the same cursor.
    """

    naive_times: bool = False
    whole_seconds: bool = False
    text_counts: bool = False
    status: str | None = None
    omit_nulls: bool = False
    repeat_cursor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst(Strict):
    """How files arrive at a file source.

    every_seconds: mean time between two bursts. most: a burst brings between one and this many files,
    and each file is a run of its own, one after the other.

    Raises ValueError for less than a second or a file.
    """

    every_seconds: float
    most: int

    def __post_init__(self) -> None:
        """Refuse bursts without time between them."""
        refuse_lengths(every_seconds=self.every_seconds)
        if self.every_seconds < _MIN_INTERVAL or self.most < 1:
            raise ValueError("a burst needs every_seconds of 1 or more, and most of 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationConfig(Strict):
    """How an integration is configured in Braze's dashboard, and how its runs usually go.

    The first six are fields of the list call, which documents strings and no values
    (braze.com/docs/api/endpoints/cdi/get_integration_list).

    integration_id: empty: the world generates one.
    integration_type: what is synced (`users_attributes`), or a source, as in Braze's example (`SNOWFLAKE`).
    integration_status: the dashboard knows active, paused and draft; the example writes `ACTIVE`. Whatever is not
        active in any letters plans no runs; one that is asked for runs, as no refusal is documented.
    warehouse_type: the source. contact_emails: whom Braze mails, comma-separated.
    schedule_seconds: from one start to the next; None for event-driven, manual and API-triggered sources.
    run_seconds, rows: usual length and size of a run. usual_outcome: of runs without a plan of their own.
    burst: set for file sources. stalled: scheduled times pass without a run.

    Raises ValueError for a schedule under a second and for negative figures.
    """

    integration_id: str = ""
    integration_name: str = "Untitled"
    integration_type: str = "users_attributes"
    integration_status: str = "active"
    warehouse_type: str = "snowflake"
    contact_emails: str = "data-platform@northwind.example"
    schedule_seconds: float | None = None
    run_seconds: float = 5.0
    rows: int = 1000
    usual_outcome: str = SUCCESS
    burst: Burst | None = None
    stalled: bool = False
    oddities: Oddities = field(default_factory=Oddities)

    def __post_init__(self) -> None:
        """Refuse a schedule without time between runs, and negative figures."""
        if self.schedule_seconds is not None and self.schedule_seconds < _MIN_INTERVAL:
            raise ValueError("schedule_seconds must be at least 1")
        refuse_lengths(schedule_seconds=self.schedule_seconds, run_seconds=self.run_seconds)
        if self.rows < 0:
            raise ValueError("rows must not be negative")

    @property
    def is_active(self) -> bool:
        """Whether its schedule, or new files, bring runs."""
        return self.integration_status.lower() == "active"

    @property
    def has_watermark(self) -> bool:
        """Whether its runs tell of a last timestamp synced."""
        return self.warehouse_type.lower() not in FILE_SOURCES


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    """What the list call shows of an integration's runs, from `at` on."""

    at: datetime
    last_job_status: str | None = None
    last_job_start_time: datetime | None = None
    next_scheduled_run: datetime | None = None
    last_updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Current:
    """The run in progress: its start, and its resolved plan."""

    start: datetime
    plan: RunPlan


@dataclass(slots=True, kw_only=True)
class Integration:
    """One integration with its runs. At most one is in progress, as in Braze.

    next_slot: when the next scheduled run is due. number: how many runs it began; seeds the randomness of each.
    plan_token, queued: name the events that are still valid; `queued` is set while a start is due that is
    not shown yet. files: files that wait for their run. coming: plans for the next runs to begin.
    """

    config: IntegrationConfig
    next_slot: datetime | None = None
    plan_token: int = 0
    deleted: bool = False
    number: int = 0
    queued: int | None = None
    files: int = 0
    current: Current | None = None
    watermark: datetime | None = None
    past: GeneratedRuns | None = None
    coming: deque[RunPlan] = field(default_factory=deque)
    _runs: list[Run] = field(default_factory=list)
    _facts: deque[ListFacts] = field(default_factory=deque)

    @property
    def busy(self) -> bool:
        """Whether a run is in progress or about to start: another one is refused."""
        return self.queued is not None or self.current is not None

    @property
    def next_outcome(self) -> str:
        """The final status of the next run to begin."""
        return self.coming[0].outcome if self.coming else self.config.usual_outcome

    @property
    def newest(self) -> Run | None:
        """The run with the latest start."""
        if self._runs:
            return self._runs[-1]
        return self.past[0] if self.past else None

    def take_plan(self) -> RunPlan:
        """Take the plan of the run that begins now."""
        return self.coming.popleft() if self.coming else RunPlan(outcome=self.config.usual_outcome)

    def free_start(self, at: datetime) -> datetime:
        """Return `at`, or the first microsecond after it that is not the start of another run."""
        while (index := bisect_left(self._runs, at, key=_START)) < len(self._runs) and (
            self._runs[index].start == at
        ):
            at += timedelta(microseconds=1)
        return at

    def put(self, runs: Iterable[Run]) -> None:
        """Add runs in any order; one with a known start replaces that run."""
        known = [*(self.past or ()), *self._runs]
        self.past = None
        self._runs = sorted(({run.start: run for run in [*known, *runs]}).values(), key=_START)
        if self._runs:
            self.watermark = self._runs[-1].last_timestamp_synced or self.watermark

    def begin(self, run: Run, current: Current) -> None:
        """Show `run`, as the one in progress."""
        self.queued = None
        self.current = current
        insort(self._runs, run, key=_START)

    def end(self, current: Current, at: datetime) -> None:
        """End `current`, the run in progress, at `at` by its plan, but never before its start (which may change)."""
        index = bisect_left(self._runs, current.start, key=_START)
        run = settled(
            self._runs[index],
            current.plan,
            finish=max(at, current.start),
            watermark=self.watermark,
            has_watermark=self.config.has_watermark,
        )
        self._runs[index] = run
        self.watermark = run.last_timestamp_synced
        self.current = None

    @property
    def total(self) -> int:
        """How many runs the status call can return."""
        return len(self._runs) + len(self.past or ())

    def page(self, offset: int, size: int) -> list[Run]:
        """Return `size` runs or fewer from `offset` on, newest first, at a cost that does not grow with the history."""
        lived = len(self._runs)
        runs = [self._runs[lived - 1 - index] for index in range(offset, min(offset + size, lived))]
        if self.past is not None and offset + size > lived:
            runs += self.past[max(0, offset - lived) : offset + size - lived]
        return runs

    def record(self, at: datetime, lag: timedelta) -> None:
        """Record what the list shows from `at` on, and forget what a list `lag` behind can't show again."""
        newest = self.newest
        self._facts.append(
            ListFacts(
                at=at,
                last_job_status=newest.status if newest else None,
                last_job_start_time=newest.start if newest else None,
                next_scheduled_run=self.next_slot,
                last_updated_at=self.watermark,
            )
        )
        while len(self._facts) > 1 and self._facts[1].at <= at - lag:
            self._facts.popleft()

    def facts(self, at: datetime) -> ListFacts:
        """Return what the list shows of the state at `at`, or else the oldest that is kept."""
        return next((facts for facts in reversed(self._facts) if facts.at <= at), self._facts[0])
