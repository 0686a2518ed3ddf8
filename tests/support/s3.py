"""A real S3-compatible server for tests: versitygw over a folder. `make test-s3` builds it."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from tests.support.own_server import OwnServer, running

BINARY: Final = Path(os.environ.get("RINGI_TEST_S3_SERVER", ".cache/bin/versitygw")).absolute()
ACCESS_KEY: Final = "test-access"
SECRET_KEY: Final = "test-only-secret"  # pragma: allowlist secret
BUCKET: Final = "files"


class S3Server(OwnServer):
    name = "s3"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        if not BINARY.exists():
            raise RuntimeError(f"{BINARY} does not exist: make test-s3 builds it")
        (self.folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)
        # Without extended attributes, which not every temporary folder has.
        metadata = self.folder / "metadata"
        metadata.mkdir(exist_ok=True)
        command = [str(BINARY), "--port", f"127.0.0.1:{self.port}", "--access", ACCESS_KEY, "--secret", SECRET_KEY]
        return [*command, "posix", "--sidecar", str(metadata), str(self.folder / "data")]


def running_s3() -> AbstractContextManager[S3Server]:
    return running(S3Server())
