"""A real Redis for tests, without persistence, on a port of its own (Debian's package redis-server)."""

import shutil
from contextlib import AbstractContextManager

from tests.support.own_server import OwnServer, running


class RedisServer(OwnServer):
    name = "redis"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        binary = shutil.which("redis-server")
        if binary is None:
            raise RuntimeError("redis-server is not installed (Debian: apt-get install redis-server)")
        return [binary, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]


def running_redis() -> AbstractContextManager[RedisServer]:
    return running(RedisServer())
