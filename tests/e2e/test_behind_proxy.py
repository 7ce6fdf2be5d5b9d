"""The real program behind a company's proxy, whose certificates are signed by a private authority."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest

from tests.e2e.kit import System
from tests.rigs.tls_proxy import HOSTS, TlsProxy

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")


@pytest.fixture
async def proxy(system: System) -> AsyncIterator[TlsProxy]:
    """The proxy; the bot knows Braze and Slack by names that only it can reach."""
    folder = system.program.folder / "network"
    folder.mkdir()
    proxy = TlsProxy(folder=folder, port=int(system.sandbox.url.rpartition(":")[2]))
    async with proxy.listening():
        system.env |= {
            "BRAZE_BASE_URL": "https://rest.made-up.example",
            "SLACK_API_URL": "https://slack.made-up.example/api/",
            "HTTPS_PROXY": f"127.0.0.1:{proxy.own_port}",
            "SSL_CERT_FILE": str(proxy.authority),
            "SSL_CERT_DIR": "",
            "NO_PROXY": "localhost,fd07:b51a:cc66:f0::/64,10.0.0.0/8,.svc.cluster.local",
            "ALL_PROXY": "",
            "CDI_BOT_LOG_LEVEL": "info",
        }
        yield proxy


@pytest.mark.parametrize("login", [None, "bot:pass word"])
async def test_everything_goes_through_the_proxy(system: System, proxy: TlsProxy, login: str | None) -> None:
    """Braze, Slack and its WebSockets; an alert is told, and no log line holds the proxy's password."""
    proxy.login = login
    if login:
        system.env["HTTPS_PROXY"] = f"http://{login.replace(' ', '%20')}@127.0.0.1:{proxy.own_port}"
    users = system.create("Users")
    await system.start()
    await system.type("subscribe all")
    system.run(users)
    await system.alert("Users")
    assert set(proxy.asked_for) == {f"{host}:443" for host in HOSTS}
    finished = await system.stop()
    assert "pass" not in finished.err


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"HTTPS_PROXY": "http://127.0.0.1:1"}, "the proxy can't be reached"),
        ({"SSL_CERT_FILE": "", "SSL_CERT_DIR": "."}, "its certificate isn't trusted"),
        ({}, "the proxy wants a user and password (407)"),
    ],
)
async def test_what_is_wrong_on_the_way_is_named(
    system: System, proxy: TlsProxy, env: dict[str, str], said: str
) -> None:
    """By `check` and in the log, of Braze, Slack and the heartbeat alike; nobody is sent to make a new key."""
    system.env["CDI_BOT_HEARTBEAT_URL"] = f"https://{HOSTS[0]}/secret"
    proxy.login = None if env else "bot:secret"
    finished = await system.program.run("check", env=system.env | env)
    lines = [line for line in finished.out.splitlines() if said in line]
    told = [line.split(": ")[0].split()[-1] for line in lines]
    assert told == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "CDI_BOT_HEARTBEAT_URL", "BRAZE_BASE_URL"]
    assert "secret" not in finished.out + finished.err
    bot = await system.program.start("run", env=system.env | env)
    assert said in await bot.logged("Braze can't be asked yet")
    assert said in await bot.logged("Slack can't be reached")


async def test_a_proxy_that_refuses(system: System, proxy: TlsProxy) -> None:
    """A filter's answer is told by its number."""
    proxy.refused = 403
    finished = await system.program.run("check", env=system.env)
    assert "the proxy refused to connect to it (403)" in finished.out
    assert "proxy_http_403" in finished.out


@pytest.mark.parametrize(
    ("env", "variable"),
    [
        ({"ALL_PROXY": "socks5://127.0.0.1:9", "HTTPS_PROXY": ""}, "ALL_PROXY"),
        ({"SSL_CERT_FILE": "/nowhere/ca.pem"}, "SSL_CERT_FILE"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
async def test_what_cannot_be_used_is_one_line(
    system: System, proxy: TlsProxy, env: dict[str, str], variable: str, command: str
) -> None:
    """It names the variable, and the exit code is that of wrong settings."""
    finished = await system.program.run(command, env=system.env | env)
    assert finished.code == 2
    assert finished.err.startswith(f"The settings can't be used:\n  {variable}: ")
    assert finished.err.count("\n") == 2
