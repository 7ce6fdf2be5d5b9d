"""The golden files: any difference in any language is found, though another language stores only its texts."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.slack import golden

ENGLISH: dict[str, Any] = {
    "text": "Open",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Open", "emoji": True}},
        {"type": "section", "expand": False, "text": {"type": "mrkdwn", "text": "Users"}},
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "Not now"}, "value": "{}"}]},
        {"type": "file", "limits": [1, 2.5, None]},
    ],
}


def translated() -> dict[str, Any]:
    """Return the same in a language that has two words for `Open`."""
    message = copy.deepcopy(ENGLISH)
    message["text"] = "Offen"
    message["blocks"][0]["text"]["text"] = "Öffnen"
    message["blocks"][2]["elements"][0]["text"]["text"] = "Nicht jetzt"
    return message


def mutated(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Change each value once, take each away once, and add one in each place that can take it."""
    for count in range(1_000):
        changed = copy.deepcopy(message)
        places = list(_places(changed))
        if count == len(places):
            return
        holder, key = places[count]
        was = holder[key]
        holder[key] = {str: f"{was}.", bool: not was}.get(type(was), "else")
        yield copy.deepcopy(changed)
        del holder[key]
        yield copy.deepcopy(changed)
        if isinstance(holder, list):
            holder[key:key] = [was, was]
        else:
            holder |= {"more": "Open", key: was}
        yield changed


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, list | dict):
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from _places(item)


def test_any_difference_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever changes in a message, in English or another language, the comparison fails."""
    monkeypatch.setattr(golden, "FOLDER", tmp_path)
    monkeypatch.setattr(golden, "WRITES", True)
    said = {"en": ENGLISH, "xx": translated()}
    for language, message in said.items():
        golden.assert_file(language, "message", message)
    assert json.loads((tmp_path / "xx" / "message.json").read_text(encoding="utf-8")) == {
        "Open": ["Offen", "Öffnen"],
        "Not now": "Nicht jetzt",
    }
    monkeypatch.setattr(golden, "WRITES", False)
    for language, message in said.items():
        golden.assert_file(language, "message", message)
        for changed in mutated(message):
            with pytest.raises(AssertionError):
                golden.assert_file(language, "message", changed)


@pytest.mark.parametrize(
    "unused", [{"Gone": "Weg"}, {"Users": "Users"}, {"Open": ["Offen", "Öffnen", "Auf"]}]
)
def test_a_translation_without_use_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused: dict[str, Any]
) -> None:
    """No file keeps what its message no longer shows."""
    monkeypatch.setattr(golden, "FOLDER", tmp_path)
    monkeypatch.setattr(golden, "WRITES", True)
    golden.assert_file("en", "message", ENGLISH)
    golden.assert_file("xx", "message", translated())
    monkeypatch.setattr(golden, "WRITES", False)
    path = tmp_path / "xx" / "message.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | unused), encoding="utf-8")
    with pytest.raises(AssertionError):
        golden.assert_file("xx", "message", translated())
