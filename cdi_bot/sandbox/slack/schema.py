"""Descriptions of the JSON that Slack accepts, the check of a value against them in Slack's words, and refusals. Pure.

What a description can't say is a function, the `also` of an object.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cdi_bot.sandbox.control import Json, RequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that Slack refuses: what, and the JSON pointer of where."""

    what: str
    at: str

    def __str__(self) -> str:
        """Return it worded as in `response_metadata.messages`."""
        return f"{self.what} [json-pointer:{self.at}]"


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value: the base of all descriptions."""

    def problems(self, value: object, at: str) -> list[Problem]:  # noqa: ARG002  anything goes
        """Return what is wrong with a value at the JSON pointer `at`; nothing when it is as described."""
        return []


@dataclass(frozen=True, slots=True)
class String(Anything):
    """A string of `least` to `most` characters."""

    most: int
    least: int = 1

    def problems(self, value: object, at: str) -> list[Problem]:
        """Check type and length."""
        if not isinstance(value, str):
            return [Problem(what="must provide a string", at=at)]
        if len(value) > self.most:
            return [Problem(what=f"must be less than {self.most + 1} characters", at=at)]
        if len(value) < self.least:
            return [Problem(what=f"must be more than {self.least - 1} characters", at=at)]
        return []


@dataclass(frozen=True, slots=True)
class Number(Anything):
    """A number."""

    def problems(self, value: object, at: str) -> list[Problem]:
        """Check the type."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return [] if is_number else [Problem(what="must provide a number", at=at)]


@dataclass(frozen=True, slots=True)
class Choice(Anything):
    """One of a few words."""

    words: tuple[str, ...]

    def problems(self, value: object, at: str) -> list[Problem]:
        """Check that it is one of them."""
        what = f"must be one of: {', '.join(sorted(self.words))}"
        return [] if value in self.words else [Problem(what=what, at=at)]


@dataclass(frozen=True, slots=True, kw_only=True)
class List(Anything):
    """A list of `least` to `most` items.

    unique: a property that no two items may share. nullable: whether an item may be null.
    """

    of: Anything
    most: int
    least: int = 1
    unique: str | None = None
    nullable: bool = False

    def problems(self, value: object, at: str) -> list[Problem]:
        """Check the length, and each item within it."""
        if not isinstance(value, list):
            return [Problem(what="must provide an array", at=at)]
        found = []
        if len(value) > self.most:
            found.append(Problem(what=f"no more than {self.most} items allowed", at=at))
        if len(value) < self.least:
            found.append(Problem(what=f"no fewer than {self.least} items allowed", at=at))
        for index, item in enumerate(value[: self.most]):
            if item is not None or not self.nullable:
                found += self.of.problems(item, f"{at}/{index}")
        if self.unique is not None:
            found += repeated(value, self.unique, at, f"`{self.unique}`")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Object(Anything):
    """An object with the properties of `required` and `optional`, `type` and no others; null is as if left out.

    also: returns further problems of an object at a JSON pointer; called when the required properties are there.
    """

    required: Mapping[str, Anything] = field(default_factory=dict)
    optional: Mapping[str, Anything] = field(default_factory=dict)
    also: Callable[[Json, str], list[Problem]] | None = None

    def problems(self, value: object, at: str) -> list[Problem]:
        """Check which properties there are, and each of them."""
        if not isinstance(value, dict):
            return [Problem(what="must provide an object", at=at)]
        described = {**self.required, **self.optional}
        missing = sorted(name for name in self.required if value.get(name) is None)
        found = [Problem(what=f"missing required field: {name}", at=at) for name in missing]
        unknown = sorted(value.keys() - described.keys() - {"type"})
        found += [Problem(what=f"invalid additional property: {name}", at=at) for name in unknown]
        for name, of in described.items():
            if value.get(name) is not None:
                found += of.problems(value[name], f"{at}/{name}")
        if self.also is not None and not missing:
            found += self.also(value, at)
        return found


@dataclass(frozen=True, slots=True)
class OneOf(Anything):
    """An object whose `type` decides what else it holds."""

    types: Mapping[str, Object]

    def problems(self, value: object, at: str) -> list[Problem]:
        """Check the type, and the object by the description of its type."""
        if not isinstance(value, dict):
            return [Problem(what="must provide an object", at=at)]
        found = self.types.get(str(value.get("type")))
        if found is None:
            return [Problem(what=f"unsupported type: {value.get('type')}", at=f"{at}/type")]
        return found.problems(value, at)


def repeated(items: Sequence[object], name: str, at: str, called: str) -> list[Problem]:
    """Return a problem for each item whose property `name` has the value of an earlier item's."""
    found = []
    seen: list[object] = []
    for index, item in enumerate(items):
        value = item.get(name) if isinstance(item, dict) else None
        if value is not None and value in seen:
            found.append(Problem(what=f"{called} already exists: {value}", at=f"{at}/{index}/{name}"))
        seen.append(value)
    return found


class Refusal(RequestError):
    """Slack's answer `ok: false`: Slack's error, and the fields that go with it."""

    @property
    def code(self) -> str:
        """Slack's error."""
        return str(self)


def bad_arguments(*problems: str) -> Refusal:
    """Return Slack's `invalid_arguments`, with each problem in Slack's words."""
    return Refusal(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in problems]}
    )
