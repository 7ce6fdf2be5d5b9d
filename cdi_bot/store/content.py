"""What waits in the outbox, as JSON: told apart by `what`."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from cdi_bot.core.model.content import Content
from cdi_bot.services.ports.store import StoreTrouble

_CONTENT: TypeAdapter[Content] = TypeAdapter(Annotated[Content, Field(discriminator="what")])


def written(content: Content) -> str:
    """The content as JSON in plain ASCII: any character may come from outside, and none may be refused."""
    return json.dumps(_CONTENT.dump_python(content, mode="json"))


def read(text: str) -> Content:
    """The content that was written; raises `StoreTrouble` for one that no known content fits."""
    try:
        return _CONTENT.validate_python(json.loads(text))
    except (ValueError, ValidationError) as error:
        raise StoreTrouble(
            "a message in the outbox can't be read; was it written by a newer cdi-bot?"
        ) from error
