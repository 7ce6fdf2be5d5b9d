"""A company's network: a proxy that lets programs out, and opens their TLS with certificates of its own authority."""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HOSTS = ("rest.made-up.example", "slack.made-up.example", "ws.exampl.test")
"""The last has as many letters as the stand-in's own address for WebSockets, in whose place it is given."""


@dataclass(slots=True, kw_only=True)
class TlsProxy:
    """A proxy on this machine. It leads every host to the stand-ins at `port`, whatever the name of the host.

    `login` is the user and password it wants, `refused` a status with which it refuses every connection.
    """

    folder: Path
    port: int
    login: str | None = None
    refused: int | None = None
    own_port: int = 0
    asked_for: list[str] = field(default_factory=list)

    @property
    def authority(self) -> Path:
        """The file with the authority's certificate."""
        return self.folder / "authority.pem"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while inside."""
        _make_certificates(self.folder)
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.own_port = server.sockets[0].getsockname()[1]
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked_for.append(head.split()[1])
            status = self._status(head)
            writer.write(f"HTTP/1.1 {status} made up\r\n\r\n".encode())
            await writer.drain()
            if status == 200:
                await writer.start_tls(self._context())
                there = await asyncio.open_connection("127.0.0.1", self.port)
                await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))
        writer.close()

    def _status(self, head: str) -> int:
        if self.refused:
            return self.refused
        wanted = base64.b64encode((self.login or "").encode()).decode()
        return 200 if self.login is None or f"Basic {wanted}" in head else 407

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "hosts.pem", self.folder / "hosts.key")
        return context

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sockets = f"ws://127.0.0.1:{self.port:05}".encode()
        with suppress(OSError):
            while data := await reader.read(65536):
                data = data.replace(sockets, f"wss://{HOSTS[-1]}".encode())
                for host in HOSTS:  # the stand-ins answer to this machine's names alone
                    data = data.replace(f"Host: {host}\r\n".encode(), b"Host: localhost\r\n")
                writer.write(data)
                await writer.drain()
        writer.close()


def _make_certificates(folder: Path) -> None:
    """Make an authority as companies have them, by a few words of openssl, and a certificate for the hosts."""
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    (folder / "hosts.ext").write_text(f"subjectAltName={names}\n")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    signed = "-CA authority.pem -CAkey authority.key -CAcreateserial"
    for command in (
        f"req -x509 {key} -keyout authority.key -out authority.pem -days 2 -subj /CN=Own",
        f"req {key} -keyout hosts.key -out hosts.csr -subj /CN=hosts",
        f"x509 -req -in hosts.csr {signed} -days 2 -extfile hosts.ext -out hosts.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
