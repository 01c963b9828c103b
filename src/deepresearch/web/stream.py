"""A connection that limits the bytes of an answer's head."""

import ssl
from typing import Any

import httpcore2

LONGEST_HEAD = 256 * 1024
"""Bytes: headers, those of preliminary answers too, and what of the body comes along in the same read."""


class HeadLimit(httpcore2.AsyncNetworkStream):
    """Passes everything through and counts what is read."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream) -> None:
        self._inner = inner
        self._read = 0
        self._in_head = True

    def expect_head(self) -> None:
        """The next answer is about to begin."""
        self._read, self._in_head = 0, True

    def expect_body(self) -> None:
        """The head is there; the body is counted by whoever takes it."""
        self._in_head = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Raises httpcore2.RemoteProtocolError where a head does not end."""
        data = await self._inner.read(max_bytes, timeout)
        self._read += len(data)
        if self._in_head and self._read > LONGEST_HEAD:
            raise httpcore2.RemoteProtocolError(f"its head is longer than {LONGEST_HEAD} bytes")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        return HeadLimit(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
