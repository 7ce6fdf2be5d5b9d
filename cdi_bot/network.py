"""How the program gets out: the environment's proxies and trusted certificates, the same for all that it asks.

Each library of HTTP reads the environment in its own way and stumbles over what the others take, so it is read here.

    HTTPS_PROXY, HTTP_PROXY, ALL_PROXY   in small letters too, which win; without a scheme http:// is meant
    NO_PROXY                             names with all below them, addresses, networks, each with a port or without;
                                         what can't be read matches nothing
    SSL_CERT_FILE, SSL_CERT_DIR          as OpenSSL reads them
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import certifi
import httpx

_SCHEMES = {"https": "https_proxy", "wss": "https_proxy", "http": "http_proxy", "ws": "http_proxy"}

_PROXY_FIX = (
    "Give the address of an HTTP proxy, such as http://proxy.example:3128, or name the host in NO_PROXY"
)


class Fault(StrEnum):
    """What on the way keeps a request from arriving, as far as it can be told from the other end being away."""

    PROXY_UNREACHABLE = "proxy_unreachable"
    PROXY_REFUSED = "proxy_refused"  # 407: it wants a user and password
    UNTRUSTED = "certificate_not_trusted"


FAULTS: Mapping[str, str] = {
    Fault.PROXY_UNREACHABLE: "the proxy can't be reached: check HTTPS_PROXY, or name the host in NO_PROXY",
    Fault.PROXY_REFUSED: "the proxy wants a user and password (407): write HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
    Fault.UNTRUSTED: "its certificate isn't trusted: where a proxy or a private authority signs it, set SSL_CERT_FILE "
    "to a file with that authority's certificate",
}
"""What is wrong, and how it is fixed."""


class NetworkProblem(NamedTuple):
    """A variable of the environment that can't be used; never holds its value, in which a password may stand."""

    variable: str
    what: str
    fix: str


def problems(urls: Iterable[str]) -> list[NetworkProblem]:
    """What is wrong with the environment for somebody who has to reach these addresses."""
    found = [_certificate_problem(os.environ), *(_proxy_problem(os.environ, url) for url in urls)]
    return list(dict.fromkeys(filter(None, found)))


def proxy_for(url: str) -> str | None:
    """Give the proxy through which an address is reached, `None` where it is reached directly."""
    setting = _proxy_setting(os.environ, url)
    return _with_scheme(setting[1]) if setting else None


@cache
def certificates() -> ssl.SSLContext:
    """The certificates to trust: the system's, where it has none those of Mozilla. Read once: that takes time.

    Python 3.13 and newer refuse authorities whose certificates lack parts that RFC 5280 asks for, which many private
    ones do; older ones never did.
    """
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not _has_certificates():
        context.load_verify_locations(certifi.where())
    return context


def http_client(url: str, **more: Any) -> httpx.AsyncClient:
    """Make a client for one address; of the environment it takes nothing else. `more` is what httpx is told besides."""
    proxy = proxy_for(url)
    for_proxy = certificates() if proxy and proxy.startswith("https:") else None
    return httpx.AsyncClient(
        trust_env=False,
        verify=certificates(),
        proxy=httpx.Proxy(proxy, ssl_context=for_proxy) if proxy else None,
        **more,
    )


def fault_of(error: BaseException, *, through_proxy: bool) -> str | None:
    """Name what kept a request of such a client from arriving, as far as it is a proxy's or a certificate's fault."""
    if isinstance(error, httpx.ProxyError):
        status = str(error).partition(" ")[0]  # of the proxy's answer to CONNECT
        if status == str(httpx.codes.PROXY_AUTHENTICATION_REQUIRED.value):
            return FAULTS[Fault.PROXY_REFUSED]
        return f"the proxy refused to connect to it ({status})" if status.isdecimal() else None
    if not isinstance(error, httpx.ConnectError):
        return None
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FAULTS[Fault.UNTRUSTED]
        cause = cause.__cause__ or cause.__context__
    # What is behind a proxy is the proxy's to reach.
    return FAULTS[Fault.PROXY_UNREACHABLE] if through_proxy else None


def _has_certificates() -> bool:
    file, folder, *_ = ssl.get_default_verify_paths()  # None where there is no such file or folder
    try:
        return bool(file) or any(Path(folder or os.devnull).iterdir())
    except OSError:
        return False


def _setting(environ: Mapping[str, str], name: str) -> tuple[str, str] | None:
    """A variable in small or capital letters, with its name as it was found."""
    for each in (name, name.upper()):
        if value := environ.get(each, "").strip():
            return each, value
    return None


def _proxy_setting(environ: Mapping[str, str], url: str) -> tuple[str, str] | None:
    """The variable that names the proxy for an address, and its value."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    except_for = _setting(environ, "no_proxy")
    if _is_this_machine(host) or (except_for and _is_excepted(host, parts.port, except_for[1])):
        return None
    name = _SCHEMES.get(parts.scheme)
    return (name and _setting(environ, name)) or _setting(environ, "all_proxy")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_excepted(host: str, port: int | None, no_proxy: str) -> bool:
    return any(_matches(host, port, entry) for entry in re.split(r"[\s,]+", no_proxy.lower()) if entry)


def _matches(host: str, port: int | None, entry: str) -> bool:
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except (ValueError, TypeError):  # not both are addresses
        pass
    name, separator, wanted = entry.rpartition(":")
    if separator and wanted.isdecimal():
        if port is not None and int(wanted) != port:
            return False
        entry = name.strip("[]")
    entry = entry.removeprefix("*").removeprefix(".").rstrip(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _proxy_problem(environ: Mapping[str, str], url: str) -> NetworkProblem | None:
    setting = _proxy_setting(environ, url)
    if setting is None:
        return None
    variable, value = setting
    try:
        parts = urlsplit(_with_scheme(value))
        _ = parts.port  # reading it is what checks it
    except ValueError:
        return NetworkProblem(variable, "isn't a valid proxy address", _PROXY_FIX)
    if parts.scheme.startswith("socks"):
        return NetworkProblem(variable, "names a SOCKS proxy, which isn't supported", _PROXY_FIX)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        return NetworkProblem(variable, "isn't a valid proxy address", _PROXY_FIX)
    return None


def _certificate_problem(environ: Mapping[str, str]) -> NetworkProblem | None:
    fix = "Give a file with the certificates to trust, in PEM form, or unset it to trust the system's"
    file, folders = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
        except ssl.SSLError:
            return NetworkProblem("SSL_CERT_FILE", "names a file without a certificate", fix)
        except OSError as error:
            return NetworkProblem("SSL_CERT_FILE", f"names a file that can't be read ({error.strerror})", fix)
    if folders and not any(Path(each).is_dir() for each in folders.split(os.pathsep)):
        return NetworkProblem(
            "SSL_CERT_DIR", "names no existing folder", "Name a folder with certificates, or unset it"
        )
    return None
