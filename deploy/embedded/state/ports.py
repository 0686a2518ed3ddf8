"""Ports on loopback: the one that users know is strict, the others are remembered, or found free."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

import psutil

from deploy.embedded.errors import StartError

LOOPBACK = "127.0.0.1"
DEFAULT_WEB_PORT = 8000
# First choice of the inner ports: far from the public one, so that two runs on 8000 and 8001 do not meet, and below the
# range from which the kernel hands out ports to clients (32768 on Linux).
INNER_OFFSET = 20_000
EPHEMERAL_START = 32_768


@dataclass(frozen=True, slots=True)
class Ports:
    web: int
    postgres: int
    temporal: int
    temporal_ui: int
    temporal_http: int
    temporal_metrics: int
    kafka: int
    worker_metrics: int

    def to_json(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def plan(cls, web: int, remembered: Mapping[str, int]) -> Self:
        """Choose a free port for every part; a part keeps the one it had last time whenever that is still free."""
        chosen = {"web": web}
        for index, field in enumerate((field for field in fields(cls) if field.name != "web"), start=1):
            candidates = [remembered.get(field.name, 0), web + INNER_OFFSET + index]
            usable = (
                port for port in candidates if 1024 <= port < EPHEMERAL_START or port == remembered.get(field.name)
            )
            port = next((port for port in usable if port and port not in chosen.values() and is_free(port)), None)
            while port is None or port in chosen.values():
                port = _any_free()
            chosen[field.name] = port
        return cls(**chosen)


def web_port(environ: Mapping[str, str]) -> int:
    """RINGI_PORT, checked."""
    text = environ.get("RINGI_PORT") or str(DEFAULT_WEB_PORT)
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise StartError(f"RINGI_PORT is {text!r}, which is not a port.", "Set it to a number from 1 to 65535.")
    return int(text)


def require_free(port: int) -> None:
    """Raise with the holder's name when the port that users know is taken."""
    try:
        _bind(port)
    except PermissionError as error:
        raise StartError(
            f"Port {port} may only be opened by root.", "Choose a port above 1023 with RINGI_PORT."
        ) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise StartError(
            f"Port {port} is taken by {describe_holder(port)}.",
            f"Stop that process, or choose another port: RINGI_PORT={port + 100} make up",
        ) from error


def is_free(port: int) -> bool:
    try:
        _bind(port)
    except OSError:
        return False
    return True


def describe_holder(port: int) -> str:
    """Who listens on the port, as far as the operating system tells this user."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        connections = []
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                break
            try:
                command = " ".join(psutil.Process(connection.pid).cmdline())[:100]
            except psutil.Error:
                command = "unknown program"
            return f"pid {connection.pid} ({command})"
    return "another user's process"


def _bind(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections only linger counts as free, one with a listener does not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))


def _any_free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
