"""Where webhooks may go: to public addresses by https, and to what the firm's operations allow beyond that.

An address is checked when it is registered and again at each delivery, and the connection goes to the very address
that was checked: a name that resolves otherwise a moment later leads nowhere else.
"""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from services.analytics.settings import AnalyticsSettings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

URL_MAX: Final = 2_000
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefusedError(OSError):
    """The host has an address that webhooks may not go to. An OSError, as for any host that can't be reached."""


@dataclass(frozen=True, slots=True)
class AddressRules:
    networks: tuple[Network, ...] = ()
    """Private ones that are allowed."""
    plain_http: bool = False

    @classmethod
    def of(cls, settings: AnalyticsSettings) -> "AddressRules":
        return cls(settings.webhook_networks, settings.webhook_allow_http)

    def allows(self, address: str) -> bool:
        """An IPv4 address that stands in another (translated, tunnelled) counts as well as the whole."""
        return all(self._allows_one(one) for one in _meant(ipaddress.ip_address(address.partition("%")[0])))

    def _allows_one(self, address: Address) -> bool:
        if any(address.version == network.version and address in network for network in self.networks):
            return True
        return address.is_global and not (address.is_multicast or address.is_reserved)

    def refuses(self, url: str) -> str | None:
        """Why a URL can be none of a webhook, as far as it says so itself: a code.

        What its name resolves to is asked at each delivery.
        """
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return "url_malformed"
        if not host or not url.isascii() or any(char.isspace() or char == "\\" for char in url):
            return "url_malformed"
        if parts.scheme != "https" and not (parts.scheme == "http" and self.plain_http):
            return "url_not_https"
        if parts.username is not None or parts.password is not None or parts.fragment:
            return "url_with_credentials"
        literal = _literal(host)
        return "url_private" if literal is not None and not self.allows(literal) else None


def _literal(host: str) -> str | None:
    """The address that a host is, however it is written (0x7f.1 and 2130706433 are 127.0.0.1); None for a name."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _meant(address: Address) -> list[Address]:
    """The address, and those to which the network would carry what is sent to it."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    found: list[Address | None] = [address, address.sixtofour]
    if address.teredo is not None:
        found += address.teredo
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


class CheckedResolver(AbstractResolver):
    """Resolves for aiohttp, which connects to what this answers. One refused address refuses the host."""

    def __init__(self, rules: AddressRules, resolver: AbstractResolver | None = None) -> None:
        self._rules = rules
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        refused = [one["host"] for one in found if not self._rules.allows(one["host"])]
        if refused or not found:
            raise AddressRefusedError("the host has an address that is not public")
        return found

    async def close(self) -> None:
        await self._resolver.close()
