"""The environment's proxies and certificates: which are used for which address, and what can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdi_bot import network

BRAZE, SLACK = "https://rest.iad-03.braze.com", "https://slack.com/api/"
SOCKET = "wss://wss-primary.slack.com/link"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own network is set."""
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, BRAZE, None),
        ({"HTTPS_PROXY": "http://p:1"}, BRAZE, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, SOCKET, "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, BRAZE, "http://p:1"),
        ({"HTTPS_PROXY": " user:pw@p:1 "}, SLACK, "http://user:pw@p:1"),
        ({"HTTPS_PROXY": "https://p:1"}, SLACK, "https://p:1"),
        ({"https_proxy": "http://small:1", "HTTPS_PROXY": "http://p:1"}, BRAZE, "http://small:1"),
        ({"ALL_PROXY": "http://p:1"}, BRAZE, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, BRAZE, None),
        ({"HTTP_PROXY": "http://p:1"}, "http://braze.example", "http://p:1"),
        ({"HTTPS_PROXY": ""}, BRAZE, None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://localhost:9", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://127.0.0.1:9", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://[::1]:9", None),
    ],
)
def test_the_proxy_of_an_address(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], url: str, proxy: str | None
) -> None:
    """By its scheme; small letters win; this machine is never reached through a proxy."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert network.proxy_for(url) == proxy
    assert network.problems([url]) == []


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("*", BRAZE, True),
        ("braze.com", BRAZE, True),
        (".braze.com", BRAZE, True),
        ("*.braze.com", BRAZE, True),
        ("BRAZE.com.", BRAZE, True),
        ("raze.com", BRAZE, False),
        ("slack.com braze.com", BRAZE, True),
        ("slack.com", SOCKET, True),
        ("rest.iad-03.braze.com:443", BRAZE, True),
        ("rest.iad-03.braze.com:8443", "https://rest.iad-03.braze.com:443", False),
        ("localhost,fd07:b51a:cc66:f0::/64", BRAZE, False),
        ("localhost,fd07:b51a:cc66:f0::/64", "https://[fd07:b51a:cc66:f0::5]:8443", True),
        ("[fd07::1]", "https://[fd07::1]", True),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.0/8,nonsense/99,:,[", "https://rest.example", False),
        ("10.1.2.3", "http://10.1.2.4", False),
        (".", BRAZE, False),
        ("", BRAZE, False),
    ],
)
def test_exceptions(monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, is_direct: bool) -> None:
    """Names with all below them, addresses and networks; what can't be read matches nothing and breaks nothing."""
    monkeypatch.setenv("ALL_PROXY", "http://p:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert network.proxy_for(url) == (None if is_direct else "http://p:1")


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("ALL_PROXY", "socks5://user:SECRET@p:1080", "SOCKS"),
        ("https_proxy", "socks5h://p:1080", "SOCKS"),
        ("HTTPS_PROXY", "http://", "valid"),
        ("HTTPS_PROXY", "http://p:SECRET", "valid"),
        ("HTTPS_PROXY", "ftp://SECRET", "valid"),
        ("HTTPS_PROXY", "http://SECRET proxy:1", "valid"),
        ("SSL_CERT_FILE", "/nowhere/SECRET.pem", "can't be read (No such file"),
        ("SSL_CERT_DIR", "/nowhere", "names no existing folder"),
    ],
)
def test_what_cannot_be_used_is_one_problem(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, what: str
) -> None:
    """It names its variable and never the value; both addresses together have it once."""
    monkeypatch.setenv(variable, value)
    (problem,) = network.problems([BRAZE, SLACK])
    assert problem.variable == variable
    assert what in problem.what
    assert "SECRET" not in str(problem)


def test_a_proxy_that_nothing_goes_through_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy for everything else does no harm."""
    monkeypatch.setenv("ALL_PROXY", "socks5://p:1080")
    monkeypatch.setenv("NO_PROXY", "braze.com,slack.com")
    assert network.problems([BRAZE, SLACK]) == []


def test_a_file_without_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is named as that."""
    file = tmp_path / "empty.pem"
    file.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert [each.what for each in network.problems([BRAZE])] == ["names a file without a certificate"]


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_system_without_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_readable: bool
) -> None:
    """Where there are none, or none that can be read, Mozilla's are trusted."""
    folder = tmp_path / "certificates"
    if is_readable:
        folder.mkdir()
    else:
        folder.symlink_to(folder)  # leads nowhere
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert network.certificates.__wrapped__().cert_store_stats()["x509_ca"] > 100
