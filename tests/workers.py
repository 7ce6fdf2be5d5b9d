"""Workers of pytest-xdist that begin with everything loaded: forks of one process that has collected the tests.

To load the tests, and the program with what counts its coverage, takes a worker longer than most tests do. As each
worker's Python xdist starts `_lend`, which hands its streams to that process; it ends with the fork that has them.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory

_STREAMS = 3


@contextmanager
def forked_workers(tests: Sequence[str]) -> Iterator[str]:
    """What xdist takes for a Python; what it starts so has loaded these tests."""
    code = f"from tests.workers import serve; serve({{}}, {list(tests)!r})"
    with TemporaryDirectory(prefix="cdi-bot-workers-") as folder, socket.socket(socket.AF_UNIX) as listening:
        address = f"{folder}/socket"
        listening.bind(address)
        listening.listen()
        with subprocess.Popen(
            [sys.executable, "-c", code.format(listening.fileno())],
            stdin=subprocess.PIPE,  # it ends with this process, however that ends
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTEST_XDIST_WORKER": "loaded"},  # by this slipcover knows whom to count in
            pass_fds=[listening.fileno()],
        ):
            yield f"{sys.executable} -SE {Path(__file__)} {address}"


def serve(listening: int, tests: Sequence[str]) -> None:
    """Load everything; then be the process that forks, and in each fork a worker."""
    import_module("slipcover.pytest_plugin")
    import_module("playwright.async_api")
    package = import_module("cdi_bot")
    for module in walk_packages(package.__path__, "cdi_bot."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    import_module("pytest").main(["--collect-only", "-qq", "-n0", "--dist=no", *tests])
    with socket.socket(fileno=listening) as asked:
        while 0 not in select.select([asked.fileno(), 0], [], [])[0]:
            lender, _ = asked.accept()
            _, streams, _, _ = socket.recv_fds(lender, 1, _STREAMS)
            if os.fork() == 0:
                asked.close()
                _work(streams)
                return
            lender.close()
            for each in streams:
                os.close(each)


def _work(streams: Sequence[int]) -> None:
    """Do what xdist wants of a Python that it starts."""
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115  # as Python does at its start
    sys.stdout, sys.stderr = os.fdopen(1, "w", 1, encoding="utf-8"), os.fdopen(2, "w", 1, encoding="utf-8")
    exec(eval(sys.stdin.readline()), vars(sys.modules["__main__"]))  # noqa: S102, S307  # as xdist would have it


def _lend(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as loaded:
        loaded.connect(address)
        socket.send_fds(loaded, [b"\0"], range(_STREAMS))
        loaded.recv(1)


if __name__ == "__main__":
    _lend(sys.argv[1])
