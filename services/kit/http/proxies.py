"""Whose word counts on where a request comes from. Frontends go by the same rule (`frontend.ui.proxies`)."""

import ipaddress
from typing import Final

HOPS_MAX: Final = 16
"""Proxies of ours that may stand in a row; what is further to the left is not read."""
_HOP_LENGTH: Final = 64

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TrustedProxies:
    """Whose ``X-Forwarded-For`` counts: from the right, the first address that is no proxy of ours is the client.

    ``blocks``: CIDR blocks, separated by commas.
    """

    def __init__(self, blocks: str) -> None:
        self._blocks = [ipaddress.ip_network(block.strip()) for block in blocks.split(",") if block.strip()]

    def client(self, peer: str | None, forwarded: str | None) -> str | None:
        """The client's address; ``peer`` is who is connected, ``forwarded`` what it says."""
        connected = _address(peer or "")
        if connected is None:
            return peer
        client = str(connected)
        if not forwarded or not self._trusts(connected):
            return client
        hops = forwarded[-HOPS_MAX * _HOP_LENGTH :].rsplit(",", HOPS_MAX)
        for hop in reversed(hops[-HOPS_MAX:]):
            address = _address(hop)
            if address is None:
                break
            client = str(address)
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: Address) -> bool:
        return any(address in block for block in self._blocks)


def _address(text: str) -> Address | None:
    """As proxies write it: with a port too, IPv6 in brackets then. IPv4 in IPv6 is IPv4. The zone of a link-local
    address (RFC 4007) may be any text, and is left out."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
