"""Free ports for servers that tests start."""

import random
import socket
from typing import Final

CHOICE: Final = range(12_000, 32_000)
"""Below those that systems give to outgoing connections: one of these could take a port before its server does."""
_untried = iter(random.sample(CHOICE, len(CHOICE)))  # none twice: servers that start later would get the same one


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
                probe.bind(("127.0.0.1", next(_untried)))
            except OSError:
                probe.close()  # taken: another one is chosen
            else:
                probes.append(probe)
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
