"""The account under which PostgreSQL runs: it refuses to be root, so root gives it another."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.errors import StartError


@dataclass(frozen=True, slots=True)
class Account:
    """Who a child becomes. `search`: it keeps the right to reach files below folders that are closed to it."""

    uid: int
    gid: int
    search: bool

    @property
    def launch_options(self) -> list[str]:
        options = ["--uid", str(self.uid), "--gid", str(self.gid)]
        return [*options, "--search"] if self.search else options


def unprivileged_account(data: Path, programs: Path) -> Account | None:
    """None for an ordinary user: the server runs as that user. For root: the owner of the data if there are data, else
    the owner of the folder around the state folder (root working in somebody's checkout), else `nobody`."""
    if os.geteuid() != 0:
        _require_own(data)
        return None
    owner = next((uid for path in (data, data.parent.parent) if path.exists() and (uid := path.stat().st_uid)), None)
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    closed = not _may_pass(
        [*data.absolute().parents, *programs.absolute().parents, programs], entry.pw_uid, entry.pw_gid
    )
    return Account(entry.pw_uid, entry.pw_gid, search=closed)


def _require_own(data: Path) -> None:
    if data.exists() and data.stat().st_uid != os.geteuid():
        raise StartError(
            f"The data in {data} belong to another account.",
            "Start as the user who made this state folder, or choose another one with RINGI_HOME.",
        )


def _may_pass(folders: Iterable[Path], uid: int, gid: int) -> bool:
    return all(_may_enter(folder.stat(), uid, gid) for folder in folders if folder.exists())


def _may_enter(folder: os.stat_result, uid: int, gid: int) -> bool:
    if folder.st_uid == uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
