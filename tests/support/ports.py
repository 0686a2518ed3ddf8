"""Free ports for servers that tests start."""

import secrets
import socket
from typing import Final

CHOICE: Final = range(12_000, 32_000)
"""Below those that systems give to outgoing connections: one of these could take a port before its server does."""


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Distinct free ports: all are held while the next is looked for."""
    probes: list[socket.socket] = []
    try:
        while len(probes) < count:
            probe = socket.socket()
            try:
                probe.bind(("127.0.0.1", secrets.choice(CHOICE)))
            except OSError:
                probe.close()  # taken: another one is chosen
            else:
                probes.append(probe)
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
