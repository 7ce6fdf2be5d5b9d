"""Where an integration reads its rows, by the words in which Braze's list names it.

The list names the source as `warehouse_type`, in its documented example as `integration_type`, which elsewhere is what
is synced, such as `users_attributes`. Braze documents the words of neither, so they are known by what they contain.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from cdi_bot.core.model.integration import Integration


class Source(StrEnum):
    """Where an integration reads its rows."""

    SNOWFLAKE = "snowflake"
    REDSHIFT = "redshift"
    BIGQUERY = "bigquery"
    DATABRICKS = "databricks"
    FABRIC = "fabric"
    S3 = "s3"
    GCS = "gcs"
    AZURE = "azure"

    @property
    def is_files(self) -> bool:
        """Whether it is made of files: their rows have no `UPDATED_AT`, and each is read once."""
        return self in {Source.S3, Source.GCS, Source.AZURE}


_SHORT = 3
"""Letters of a part that has to be a word of its own: `s3` also stands in "Users 3"."""

_WORDS = {source.value: source for source in Source} | {
    "amazons3": Source.S3,
    "awss3": Source.S3,
    "cloudstorage": Source.GCS,
    "blob": Source.AZURE,
}
"""What a source's name contains, without signs between; what stands earlier is found first: Fabric before Azure."""


def source_of(integration: Integration | None) -> Source | None:
    """Return where an integration reads; `None` where Braze's list does not say."""
    if integration is None:
        return None
    return source_in(integration.warehouse_type) or source_in(integration.integration_type)


@lru_cache(maxsize=10_000)  # the words of the list are few, names many
def source_in(word: str | None) -> Source | None:
    """Return the source that a word or a name tells of, if it does."""
    words = re.findall("[a-z0-9]+", (word or "").lower())
    joined = "".join(words)
    found = (
        source for part, source in _WORDS.items() if part in words or (len(part) > _SHORT and part in joined)
    )
    return next(found, None)
