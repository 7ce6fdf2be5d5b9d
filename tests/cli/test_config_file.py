"""The configuration file as it is found on a disk: what can't be read is said, and nothing goes on for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdi_bot.cli.config_file import LARGEST, load_config
from cdi_bot.core.model.configuration import FileProblemsError


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("\ufeff[[channel]]".encode("utf-16"), "it isn't UTF-8"),
        (b"[[channel]]\nid = '\xe9'", "it isn't UTF-8"),
        (b"# " + b"a" * LARGEST, "it is larger than 10,000,000 bytes"),
    ],
)
def test_what_is_no_text_or_has_no_end_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    """Whole: half of a file would take back what the other half names."""
    path = tmp_path / "cdi-bot.toml"
    path.write_bytes(content)
    with pytest.raises(FileProblemsError) as caught:
        load_config(path)
    assert str(caught.value) == f"cdi-bot.toml:1: the file can't be read: {why}"


@pytest.mark.parametrize("path", ["/dev/zero", "/nowhere/cdi-bot.toml", "/"])
def test_what_is_no_file_is_refused(path: str) -> None:
    """A device that never ends, too."""
    with pytest.raises(FileProblemsError, match="the file can't be read: "):
        load_config(Path(path))
