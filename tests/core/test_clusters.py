"""Which incidents belong together, whatever comes and ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.core.clusters import LEAST, WITHIN, Cluster, Trouble, cluster_of, clusters
from cdi_bot.core.model.incident import Incident, Kind
from cdi_bot.core.model.source import Source
from tests.core.runs_kit import NOON, at, run

SNOW, BIG = Source.SNOWFLAKE, Source.BIGQUERY


def trouble(number: int, minute: float = 0, source: Source | None = SNOW, **more: Any) -> Trouble:
    """An integration of its own that fails since so many minutes after noon."""
    status = more.pop("status", "error")
    known: dict[str, Any] = {"kind": Kind.SYNC_FAILED, "opened_at": at(minute + 1)}
    return Trouble(
        incident=Incident(
            incident_id=number,
            workspace_id=1,
            integration_id=f"id-{number}",
            revision=1,
            failing_since=at(minute),
            last_failed=run(minute, status),
            **known | more,
        ),
        source=source,
    )


def over(one: Trouble) -> Trouble:
    """The same, over."""
    return replace(one, incident=replace(one.incident, resolved_at=at(500), recovered_since=at(499)))


def recovering(one: Trouble) -> Trouble:
    """The same, good again, but not over."""
    return replace(one, incident=replace(one.incident, recovered_since=at(499)))


def ids(found: Cluster) -> list[int]:
    """Whose incidents they are."""
    return [each.incident.incident_id for each in found.troubles]


def test_three_of_one_source_within_ten_minutes_are_together() -> None:
    """Two are not, nor three within longer; who begins soon after them is with them."""
    two = [trouble(1), trouble(2, 10)]
    assert clusters(two) == []
    assert clusters([*two, trouble(3, 10.1)]) == []
    (found,) = clusters([trouble(3, 5), *two])
    assert (found.source, found.since, ids(found)) == (SNOW, NOON, [1, 3, 2])
    more = [trouble(4, 15), trouble(5, 26), trouble(6, 27), trouble(7, 80)]
    (found,) = clusters([*two, trouble(3, 5), *more])
    assert ids(found) == [1, 3, 2, 4]


def test_only_the_same_way_is_together() -> None:
    """Of failed syncs the status counts, of others the kind; the trickle of a large workspace never adds up."""
    assert clusters([trouble(1), trouble(2), trouble(3, status="partial")]) == []
    late = [trouble(each, kind=Kind.LATE, status=f"any {each}") for each in range(3)]
    (found,) = clusters([*late, trouble(7), trouble(8)])
    assert ids(found) == [0, 1, 2]
    odd = [trouble(each, kind=Kind.QUALITY, reason=reason) for each, reason in enumerate("aab")]
    assert clusters(odd) == []
    assert clusters([trouble(each, 6 * each) for each in range(50)]) == []


def test_what_looks_back_counts_from_when_it_was_found() -> None:
    """No rows since different days, found within minutes."""
    found_at = [
        trouble(each, -2000 * each, kind=Kind.QUALITY, opened_at=at(each), status="success")
        for each in range(3)
    ]
    (found,) = clusters(found_at)
    assert found.since == NOON


def test_the_source_speaks_where_it_alone_has_most() -> None:
    """Else it is what all of the workspace share; where the source is unknown, too."""
    snow = [trouble(each, each) for each in range(4)]
    big = [trouble(10 + each, each, BIG) for each in range(3)]
    (found,) = clusters([*snow, *big[:2]])
    assert (found.source, ids(found)) == (SNOW, [0, 1, 2, 3])
    for others in (big, [*big[:2], trouble(20, 1, None), trouble(21, 1, Source.S3)]):
        (found,) = clusters([*snow, *others])
        assert found.source is None
        assert len(ids(found)) == 4 + len(others)
    (found,) = clusters([trouble(each, each, None) for each in range(3)])
    assert found.source is None


def test_it_stays_what_it_was_when_some_recover() -> None:
    """Counted as recovered, also one that is recovering."""
    known = [trouble(each, each) for each in range(5)]
    (found,) = clusters([over(known[0]), recovering(known[1]), *known[2:]])
    assert [each.incident_id for each in found.unhealthy] == [2, 3, 4]
    assert found.recovered == 2
    assert found.since == NOON
    (found,) = clusters([*map(over, known[1:]), known[0]])
    assert cluster_of([known[0].incident], [found]) == found
    assert cluster_of([over(known[1]).incident], [found]) is None


def test_an_integration_counts_once() -> None:
    """By the incident that lasts, else by the newest."""
    known = [trouble(each, each) for each in range(3)]
    again = replace(
        known[0], incident=replace(known[0].incident, incident_id=9, failing_since=at(2.5), revision=4)
    )
    (found,) = clusters([over(known[0]), *known[1:], again])
    assert ids(found) == [1, 2, 9]
    assert clusters([over(known[0]), known[1], again]) == []


def test_a_card_belongs_to_what_most_of_it_belongs_to() -> None:
    """A card of many may hold incidents of several."""
    errors = [trouble(each, each) for each in range(3)]
    late = [trouble(10 + each, each, BIG, kind=Kind.LATE) for each in range(4)]
    found = clusters([*errors, *late])
    assert len(found) == 2
    mine = cluster_of([each.incident for each in (*errors[:1], *late[:2])], found)
    assert mine is not None
    assert mine.source is BIG
    assert cluster_of([trouble(99).incident], found) is None
    assert cluster_of([errors[0].incident], []) is None


troubles = st.lists(
    st.tuples(
        st.integers(0, 90),
        st.sampled_from([SNOW, SNOW, BIG, None]),
        st.sampled_from(["error", "error", "partial"]),
        st.booleans(),
    ),
    max_size=25,
).map(
    lambda drawn: [
        (over if is_over else replace)(trouble(number, minute, source, status=status))
        for number, (minute, source, status, is_over) in enumerate(drawn)
    ]
)


@given(troubles, st.randoms(use_true_random=False))
def test_each_is_in_one_cluster_at_most_whatever_the_order(known: list[Trouble], random: Any) -> None:
    """And nothing is lost or counted twice."""
    found = clusters(known)
    members = [each for cluster in found for each in ids(cluster)]
    assert len(members) == len(set(members))
    for cluster in found:
        assert len(cluster.unhealthy) + cluster.recovered == len(cluster.troubles) >= LEAST
        assert list(cluster.troubles) == sorted(cluster.troubles, key=lambda each: each.began)
    random.shuffle(known)
    assert sorted(map(ids, clusters(known))) == sorted(map(ids, found))


@given(troubles)
def test_each_began_with_two_others_like_it(known: list[Trouble]) -> None:
    """Within ten minutes, in the same way, at the same source; and whoever did is in a cluster."""
    found = clusters(known)
    for cluster in found:
        for one in cluster.troubles:
            alike = [
                each for each in cluster.troubles if cluster.source is None or each.source is cluster.source
            ]
            assert {each.way for each in alike} == {one.way}
            assert _is_among_enough(one, alike)
            assert cluster.source in (None, one.source)
    members = {each for cluster in found for each in ids(cluster)}
    for one in known:
        same = [each for each in known if (each.way, each.source) == (one.way, one.source)]
        if one.source and _is_among_enough(one, same):
            assert one.incident.incident_id in members


def _is_among_enough(one: Trouble, others: list[Trouble]) -> bool:
    """Whether a window of ten minutes holds it and enough others; by looking at every window."""
    return any(
        sum(timedelta(0) <= each.began - first.began <= WITHIN for each in others) >= LEAST
        for first in others
        if timedelta(0) <= one.began - first.began <= WITHIN
    )


@given(troubles, st.integers(0, 24))
def test_recovering_moves_none_out(known: list[Trouble], which: int) -> None:
    """It is counted as recovered from then on."""
    before = clusters(known)
    if which < len(known):
        known[which] = over(known[which])
    assert sorted(map(ids, clusters(known))) == sorted(map(ids, before))


@given(troubles, st.integers(0, 90), st.sampled_from([SNOW, BIG, None]))
def test_one_more_of_a_source_takes_none_of_it_out(
    known: list[Trouble], minute: int, source: Source | None
) -> None:
    """What was together stays so, at the source or in the workspace."""
    one_more = trouble(999, minute, source)
    for cluster in clusters(known):
        if cluster.source:
            after = {each for found in clusters([*known, one_more]) for each in ids(found)}
            assert set(ids(cluster)) <= after
