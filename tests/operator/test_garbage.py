"""What the garbage collector leaves alone. In a process of its own: the collector is one for all of a process."""

from __future__ import annotations

import json
import subprocess
import sys

_GATHER = """
import gc, json, weakref
from cdi_bot.operator.garbage import spare_long_lived_objects

class Kept(list):
    pass

spare_long_lived_objects()
frozen = [gc.get_freeze_count()]
few = [Kept() for _ in range(100)]
gc.collect()
frozen.append(gc.get_freeze_count())
many = [Kept() for _ in range(1_000_000)]
gc.collect()
frozen.append(gc.get_freeze_count())
gone = weakref.ref(many[0])
many.clear()
circle = Kept()
circle.append(circle)
looked_for = weakref.ref(circle)
del circle
gc.collect()
print(json.dumps([frozen, gone() is None, looked_for() is None]))
"""


def test_what_stays_is_gone_through_once() -> None:
    """What a slow pass leaves is spared by the next; it still goes when it is let go, and new circles are found."""
    told = subprocess.run([sys.executable, "-c", _GATHER], capture_output=True, check=True)
    (loaded, with_few, with_many), let_go, circle_found = json.loads(told.stdout)
    assert loaded > 0
    assert with_few == loaded, "a quick pass spares nothing: what it goes through costs nobody time"
    assert with_many > loaded + 100_000
    assert let_go
    assert circle_found
