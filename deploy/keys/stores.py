"""Where an operator keeps keys and passwords: a file of variables (compose, systemd), or a folder of one file each, as
secrets are mounted. Written at once and for the owner only."""

import os
import tempfile
from pathlib import Path
from typing import Protocol

PRIVATE = 0o600


class Store(Protocol):
    """Values by the name of their variable."""

    def get(self, variable: str) -> str: ...

    def put(self, variable: str, value: str) -> None: ...


class EnvFile:
    """Lines of NAME=value; all that is not asked for stays as it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, variable: str) -> str:
        """Empty where there is none."""
        found = [line.partition("=")[2].strip() for line in self._lines() if line.startswith(f"{variable}=")]
        return found[-1].strip("\"'") if found else ""

    def put(self, variable: str, value: str) -> None:
        lines, line = self._lines(), f"{variable}={value}"
        places = [number for number, old in enumerate(lines) if old.startswith(f"{variable}=")]
        if places:
            lines[places[-1]] = line
        else:
            lines.append(line)
        _write(self._path, "\n".join(lines) + "\n")

    def _lines(self) -> list[str]:
        return self._path.read_text().splitlines() if self._path.exists() else []


class Folder:
    """A file for each variable, by its name in small letters without the prefix: ``internal_keys``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, variable: str) -> str:
        """Empty where there is none."""
        file = self._file(variable)
        return file.read_text().strip() if file.exists() else ""

    def put(self, variable: str, value: str) -> None:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self._file(variable), f"{value}\n")

    def _file(self, variable: str) -> Path:
        return self._path / variable.removeprefix("RINGI_").lower()


def _write(path: Path, text: str) -> None:
    """The whole new content or the whole old one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(name).chmod(PRIVATE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
