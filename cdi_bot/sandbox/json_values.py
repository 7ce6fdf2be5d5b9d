"""Reads JSON that control requests bring into values, with errors that name the wrong field."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

Value = TypeVar("Value")


def read(adapter: TypeAdapter[Value], value: object, whole: str) -> Value:
    """Return `value` as what `adapter` reads.

    Raises ValueError with the first problem and the field it lies in, or `whole` where it lies in none.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or whole
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error
