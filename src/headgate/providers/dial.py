"""Opening a connection: look the name up anew, try every address, tunnel through a proxy, check the certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from headgate.providers.connection import Connection
from headgate.providers.proxy import Proxy, ProxyRefused, Tunnel
from headgate.providers.ssrf import Reach, Unreachable, check_host, check_port, resolve
from headgate.providers.tls import TlsContexts
from headgate.providers.upstream import FailureKind, Origin


class DialFailure(Exception):
    """No connection; nothing was sent."""

    def __init__(self, kind: FailureKind, what: str) -> None:
        super().__init__(what)
        self.kind: FailureKind = kind
        self.what = what


class Dialer:
    """Opens connections to one origin."""

    def __init__(self, origin: Origin, proxy: Proxy | None, contexts: TlsContexts) -> None:
        self._origin = origin
        self._proxy = proxy
        self._contexts = contexts
        self._good = ""  # the address that answered last is tried first

    async def dial(self, make: Callable[[], Connection], *, until: float) -> Connection:
        """A connected `make()`. `until` is loop time. Raises DialFailure."""
        loop = asyncio.get_running_loop()
        addresses = await self._look_up(until)
        failure = DialFailure("dns", "has no address")
        for index, address in enumerate(addresses):
            now = loop.time()
            if now >= until:
                break
            patience = now + (until - now) / (len(addresses) - index)
            try:
                async with asyncio.timeout_at(patience):
                    connection = await self._reach(make, address)
            except TimeoutError:
                failure = DialFailure("connect_timeout", "did not accept a connection in time")
            except ssl.SSLCertVerificationError as error:
                raise DialFailure("tls", f"has a bad certificate: {error.verify_message}") from None
            except ssl.SSLError as error:
                failure = DialFailure("tls", f"failed the TLS handshake: {error.reason or 'unknown reason'}")
            except ProxyRefused as error:
                raise DialFailure("proxy", f"cannot be reached through the proxy: {error}") from None
            except OSError as error:
                failure = self._from_os_error(error)
            else:
                self._good = address
                return connection
        raise failure

    def _from_os_error(self, error: OSError) -> DialFailure:
        reason = error.strerror or type(error).__name__
        if self._proxy is not None:
            return DialFailure("proxy", f"cannot be reached: the proxy failed ({reason})")
        if isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
            return DialFailure("reset", f"closed the connection while it was being set up ({reason})")
        return DialFailure("refused", f"refused the connection ({reason})")

    async def _look_up(self, until: float) -> list[str]:
        hop = self._origin if self._proxy is None else self._proxy.origin
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(until):
                if self._origin.reach is not None:
                    return await self._judged(self._origin.reach)
                found = await loop.getaddrinfo(hop.host, hop.port, type=socket.SOCK_STREAM)
        except Unreachable as error:
            raise DialFailure("forbidden", f"may not be reached: {error}") from None
        except TimeoutError:
            raise DialFailure("connect_timeout", "could not be looked up in time") from None
        except (socket.gaierror, UnicodeError):
            raise DialFailure("dns", "has a name that cannot be looked up") from None
        addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
        addresses.sort(key=lambda address: address != self._good)  # stable: the resolver's order stays
        return addresses

    async def _judged(self, reach: Reach) -> list[str]:
        """Addresses of the origin itself, even behind a proxy: the proxy is then given an address, not the name."""
        check_port(self._origin.port, reach)
        check_host(self._origin.host, reach)
        if self._proxy is not None and self._origin.scheme == "http":
            raise Unreachable("a proxy would look it up by itself")
        return await resolve(self._origin.host, self._origin.port, reach)

    async def _reach(self, make: Callable[[], Connection], address: str) -> Connection:
        loop = asyncio.get_running_loop()
        secure = self._origin.scheme == "https"
        context = await self._contexts.get() if secure else None
        if secure and self._proxy is not None:
            return await self._through_tunnel(make, address, cast(ssl.SSLContext, context))
        port = self._origin.port if self._proxy is None else self._proxy.origin.port
        name = self._origin.host if secure else None
        _, connection = await loop.create_connection(make, address, port, ssl=context, server_hostname=name)
        return connection

    async def _through_tunnel(
        self, make: Callable[[], Connection], address: str, context: ssl.SSLContext
    ) -> Connection:
        proxy = cast(Proxy, self._proxy)
        loop = asyncio.get_running_loop()
        judged = self._origin.reach is not None  # then `address` is the origin's, else the proxy's
        hop = proxy.origin.host if judged else address
        transport, tunnel = await loop.create_connection(lambda: Tunnel(loop), hop, proxy.origin.port)
        secured = False
        try:
            target = replace(self._origin, host=address) if judged else self._origin
            transport.write(proxy.connect_head(target))
            await tunnel.opened
            connection = make()
            upper = await loop.start_tls(transport, connection, context, server_hostname=self._origin.host)
            if upper is None:
                raise ProxyRefused("it closed the connection")
            connection.connection_made(upper)
            secured = True
        finally:
            if not secured:
                transport.abort()
        return connection
