"""`ringi reset`: delete the state folder."""

import shutil
from typing import Annotated

import typer

from deploy.cli.down import stop
from deploy.cli.terminal import console, fail
from deploy.embedded.state.home import Home, lock_holder

# Files that only a state folder has; a mistyped RINGI_HOME must not cost somebody another folder.
MARKS = ("lock", "secrets.json", "state.json")


def command(
    force: Annotated[bool, typer.Option("--force", envvar="FORCE", help="Do not ask.")] = False,
) -> None:
    """Delete the state folder: databases, processes, logs, secrets."""
    home = Home.from_environment()
    if not home.path.exists():
        console().print(f"There is no state folder {home.path}.")
        return
    if not any((home.path / mark).exists() for mark in MARKS):
        fail(f"{home.path} is not a state folder of Ringi.", "Check RINGI_HOME; nothing was deleted.")
    if not force and not typer.confirm(f"Delete {home.path} with all data in it?"):
        raise typer.Exit(1)
    if lock_holder(home) is not None or home.children_file.exists():
        stop(home)
    shutil.rmtree(home.path)
    console().print(f"Deleted {home.path}.")
