"""Braze keys: those that admins add in chat are encrypted, of those in the configuration file the place is kept alone.

What the database holds of them is worth nothing by itself.

Fernet of `cryptography` encrypts and signs; it is loaded with the first key, since most bots store none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

MAKE_SECRET_KEY = "head -c 32 /dev/urandom | base64 | tr +/ -_"  # noqa: S105 (a command)
"""A command that makes a secret key, for whoever needs one."""


_UNDECRYPTED = (
    "its stored API key can't be decrypted: put the key it was stored under back into CDI_BOT_SECRET_KEY, or "
    "remove the workspace and add it again"
)

_VARIABLE, _FILE = "env:", "file:"


class KeyLostError(Exception):
    """A key can't be decrypted by any of the secret keys, or is not where it should be. The text is safe to show."""

    def __init__(self, why: str = _UNDECRYPTED) -> None:
        super().__init__(why)


def is_reference(stored: str) -> bool:
    """Whether this says where a key is found, `env:NAME` or `file:PATH`, rather than being an encrypted one."""
    return stored.startswith((_VARIABLE, _FILE))


class SecretKeys:
    """Fernet keys, the newest first: it encrypts, each of them decrypts. Falsy without any."""

    def __init__(self, keys: Sequence[str], variable: Callable[[str], str | None] = os.environ.get) -> None:
        """Keep them; each has to be 32 bytes in URL-safe base64. `variable` gives what a variable holds."""
        self._keys, self._variable = tuple(keys), variable
        self._marks: dict[str, str] = {}

    def __bool__(self) -> bool:
        """Whether a key can be stored."""
        return bool(self._keys)

    def __repr__(self) -> str:
        """Show how many there are."""
        return f"SecretKeys({len(self._keys)})"

    def seal(self, api_key: str) -> str:
        """A key of Braze's, encrypted under the newest secret key; differs each time."""
        from cryptography.fernet import Fernet  # noqa: PLC0415  # loaded only where a key is stored

        sealed: bytes = Fernet(self._keys[0]).encrypt(api_key.encode())
        return sealed.decode()

    def open(self, sealed: str) -> str:
        """The key of Braze's; one that is named is read anew each time. Raises `KeyLostError`."""
        if is_reference(sealed):
            return self._read(sealed)
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # noqa: PLC0415  # likewise

        if not self._keys:
            raise KeyLostError
        try:
            opened: bytes = MultiFernet([Fernet(key) for key in self._keys]).decrypt(sealed.encode())
        except InvalidToken:
            raise KeyLostError from None
        return opened.decode()

    def mark(self, sealed: str) -> str:
        """Something that changes with the key, kept in memory alone; while it can't be read, as before."""
        if not is_reference(sealed):
            return sealed
        try:
            self._marks[sealed] = sha256(self._read(sealed).encode()).hexdigest()
        except KeyLostError:
            return self._marks.get(sealed, sealed)
        return self._marks[sealed]

    def _read(self, reference: str) -> str:
        """The key that stands in an environment variable or a file, as the configuration file says."""
        name = reference.partition(":")[2]
        if reference.startswith(_VARIABLE):
            key = self._variable(name)
            missing = f"the variable {name}, which holds its API key, isn't set"
        else:
            try:
                key = Path(name).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError, ValueError):
                key = None
            missing = f"the file {name}, which holds its API key, can't be read or is empty"
        key = (key or "").strip()
        if not key:
            raise KeyLostError(missing)
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise KeyLostError(f"what stands in {reference} isn't an API key")
        return key
