"""The encryption of stored keys of Braze's."""

from __future__ import annotations

import base64

import pytest

from cdi_bot.store.secret_keys import KeyLostError, SecretKeys

OLD, NEW = (base64.urlsafe_b64encode(bytes([number] * 32)).decode() for number in (1, 2))
API_KEY = "11111111-2222-3333-4444-555555555555"


def test_the_newest_secret_key_encrypts_and_every_one_decrypts() -> None:
    """So one is replaced by putting a new one before it; without the old one, what it encrypted is lost."""
    before = SecretKeys([OLD]).seal(API_KEY)
    both = SecretKeys([NEW, OLD])
    assert both.open(before) == API_KEY
    anew = both.seal(API_KEY)
    assert SecretKeys([NEW]).open(anew) == API_KEY
    for without in (SecretKeys([NEW]), SecretKeys([])):
        with pytest.raises(KeyLostError, match="CDI_BOT_SECRET_KEY"):
            without.open(before)


@pytest.mark.parametrize("spoilt", ["", "nonsense", "gAAAAA==", "ü"])
def test_what_was_spoilt_is_lost_and_nothing_worse(spoilt: str) -> None:
    """Whatever stands in the database."""
    with pytest.raises(KeyLostError):
        SecretKeys([OLD]).open(spoilt)


def test_nothing_of_a_key_is_shown() -> None:
    """Neither of the secret key, nor of what it encrypts."""
    keys = SecretKeys([OLD])
    assert OLD not in repr(keys)
    assert API_KEY not in keys.seal(API_KEY)
    assert (bool(keys), bool(SecretKeys([]))) == (True, False)
