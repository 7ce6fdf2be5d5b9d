"""The encryption of Braze keys that admins add in chat: what the database holds of them is worth nothing by itself.

Fernet of `cryptography` encrypts and signs; it is loaded with the first key, since most bots store none.
"""

from __future__ import annotations

from collections.abc import Sequence

MAKE_SECRET_KEY = "head -c 32 /dev/urandom | base64 | tr +/ -_"  # noqa: S105 (a command)
"""A command that makes a secret key, for whoever needs one."""


class KeyLostError(Exception):
    """A stored key can't be decrypted by any of the secret keys. The text is safe to show."""

    def __init__(self) -> None:
        super().__init__(
            "its stored API key can't be decrypted: put the key it was stored under back into CDI_BOT_SECRET_KEY, or "
            "remove the workspace and add it again"
        )


class SecretKeys:
    """Fernet keys, the newest first: it encrypts, each of them decrypts. Falsy without any."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Keep them; each has to be 32 bytes in URL-safe base64."""
        self._keys = tuple(keys)

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
        """The key of Braze's. Raises `KeyLostError`."""
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # noqa: PLC0415  # likewise

        if not self._keys:
            raise KeyLostError
        try:
            opened: bytes = MultiFernet([Fernet(key) for key in self._keys]).decrypt(sealed.encode())
        except InvalidToken:
            raise KeyLostError from None
        return opened.decode()
