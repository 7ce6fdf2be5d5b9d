"""Faults: which requests they hit, how they run out, and their JSON form."""

import pytest
from pydantic_core import to_jsonable_python

from cdi_bot.sandbox.control import read
from cdi_bot.sandbox.faults import Fault, FaultKind, Faults


def test_spared_without_faults() -> None:
    """Without faults no request is hit."""
    assert Faults().take("/cdi/integrations") is None


def test_counts_down() -> None:
    """A counted fault hits that many requests, shows what is left, and is gone."""
    faults = Faults()
    faults.add(Fault(kind=FaultKind.STATUS, status=500, times=2))
    first = faults.take("a")
    assert first is not None
    assert first.status == 500
    assert [fault.times for fault in faults.active()] == [1]
    assert faults.take("a") is not None
    assert faults.take("a") is None
    assert faults.active() == ()


def test_uncounted_stays_until_cleared() -> None:
    """A fault without a count hits every request until faults are cleared."""
    faults = Faults()
    faults.add(Fault(kind=FaultKind.CUT_AFTER))
    assert all(faults.take("a") for _ in range(5))
    faults.clear()
    assert faults.take("a") is None


@pytest.mark.parametrize(
    ("pattern", "path", "hit"),
    [
        (None, "chat.update", True),
        ("chat.postMessage", "chat.postMessage", True),
        ("chat.postMessage", "chat.update", False),
        ("/cdi/integrations", "/cdi/integrations/x/sync", True),
        ("/cdi/integrations$", "/cdi/integrations", True),
        ("/cdi/integrations$", "/cdi/integrations/x/sync", False),
        ("/cdi/integrations/.*/sync", "/cdi/integrations/x/sync", True),
        ("integrations", "/cdi/integrations", False),
    ],
)
def test_path_filter(pattern: str | None, path: str, *, hit: bool) -> None:
    """The path filter fits from the start of the path and may name its end."""
    faults = Faults()
    faults.add(Fault(kind=FaultKind.LATENCY, path=pattern))
    assert (faults.take(path) is not None) is hit


def test_first_that_fits_wins() -> None:
    """Of several faults the first that fits is taken, and one that does not fit is not counted."""
    faults = Faults()
    faults.add(Fault(kind=FaultKind.LATENCY, path="b", times=1))
    faults.add(Fault(kind=FaultKind.CUT_BEFORE, times=1))
    faults.add(Fault(kind=FaultKind.REVOKED))
    taken = [faults.take("a"), faults.take("a"), faults.take("b")]
    assert [fault.kind for fault in taken if fault] == [
        FaultKind.CUT_BEFORE,
        FaultKind.REVOKED,
        FaultKind.LATENCY,
    ]


def test_tells_of_changes() -> None:
    """Adding, counting down and clearing are told; taking an uncounted fault changes nothing."""
    told: list[int] = []
    faults = Faults(on_change=lambda: told.append(len(faults.active())))
    faults.add(Fault(kind=FaultKind.REVOKED))
    faults.take("a")
    assert told == [1]
    faults.clear()
    faults.add(Fault(kind=FaultKind.REVOKED, times=1))
    faults.take("a")
    assert told == [1, 0, 1, 0]


@pytest.mark.parametrize("kind", list(FaultKind))
def test_json_round_trip(kind: FaultKind) -> None:
    """What goes out as JSON reads back as the same fault."""
    fault = Fault(
        kind=kind, seconds=1.5, status=418, body="x", html=True, retry_after=3, times=4, path="chat."
    )
    assert read(Fault, to_jsonable_python(fault)) == fault


def test_json_list() -> None:
    """The list shows each active fault in its order."""
    faults = Faults()
    faults.add(Fault(kind=FaultKind.LATENCY, seconds=2))
    faults.add(Fault(kind=FaultKind.REVOKED))
    assert [shown["kind"] for shown in faults.to_json()] == ["latency", "revoked"]


def test_json_defaults_and_upper_case() -> None:
    """The kind is enough, and its case does not matter."""
    assert read(Fault, {"kind": "RATE_LIMITED"}) == Fault(kind=FaultKind.RATE_LIMITED)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"kind": "nonsense"}, "kind"),
        ({"kind": "NONSENSE"}, "kind"),
        ({"kind": 7}, "kind"),
        ({}, "kind"),
        ([], "body"),
        ({"kind": "latency", "speed": 1}, "speed"),
        ({"kind": "latency", "path": "("}, "regular expression"),
        ({"kind": "latency", "seconds": -1}, "negative"),
        ({"kind": "latency", "times": 0}, "at least 1"),
        ({"kind": "status", "status": 99}, "between 200 and 599"),
    ],
)
def test_json_refused(value: object, word: str) -> None:
    """A wrong fault is refused with a text that names what is wrong."""
    with pytest.raises(ValueError, match=word):
        read(Fault, value)
