"""Where tables and keys stand in a TOML file."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from cdi_bot.configuration.lines import line_of, lines_of

_NOISE = (
    '"""\n[[not]]\nkey = 1\\"""" ',
    "'''\na = [\n'''",
    '[ # x = 1\n  "]", "#",\n]',
    '{ inner = "[[", other = 1 }',
    '"# \\" ["',
    "'\\'",
    "0x1F",
)
"""Values with what looks like something else, over several lines."""


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["workspace", '"a.b"', "channel"]),
            st.lists(st.tuples(st.booleans(), st.sampled_from([*_NOISE, "# x = 1", ""])), max_size=5),
        ),
        max_size=6,
    )
)
def test_each_key_is_found_at_its_line(entries: list[tuple[str, list[tuple[bool, str]]]]) -> None:
    """Whatever stands between them: here each key holds the number of its own line."""
    lines: list[str] = []
    for name, statements in entries:
        lines.append(f"  [[ {name} ]]  # [[other]]" if len(lines) % 2 else f"[[{name}]]")
        for number, (is_value, noise) in enumerate(statements):
            if is_value or noise.startswith(("#", '"""', "'''")) or not noise:
                lines += (noise if noise.startswith("#") or not noise else f"noise{number} = {noise}").split(
                    "\n"
                )
            else:
                lines.append(f"'noise {number}' = 1")
            lines.append(f"line{number} = {len(lines) + 1}")
    text = "\n".join(lines)
    found = lines_of(text)
    for table, values in tomllib.loads(text).items():
        for number, entry in enumerate(values):
            assert lines[found[table, number] - 1].strip().startswith("[[")
            for key, value in entry.items():
                if key.startswith("line"):
                    assert found[table, number, key] == value


def test_what_stands_inside_a_value_has_its_line() -> None:
    """An inline table, a dotted key and an element of an array are found at the key that holds them."""
    text = 'workspace = [\n  { name = "a" },\n]\n[[channel]]\nid = "C1"\na.b = 1\n'
    found = lines_of(text)
    assert line_of(("workspace", 0, "name"), found) == 1
    assert line_of(("channel", 0, "a", "b"), found) == 6
    assert line_of(("channel", 0, "id", 3), found) == 5
    assert line_of(("nowhere",), found) == 1
