"""The program's standard streams, whatever they lead to: they may be closed, full, or read by nobody."""

import os
import sys


def hold_streams() -> None:
    """Open what is closed of the three streams, to nowhere; what is printed there is lost.

    The next file that is opened would take a closed stream's number: a log line would then be written into the
    database. Let standard output hold every character, as a question mark where its encoding has none.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # a descriptor
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # likewise
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # likewise
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


def give_up_output() -> None:
    """Lead standard output to nowhere: otherwise Python tries once more at its end to write what it could not."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
