"""A real S3-compatible server for tests: versitygw over a folder. `make test-s3` builds it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually_sync, port_answers

BINARY: Final = Path(os.environ.get("RINGI_TEST_S3_SERVER", ".cache/bin/versitygw")).absolute()
ACCESS_KEY: Final = "test-access"
SECRET_KEY: Final = "test-only-secret"  # pragma: allowlist secret
BUCKET: Final = "files"


class S3Server:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ringi-s3-"))
        self.port = free_port()
        (self.folder / "data" / BUCKET).mkdir(parents=True)
        self._process: ServerProcess | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> ServerProcess:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Raises RuntimeError where the server was not built."""
        if not BINARY.exists():
            raise RuntimeError(f"{BINARY} does not exist: make test-s3 builds it")
        # Without extended attributes, which not every temporary folder has.
        metadata = self.folder / "metadata"
        metadata.mkdir(exist_ok=True)
        command = [str(BINARY), "--port", f"127.0.0.1:{self.port}", "--access", ACCESS_KEY, "--secret", SECRET_KEY]
        command += ["posix", "--sidecar", str(metadata), str(self.folder / "data")]
        self._process = ServerProcess(command, log=self.folder / "s3.log")
        eventually_sync(lambda: port_answers(self.port, self.process), what="the S3 server")

    def kill(self) -> None:
        self.process.kill()

    def remove(self) -> None:
        if self._process is not None:
            self._process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running_s3() -> Iterator[S3Server]:
    server = S3Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()
