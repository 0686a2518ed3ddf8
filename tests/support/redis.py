"""A real Redis for tests, without persistence, on a port of its own (Debian's package redis-server)."""

import shutil
from contextlib import AbstractContextManager

from tests.support.authority import Authority
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


class TlsRedis(RedisServer):
    """Takes TLS only, from clients with a certificate, who sign in by name."""

    def __init__(self, authority: Authority) -> None:
        super().__init__()
        self._authority = authority

    @property
    def url(self) -> str:
        return f"rediss://ringi:s3cret@localhost:{self.port}/0"  # pragma: allowlist secret

    def command(self) -> list[str]:
        server = self._authority.issue("redis", "localhost")
        command = super().command()
        command[command.index("--port") + 1] = "0"
        tls = {
            "--tls-port": str(self.port),
            "--tls-cert-file": str(server.certificate),
            "--tls-key-file": str(server.key),
            "--tls-ca-cert-file": str(self._authority.file),
            "--tls-auth-clients": "yes",
        }
        users = self.folder / "users.conf"
        users.write_text("user default off\nuser ringi on >s3cret allkeys allcommands\n")
        return [command[0], str(users), *command[1:], *(part for pair in tls.items() for part in pair)]


def running_redis() -> AbstractContextManager[RedisServer]:
    return running(RedisServer())
