"""Every test of what a file changes runs on both engines."""

from __future__ import annotations

from tests.store.conftest import engine, store, url

__all__ = ["engine", "store", "url"]
