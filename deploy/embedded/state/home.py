"""The state folder (RINGI_HOME): what lies where in it, who holds it, and how its small files are written."""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.embedded.errors import AlreadyRunningError, StartError

DEFAULT_HOME = ".ringi"
FIRST_DATA_DONE = {"state": "done"}


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below the state folder. Everything that the embedded run keeps is in here and nowhere else."""

    path: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        return cls(Path(environ.get("RINGI_HOME") or DEFAULT_HOME).expanduser().absolute())

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def postgres_data(self) -> Path:
        return self.path / "postgres"

    @property
    def temporal_database(self) -> Path:
        return self.path / "temporal" / "temporal.db"

    @property
    def secrets_file(self) -> Path:
        return self.path / "secrets.json"

    @property
    def state_file(self) -> Path:
        """What must outlive a stop: ports, and what was migrated."""
        return self.path / "state.json"

    @property
    def first_data_file(self) -> Path:
        """Whether the demo users and data were begun, or are there whole."""
        return self.path / "first-data.json"

    @property
    def has_first_data(self) -> bool:
        return read_json(self.first_data_file) == FIRST_DATA_DONE

    @property
    def children_file(self) -> Path:
        """Identities of the running children, so that the next start can clean up after a killed supervisor."""
        return self.path / "children.json"

    @property
    def status_file(self) -> Path:
        """What the running supervisor tells `ringi status`."""
        return self.path / "status.json"

    @property
    def lock_file(self) -> Path:
        return self.path / "lock"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def create(self) -> None:
        """Make the folder, or say plainly why that cannot be.

        Others may pass through (0711) only when root runs it: PostgreSQL then runs as another account. Each file in it
        that holds a secret is private by its own mode.
        """
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            for folder in (self.path, self.logs, self.temporal_database.parent):
                folder.mkdir(parents=True, exist_ok=True)
            self.path.chmod(mode)
            probe = self.path / ".writable"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise StartError(
                f"The state folder {self.path} cannot be written: {error.strerror or error}.",
                "Give yourself the rights to it, or choose another folder with RINGI_HOME.",
            ) from error


def read_json(path: Path) -> dict[str, Any]:
    """The file's object, or an empty one when there is no file yet or a crash left it unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: Mapping[str, Any], *, mode: int = 0o644) -> None:
    """Replace the file at once and durably: a reader, or a crash, never meets a half-written one."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class HomeLock:
    """Held by the one supervisor of a state folder; the kernel lets go of it however that process ends."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._descriptor: int | None = None

    def acquire(self, address: str) -> None:
        """Take the lock or raise AlreadyRunningError with the holder's pid and address."""
        descriptor = os.open(self._home.lock_file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            holder = lock_holder(self._home) or {}
            raise AlreadyRunningError(self._home.path, holder.get("pid"), holder.get("address")) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "address": address}).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lock_holder(home: Home) -> dict[str, Any] | None:
    """Pid and address of the supervisor that runs in this folder, None when none does."""
    try:
        descriptor = os.open(home.lock_file, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return read_json(home.lock_file)
        return None
    finally:
        os.close(descriptor)
