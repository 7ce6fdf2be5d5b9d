"""Base URLs and dashboards."""

import pytest

from cdi_bot.braze.instances import checked_base_url, dashboard_url
from cdi_bot.monitoring.braze_port import BrazeReason, BrazeTrouble


@pytest.mark.parametrize(
    ("base_url", "dashboard"),
    [
        ("https://rest.iad-01.braze.com", "https://dashboard-01.braze.com"),
        ("https://rest.iad-08.braze.com", "https://dashboard-08.braze.com"),
        ("https://REST.iad-03.braze.com/", "https://dashboard-03.braze.com"),
        ("https://rest.us-10.braze.com", "https://dashboard.us-10.braze.com"),
        ("https://rest.fra-02.braze.eu", "https://dashboard-02.braze.eu"),
        ("https://rest.kr-01.braze.com", "https://dashboard.kr-01.braze.com"),
        ("https://rest.iad-99.braze.com", None),
        ("https://gateway.example/braze", None),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_each_documented_instance_has_its_dashboard(base_url: str, dashboard: str | None) -> None:
    """An unknown instance, or a gateway before one, gets no guessed one; the stand-in has pages of its own."""
    assert dashboard_url(base_url) == dashboard


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://rest.iad-03.braze.com", "https://rest.iad-03.braze.com"),
        (" https://rest.iad-03.braze.com/\n", "https://rest.iad-03.braze.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://gateway.example/braze/", "https://gateway.example/braze"),
    ],
)
def test_a_usable_base_url_is_taken_without_a_slash_at_its_end(given: str, taken: str) -> None:
    """A path in front of a gateway is kept."""
    assert checked_base_url(given) == taken


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        ("", "begin with https://"),
        ("rest.iad-03.braze.com", "begin with https://"),
        ("ftp://rest.iad-03.braze.com", "begin with https://"),
        ("https://", "begin with https://"),
        ("https://two words.example", "begin with https://"),
        ("https://[broken", "not a URL"),
        ("https://host:sesame", "not a URL"),
        ("https://user:sesame@rest.iad-03.braze.com", "more than a host"),
        ("https://rest.iad-03.braze.com?key=sesame", "more than a host"),
        ("https://rest.iad-03.braze.com#sesame", "more than a host"),
        ("https://dashboard-03.braze.com", "https://rest.iad-03.braze.com"),
        ("http://rest.iad-03.braze.com", "unprotected"),
    ],
)
def test_a_useless_base_url_is_refused_with_the_way_to_fix_it(base_url: str, says: str) -> None:
    """The words name the variable, and repeat nothing that may be a secret."""
    with pytest.raises(BrazeTrouble) as caught:
        checked_base_url(base_url)
    assert caught.value.reason is BrazeReason.INVALID_URL
    assert says in str(caught.value)
    assert "BRAZE_BASE_URL" in str(caught.value)
    assert "sesame" not in f"{caught.value}{caught.value.__context__}"
